"""Drug and supplies: settled with the prescriber, reserved, dispensed, and given back when no longer needed."""

from activities.pharmacy import PharmacyActivities
from firstdose.domain.care.therapy import PreparedTherapy as Prepared
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.resolutions import PrepareTherapy, SettleOrder
from firstdose.domain.work.stage import Closing
from workflows import options
from workflows.change_review import ChangeReview
from workflows.mechanism.track import Track

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
        answer = await self.worklist.ask(SettleOrder, about=problem or "", problem=problem)
        await self.journal.flushed()
        match answer.outcome:
            case "settled" | "alternative":
                self.case.order_settled = True
            case "kit_refused":
                self._no_first_dose_at_home()
            case "unavailable":
                self.control.close(Closing.CLINICALLY_INAPPROPRIATE)

    def _no_first_dose_at_home(self) -> None:
        """Without the anaphylaxis protocol there is no first dose at home."""
        if self.case.site is Site.SUITE:
            self.case.order_settled = True
        else:
            self.control.close(Closing.CLINICALLY_INAPPROPRIATE)

    async def _reserve(self) -> bool:
        if self.case.reservation is None:
            if self.case.returning_stock:
                await self.give_back()
            self.case.reservation_key = self.case.reservation_key or self.case.new_key("reservation")
            self.effects.undo_with(RETURN_STOCK)
            request = self.request(self.case.reservation_key)
            reserved = await self.effects.do(PharmacyActivities.reserve_stock, request, options.STORE, "reserve stock")
            if not reserved.available:
                self.effects.settled(RETURN_STOCK)
                self.case.order_settled = False
                await self._settle("drug_unavailable")
                return False
            self.case.reservation = reserved
        return True

    async def _dispense(self) -> None:
        reservation = self.case.reservation
        answer = await self.worklist.ask(
            PrepareTherapy, lot=", ".join(reservation.lots) or None if reservation else None, site=self.case.site
        )
        if answer.outcome == "ready" and answer.beyond_use and reservation and reservation.lot:
            self.case.therapy = Prepared(
                lot=reservation.lot,
                further_lots=reservation.further_lots,
                beyond_use=answer.beyond_use,
                kit_present=answer.kit_present,
                delivery=answer.delivery,
            )
        else:
            await self.give_back()
            self.case.order_settled = False

    async def give_back(self) -> None:
        """The therapy no longer fits: stock is returned, and it is prepared again."""
        self.case.therapy, self.case.reservation, self.case.returning_stock = None, None, True
        await self.effects.undo(RETURN_STOCK)
        self.case.reservation_key, self.case.returning_stock = "", False

    async def return_stock(self) -> None:
        """The compensation of a reservation."""
        request = self.request(self.case.reservation_key)
        await self.effects.tell(PharmacyActivities.return_stock, request, options.STORE, RETURN_STOCK, on_hold=True)
