"""Drug and supplies: settled with the prescriber, reserved, dispensed, and given back when no longer needed."""

from typing import Any

from temporalio import workflow

from activities.pharmacy import PharmacyActivities
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.therapy import PreparedTherapy as Prepared
from firstdose.domain.care.therapy import Reservation
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.sealed_text import is_sealed_text
from firstdose.domain.work.resolutions import PrepareTherapy
from firstdose.domain.work.settle_order import SettleOrder
from workflows import options
from workflows.change_review import ChangeReview
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track
from workflows.undoing import Undoing

RETURN_STOCK = "return the stock"


class TherapyTrack(Track):
    async def prepare(self) -> None:
        """Until the order is settled with the prescriber, and drug, supplies and kit are dispensed and on their way."""
        await ChangeReview(*self.tools).settle(SettledResult.THERAPY)
        while self.case.therapy is None:
            await self.need(BlockedStep.DISPATCH)
            await self._settle()
            if await self._reserve():
                await self._dispense()

    async def _settle(self, problem: str | None = None) -> None:
        if self.case.order_settled:
            return
        medications = len(self.case.outline.ordered)
        answer = await self.worklist.ask(SettleOrder, about=problem or "", problem=problem, medications=medications)
        await self.journal.flushed()
        match answer.outcome:
            case "settled" | "alternative":
                self.case.order_settled = True
            case "from_elsewhere":
                self._take_from_elsewhere(answer.lots)
            case "later":
                self.case.order_settled, self.case.supply_from = True, answer.available_from
            case "kit_refused":
                self._without_protocol()
            case "unavailable":
                await self.ask_supervisor("drug_unobtainable", problem=problem)

    def _take_from_elsewhere(self, lots: tuple[str, ...]) -> None:
        """Another pharmacy's stock, or a drug that ours does not know by a code: nothing is reserved or returned."""
        self.case.order_settled = True
        self.case.reservation = Reservation(available=True, lot=lots[0], further_lots=lots[1:])

    def _without_protocol(self) -> None:
        """Without the anaphylaxis protocol there is no first dose at home: the suite has staff and equipment for it."""
        self.case.order_settled = self.case.kit_refused = True
        if self.case.site is Site.HOME:
            self.case.site = Site.SUITE
            self.journal.note("site.changed", site=Site.SUITE)
            self.send_back(Part.AUTHORIZATION, Part.VISIT)

    async def _reserve(self) -> bool:
        if self.case.reservation is None:
            if self.case.returning_stock:
                await self.give_back()
            if self.case.supply_from:
                await self.control.until_time(self.case.supply_from, "the drug is in stock again")
            self.case.reservation_key = self.case.reservation_key or self.case.new_key("reservation")
            self.effects.undo_with(RETURN_STOCK)
            request = self.request(self.case.reservation_key)
            reserved = await self.effects.do(PharmacyActivities.reserve_stock, request, options.STORE, "reserve stock")
            self.case.supply_from = None
            if not reserved.available:
                self.effects.settled(RETURN_STOCK)
                self.case.order_settled = False
                await self._settle(self._why_not_in_stock())
                return False
            self.case.reservation = reserved
        return True

    def _why_not_in_stock(self) -> str:
        without_code = any(medication.hcpcs is None for medication in self.case.outline.ordered)
        return "drug_without_code" if without_code else "drug_unavailable"

    async def _dispense(self) -> None:
        reservation = self.case.reservation
        known: dict[str, Any] = {"kit_refused": True} if self.case.kit_refused else {}
        if self.case.without_nurse:
            known["nurse"] = False
        if why := self.case.gates.why(Gate.THERAPY, Gate.KIT):
            known["to_mend"] = why
        answer = await self.worklist.ask(
            PrepareTherapy,
            lot=_shown(reservation.lots) if reservation else None,
            site=self.case.site,
            **known,
        )
        if answer.outcome == "ready" and answer.beyond_use and reservation and reservation.lot:
            self.case.therapy = Prepared(
                lot=reservation.lot,
                further_lots=reservation.further_lots,
                beyond_use=answer.beyond_use,
                kit_present=answer.kit_present,
                kit_exemption=answer.kit_exemption,
                delivery=answer.delivery,
                ready_at=workflow.now(),
                delivered_at=answer.delivered_at,
            )
        else:
            await self.give_back()
            self.case.order_settled = False

    async def give_back(self) -> None:
        """The therapy no longer fits: stock is returned, and it is prepared again."""
        Undoing(*self.tools).therapy_taken_back()
        self.case.therapy, self.case.reservation, self.case.returning_stock = None, None, True
        await self.effects.undo(RETURN_STOCK)
        self.case.reservation_key, self.case.returning_stock = "", False

    async def return_stock(self) -> None:
        """The compensation of a reservation."""
        request = self.request(self.case.reservation_key)
        await self.effects.tell(PharmacyActivities.return_stock, request, options.STORE, RETURN_STOCK, on_hold=True)


def _shown(lots: tuple[str, ...]) -> str | list[str] | None:
    """Lots from elsewhere are texts of strangers: each travels sealed by itself."""
    if any(is_sealed_text(lot) for lot in lots):
        return list(lots)
    return ", ".join(lots) or None
