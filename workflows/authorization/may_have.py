"""What the payer may have of ours, from before it is sent: whoever takes the referral back voids it."""

from dataclasses import replace
from typing import Any

from firstdose.domain.work.resolutions import SubmitAuthorization
from workflows.authorization.state import AskedPayer, Sending
from workflows.authorization.voiding import VOID
from workflows.mechanism.track import Track


class PayerMayHave(Track):
    def note(self, sending: Sending, **how: Any) -> None:
        """From now on leaving early voids it, at the payer that is asked now."""
        state, contact_id = self.authorization, sending.contact_id
        if contact_id not in state.asked_payers:
            named = self.case.plan.model_dump(include={"payer", "phone", "fax", "portal"})
            state.asked_payers[contact_id] = AskedPayer(**named, electronic=False)
        state.asked_payers[contact_id] = replace(state.asked_payers[contact_id], **how)
        state.payer_may_have[contact_id] = tuple(line.sequence for line in sending.lines)
        self.effects.undo_with(VOID)

    def note_untaken(self) -> None:
        """A person has submitted it in the moment in which the tracks were stopped: their word is not lost."""
        given, sending = self.worklist.peek(SubmitAuthorization), self.authorization.sending
        if given is not None and sending is not None:
            self.note(sending, by_people=True, reference=given.reference)
