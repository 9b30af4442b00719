"""Who may do what (docs/security.md, "Who may do what"): one table, by which the process and every door judge.

`may…` answers, `permit…` refuses with what would be possible. What a referral's state decides comes as an argument.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

from firstdose.domain.referral.fact_groups import FactGroup, groups_of
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor, ActorKind, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind


class Act(StrEnum):
    READ_FACTS = "read_facts"
    """Of every referral; the others read those that they have a part in (`PostgresAccess`)."""
    BREAK_GLASS = "break_glass"
    CHANGE_CLINICAL = "change_clinical"
    CHANGE_COVERAGE = "change_coverage"
    CHANGE_CONTACT = "change_contact"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    ASSESS = "assess"
    """Assess, settle, prepare, clear a clinical reaction."""
    REPORT_VISIT = "report_visit"
    OVERRIDE = "override"
    """To ask for it, and to approve what another supervisor asked for."""
    AUDIT = "audit"
    SEE_PATIENTS = "see_patients"
    """To see in lists of work whom it is about, and to find a caller. A nurse learns it of accepted visits alone."""


WORKING: Final = frozenset(Role) - {Role.AUDITOR}
"""An auditor changes nothing and sees no facts."""

ROLES_FOR: Final[Mapping[Act, frozenset[Role]]] = {
    Act.READ_FACTS: frozenset({Role.SUPERVISOR}),
    Act.BREAK_GLASS: WORKING,
    Act.CHANGE_CLINICAL: frozenset({Role.PHARMACIST, Role.INTAKE_COORDINATOR}),
    Act.CHANGE_COVERAGE: frozenset({Role.REIMBURSEMENT_SPECIALIST, Role.CUSTOMER_SERVICE, Role.INTAKE_COORDINATOR}),
    Act.CHANGE_CONTACT: frozenset({Role.CUSTOMER_SERVICE, Role.INTAKE_COORDINATOR, Role.NURSE_COORDINATOR}),
    Act.HOLD: WORKING,
    Act.RESUME: WORKING,
    Act.CANCEL: frozenset({Role.SUPERVISOR, Role.INTAKE_COORDINATOR, Role.CUSTOMER_SERVICE}),
    Act.ASSESS: frozenset({Role.PHARMACIST}),
    Act.REPORT_VISIT: frozenset({Role.NURSE, Role.NURSE_COORDINATOR}),
    Act.OVERRIDE: frozenset({Role.SUPERVISOR}),
    Act.AUDIT: frozenset({Role.AUDITOR}),
    Act.SEE_PATIENTS: WORKING - {Role.NURSE},
}

_EARLY: Final = frozenset(Closing) - {Closing.COMPLETED}
"""A therapy that has ended as ordered was not cancelled."""
CANCEL_REASONS: Final[Mapping[Role, frozenset[Closing]]] = {
    Role.SUPERVISOR: _EARLY,
    Role.INTAKE_COORDINATOR: _EARLY,
    Role.CUSTOMER_SERVICE: frozenset({Closing.PATIENT_DECLINED, Closing.DECEASED}),
}

_CHANGE: Final = {
    FactGroup.CLINICAL: Act.CHANGE_CLINICAL,
    FactGroup.COVERAGE: Act.CHANGE_COVERAGE,
    FactGroup.CONTACT: Act.CHANGE_CONTACT,
}
_OF_THE_SOURCE: Final = frozenset({Act.CANCEL, *_CHANGE.values()})
"""A source cancels and amends its own referral; intake sees to it that it is its own."""
_NURSES_WORK: Final = frozenset({WorkItemKind.CONFIRM_VISIT, WorkItemKind.REPORT_VISIT})


class Asked(Protocol):
    """A work item. `offered_to` is the roster's id of the nurse to whom the visit is offered, or who holds it."""

    @property
    def kind(self) -> WorkItemKind: ...
    @property
    def role(self) -> Role: ...
    @property
    def offered_to(self) -> str | None: ...


def may(actor: Actor, act: Act) -> bool:
    if actor.kind is ActorKind.SOURCE:
        return act in _OF_THE_SOURCE
    return not ROLES_FOR[act].isdisjoint(actor.roles)


def may_cancel(actor: Actor, reason: Closing) -> bool:
    if actor.kind is ActorKind.SOURCE:
        return True
    return any(reason in CANCEL_REASONS.get(role, ()) for role in actor.roles)


def may_change(actor: Actor, group: FactGroup, *, completing: bool = True, standing_in: Role | None = None) -> bool:
    """`completing`: the referral is still being completed; after that clinical facts are the pharmacist's.

    `standing_in` is the role in which a supervisor answers a work item, with that role's rights.
    """
    if actor.kind is ActorKind.SOURCE:
        return True
    allowed = ROLES_FOR[_CHANGE[group]]
    if group is FactGroup.CLINICAL and not completing:
        allowed -= {Role.INTAKE_COORDINATOR}
    return not allowed.isdisjoint({*actor.roles, *([standing_in] if standing_in else ())})


