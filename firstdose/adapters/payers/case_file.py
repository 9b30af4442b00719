"""What the desk must know of a referral to speak to its payer, and the case that follows from it for one contact."""

from typing import NamedTuple, Protocol

from firstdose.domain.authorization.coding import PLACE_OF_SERVICE, lines_for
from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.channel import Plan
from firstdose.domain.referral.facts import outline
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Referral
from firstdose.domain.sealed_text import PlainTexts, TextSealer, opened_texts
from firstdose.payer_ports import Contact, PayerCase, PayerEndpoint
from firstdose.ports import Impossible


class CaseFile(NamedTuple):
    """One referral with the payer that is asked."""

    referral: Referral
    endpoint: PayerEndpoint
    plan: Plan
    texts: TextSealer = PlainTexts()
    """Opens stored texts of payers, and seals new ones."""


class CaseFiles(Protocol):
    """Where the desk finds it."""

    async def case(self, referral_id: str, *, payer: str | None = None) -> CaseFile:
        """As the facts stand now; with `payer`, as they stood last while it was the payer.

        Raises Impossible("payer_not_electronic") if the payer has no endpoint.
        """

    async def plan(self, referral_id: str) -> tuple[Referral, Plan]:
        """As the facts stand now, electronic or not."""
        ...


def case_of(file: CaseFile, contact: Contact, lines: tuple[Line, ...]) -> PayerCase:
    suite = any(line.place_of_service == PLACE_OF_SERVICE[Site.SUITE] for line in lines)
    return PayerCase(
        endpoint=file.endpoint,
        referral=file.referral,
        site=Site.SUITE if suite else file.referral.order.site,
        trace=contact.trace,
        lines=tuple(opened_texts(line, file.texts) for line in lines),
        created_at=contact.created_at,
    )


def lines_of(referral: Referral) -> tuple[Line, ...]:
    """Those that its order makes; a contact knows better which it asked for, if it is not from before that was kept."""
    return lines_for(outline(referral), referral.order.site)


async def asked_case(files: CaseFiles, contact: Contact) -> PayerCase | None:
    """What the contact asked for; None where nobody can say it any more: the referral was shredded."""
    try:
        file = await files.case(contact.referral_id, payer=contact.payer)
    except Impossible:
        return None
    return case_of(file, contact, contact.asked or lines_of(file.referral))
