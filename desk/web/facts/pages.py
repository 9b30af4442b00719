"""The facts of a referral as pages: which groups one may change, and the form of each."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from desk.http import referrals as api
from desk.web.acts.steer import ActRefused, done_before, steered
from desk.web.addresses import with_query
from desk.web.facts.changes import Changes, read_changes, typed_in
from desk.web.facts.fact_form import FactForm, FactSection, fact_form
from desk.web.facts.known import (
    KnownFacts,
    changed_meanwhile,
    facts_shown,
    known_facts,
    not_applied_yet,
    permit_group,
)
from desk.web.facts.stale import merge
from desk.web.flash import Flash
from desk.web.forms import FormView
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.fact_names import fact_name
from firstdose.domain.referral.today import latest_today

router = page_router()

REVISION: Final = "revision"
"""The hidden field with the version of the facts that was shown."""
_HOLDS: Final = {
    FactGroup.CLINICAL: "urgency, weight, allergies, history, the order and its medications",
    FactGroup.COVERAGE: "name and birth date, plans, the prescriber’s name and NPI, what the documents are",
    FactGroup.CONTACT: "phones, address, time zone, permission to contact, caregiver, discharge, whom to call",
}
DocumentNumber = Annotated[int | None, Query(ge=1, le=999)]


@router.get("/referrals/{referral_id}/facts")
async def groups(referral_id: UUID, page: WorkerPage, document: DocumentNumber = None) -> Response:
    """The groups that this person may change; with one alone, its form."""
    known = await known_facts(page, referral_id)
    addresses = [(group, _address(referral_id, group, document)) for group in known.groups]
    if len(addresses) == 1:
        return page.to(addresses[0][1])
    missing = [path for paths in known.case.standing.outline.missing.values() for path in paths]
    content: dict[str, Any] = {
        "groups": addresses,
        "holds": _HOLDS,
        "missing": [fact_name(path) for path in dict.fromkeys(missing)],
    }
    return page.render("facts_groups.html", case=known.case, **content)


@router.get("/referrals/{referral_id}/facts/{group}")
async def facts(referral_id: UUID, group: FactGroup, page: WorkerPage, document: DocumentNumber = None) -> Response:
    known = await known_facts(page, referral_id)
    permit_group(page, known, group)
    made = fact_form(group, known.referral, page.zone)
    form = page.form_view(group, {REVISION: known.case.revision, **made.shown})
    return await _shown(page, known, made, form, document=document)


@router.post("/referrals/{referral_id}/facts/{group}")
async def change(referral_id: UUID, group: FactGroup, page: WorkerPage, document: DocumentNumber = None) -> Response:
    """Send what was changed, and nothing else, as an amendment."""
    if (said := await done_before(page, referral_id)) is not None:
        return await page.done(_case(referral_id), said)
    known = await known_facts(page, referral_id)
    permit_group(page, known, group)
    shown = await facts_shown(page, known, page.form.one(REVISION))
    before, typed = fact_form(group, shown, page.zone), typed_in(page.form.values)
    if page.form.one(REVISION) != str(known.case.revision):
        return await _stale(page, known, before, typed, document)
    changes = read_changes(before, shown, typed, today=latest_today(page.now))
    if changes.problems:
        return await _shown(page, known, before, page.refused(changes.problems), 422, document)
    if not changes.facts:
        return await page.done(_case(referral_id), Flash.UNCHANGED)
    return await _amended(page, known, before, changes, document)


async def _amended(
    page: DeskPage, known: KnownFacts, made: FactForm, changes: Changes, document: int | None
) -> Response:
    referral_id = UUID(known.case.standing.id)
    body = {"facts": changes.facts}
    asked = api.amend(referral_id, body, page.desk, page.actor, page.form.key or None)
    try:
        said = await steered(page, referral_id, asked, {name: name for name in made.shown})
    except ActRefused as refused:
        return await _shown(page, known, made, refused.form, refused.status, document)
    return await page.done(_case(referral_id), said)


async def _stale(
    page: DeskPage, known: KnownFacts, before: FactForm, typed: dict[str, str], document: int | None
) -> Response:
    now = fact_form(before.group, known.referral, page.zone)
    merged = merge(before, now, typed)
    said = await changed_meanwhile(page, UUID(known.case.standing.id))
    lost = merged.problems.pop("", "")
    form = FormView(
        name=page.form.name,
        values={name: (text,) for name, text in {**merged.values, REVISION: str(known.case.revision)}.items()},
        problems={"": f"{said} {lost}".strip(), **merged.problems},
        kept=page.form.kept,
    )
    return await _shown(page, known, now, form, 409, document)


async def _shown(
    page: DeskPage,
    known: KnownFacts,
    made: FactForm,
    form: FormView,
    status: int = 200,
    document: int | None = None,
) -> Response:
    referral_id = UUID(known.case.standing.id)
    there = document if document and document <= len(known.referral.documents) else None
    content: dict[str, Any] = {"case": known.case, "made": made, "form": form, "document": there}
    content["pending"] = await not_applied_yet(page, referral_id)
    content["opened"] = [section for section in made.sections if section.new and _is_begun(section, made, form)]
    content["action"] = _address(referral_id, made.group, there)
    response = page.render("facts.html", status=status, **content)
    if there:
        # The document comes from this origin, in a frame of this page alone.
        response.headers["content-security-policy"] = f"{page.desk.web.policy}; frame-src 'self'"
    return response


def _is_begun(section: FactSection, made: FactForm, form: FormView) -> bool:
    """Whether something was typed into a new row."""
    return any(form.value(name) != made.shown[name] or form.problem(name) for name in section.names)


def _case(referral_id: UUID) -> str:
    return f"/referrals/{referral_id}"


def _address(referral_id: UUID, group: FactGroup, document: int | None) -> str:
    query = [("document", str(document))] if document else []
    return with_query(f"{_case(referral_id)}/facts/{group}", query)