def may_amend(actor: Actor, groups: Iterable[FactGroup]) -> bool:
    """As far as the state of the referral does not forbid it."""
    return all(may_change(actor, group) for group in groups)


def may_do(actor: Actor, item: Asked) -> bool:
    """Whether the work item is theirs to do.

    A nurse does what is offered to, held by or told to that nurse; the nurse coordinator may answer for the nurse.
    A supervisor may do anybody's work but a pharmacist's and the report of a visit.
    """
    if item.kind not in _NURSES_WORK and (item.role is not Role.NURSE or item.offered_to is None):
        return item.role in actor.roles or stands_in(actor, item) is not None
    by_word = {Role.NURSE_COORDINATOR}
    if item.kind is WorkItemKind.CONFIRM_VISIT:
        by_word.add(Role.SUPERVISOR)
    return _is_the_nurse(actor, item) or not by_word.isdisjoint(actor.roles)


def stands_in(actor: Actor, item: Asked) -> Role | None:
    """The role of another in which a supervisor does the item, with that role's rights; None if it is not so."""
    if Role.SUPERVISOR not in actor.roles or item.role in {*actor.roles, Role.PHARMACIST, Role.NURSE}:
        return None
    return item.role


def permit(actor: Actor, act: Act) -> None:
    """Raises Refused."""
    if not may(actor, act):
        raise Refused(f"actor: this is for {_named(ROLES_FOR[act])}")


def permit_cancel(actor: Actor, reason: Closing) -> None:
    """Raises Refused."""
    permit(actor, Act.CANCEL)
    if not may_cancel(actor, reason):
        allowed = sorted({each for role in actor.roles for each in CANCEL_REASONS.get(role, ())})
        raise Refused(f"reason: your roles may cancel as {', '.join(allowed)}")


def permit_changes(
    actor: Actor, groups: Iterable[FactGroup], *, completing: bool = True, standing_in: Role | None = None
) -> None:
    """Raises Refused for facts that are not theirs to change."""
    for group in sorted(groups):
        if may_change(actor, group, completing=completing, standing_in=standing_in):
            continue
        if may_change(actor, group, standing_in=standing_in):
            raise Refused("facts: the patient is assessed, so clinical facts are changed by the pharmacist")
        raise Refused(f"facts: {group} facts are changed by {_named(ROLES_FOR[_CHANGE[group]])}")


def permit_amendment(actor: Actor, groups: Iterable[FactGroup], *, completing: bool = True) -> None:
    """Raises Refused, also for an amendment that changes nothing by who may change nothing."""
    acts = [*_CHANGE.values()]
    if not any(may(actor, act) for act in acts):
        raise Refused(f"actor: this is for {_named(frozenset().union(*(ROLES_FOR[act] for act in acts)))}")
    permit_changes(actor, groups, completing=completing)


def permit_item(actor: Actor, item: Asked, *, to_do: bool = True) -> None:
    """Raises Refused. Not `to_do` is to give back or put off, which a supervisor may for everybody."""
    if may_do(actor, item) or (not to_do and Role.SUPERVISOR in actor.roles):
        return
    if item.kind in _NURSES_WORK and Role.NURSE in actor.roles:
        raise Refused("the visit is another nurse's, or the roster does not know your login")
    raise Refused(f"the work item is for the role {_named((item.role,))}")


def permit_answer(actor: Actor, item: Asked, answer: Mapping[str, Any]) -> None:
    """Raises Refused for another's item, and for a report of a visit that does not say whose word it is."""
    permit_item(actor, item)
    if item.kind is not WorkItemKind.REPORT_VISIT or item.offered_to is None:
        return
    word, own = answer.get("on_word_of"), _is_the_nurse(actor, item)
    if not own and word != item.offered_to:
        raise Refused("on_word_of: name the nurse who holds the visit, on whose word you report it")
    if own and word not in (None, item.offered_to):
        raise Refused("on_word_of: the visit is your own; leave the field out")


def groups_told(answer: Mapping[str, Any]) -> frozenset[FactGroup]:
    """Of the facts in an answer, as far as they came with it; what is no fact is judged where facts are read."""
    facts = answer.get("facts")
    told = facts if isinstance(facts, Mapping) else {}
    try:
        return groups_of(map(str, told))
    except LookupError:
        return frozenset(FactGroup)


def _is_the_nurse(actor: Actor, item: Asked) -> bool:
    """A visit in the suite has no nurse of the roster: any nurse reports it."""
    suite = item.offered_to is None and item.kind is WorkItemKind.REPORT_VISIT
    return Role.NURSE in actor.roles and (suite or item.offered_to in actor.nurses)


def _named(roles: Iterable[Role]) -> str:
    return ", ".join(role.replace("_", " ") for role in Role if role in roles)
