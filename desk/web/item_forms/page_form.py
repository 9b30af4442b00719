"""The form of a work item on a page: its own, or the case's, within what is to be done next."""

from dataclasses import dataclass
from urllib.parse import quote

from desk.web.forms import FormView
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField
from desk.web.item_forms.fields import FormField
from desk.web.item_forms.reading import NOTE, known_values
from desk.web.item_forms.table import form_of
from desk.web.page import DeskPage
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.permissions import may_do


@dataclass(frozen=True, kw_only=True)
class ItemFormView:
    """What `item_form.html` shows. `back` is where one goes after it was taken; None stays at the form's own page."""

    item: WorkItemView
    view: FormView
    outcome: OutcomeField
    back: str | None = None

    @property
    def action(self) -> str:
        return f"/work-items/{quote(self.item.id, safe='')}"

    @property
    def note(self) -> FormField:
        return NOTE


def item_form(
    page: DeskPage,
    item: WorkItemView,
    facts: Referral | None,
    posted: FormView | None = None,
    *,
    back: str | None = None,
) -> ItemFormView | None:
    """None for an item that is not this person's to do. `facts` are None where they may not read them.

    `posted` is the form as it was refused; without it, it is filled with what was kept for this person or is known.
    """
    if not may_do(page.actor, item):
        return None
    asked = AskedItem(item=item, actor=page.actor, zone=page.zone, referral=facts)
    made = form_of(asked)
    view = posted or page.form_view(form_name(item.id), known_values(made))
    return ItemFormView(item=item, view=view, outcome=made, back=back)


def form_name(item_id: str) -> str:
    """Of its own on every page."""
    return f"item-{item_id}"
