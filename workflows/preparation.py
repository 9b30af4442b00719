"""Two of the preparations after approval: the patient's agreement, and drug and supplies."""

from activities.pharmacy import PharmacyActivities
from firstdose.domain.coverage import Paying, site_problem
from firstdose.domain.facts import Blocks
from firstdose.domain.referral import Site
from firstdose.domain.resolutions import FindAssistance, PrepareTherapy, ReviewBenefits, SettleOrder
from firstdose.domain.stage import Closing
from firstdose.domain.therapy import Therapy as Prepared
from workflows import options
from workflows.track import Track

RETURN_STOCK = "return the stock"


class Agreement(Track):
    async def review(self) -> None:
        """Until the patient has accepted what they pay and signed; somebody else may pay instead."""
        while not self.case.agreement_signed:
            if self.worklist.asked(FindAssistance):
                await self._find_assistance()
            benefits = self.case.benefits
            amounts = benefits.model_dump(mode="json", include={"copay", "coinsurance_percent"}) if benefits else {}
            problem = site_problem(self.case.plan, self.case.site, self.case.paying)
            answer = await self.worklist.ask(ReviewBenefits, paying=self.case.paying, site_problem=problem, **amounts)
            match answer.outcome:
                case "accepted":
                    self.case.agreement_signed = True
                case "declined":
                    self.control.close(Closing.PATIENT_DECLINED)
                case "wants_assistance":
                    await self._find_assistance()

    async def _find_assistance(self) -> None:
        if (await self.worklist.ask(FindAssistance, reason="responsibility")).outcome == "found":
            self.case.paying = Paying.ASSISTANCE


class Therapy(Track):
    async def prepare(self) -> None:
        """Until the order is settled with the prescriber, and drug, supplies and kit are dispensed and on their way."""
        while self.case.therapy is None:
            await self.need(Blocks.DISPATCH)
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
            PrepareTherapy, lot=reservation.lot if reservation else None, site=self.case.site
        )
        if answer.outcome == "ready" and answer.beyond_use and reservation and reservation.lot:
            self.case.therapy = Prepared(
                lot=reservation.lot,
                beyond_use=answer.beyond_use,
                kit_present=answer.kit_present,
                delivery=answer.delivery,
            )
        else:
            await self.give_back()
            self.case.order_settled = False

    async def give_back(self) -> None:
        """The therapy is no longer what is needed: stock goes back, and it is prepared anew."""
        self.case.therapy, self.case.reservation, self.case.returning_stock = None, None, True
        await self.effects.undo(RETURN_STOCK)
        self.case.reservation_key, self.case.returning_stock = "", False

    async def return_stock(self) -> None:
        """The compensation of a reservation."""
        request = self.request(self.case.reservation_key)
        await self.effects.tell(PharmacyActivities.return_stock, request, options.STORE, RETURN_STOCK, on_hold=True)
