"""A state without our license is shown to a supervisor on day one: the referral is transferred, or closed."""

from typing import Final

from temporalio import workflow

from firstdose.domain.work.resolutions import Reconcile
from workflows.mechanism.track import Track

NO_LICENSE: Final = "no_license"


class LicenseCheck(Track):
    async def watch(self) -> None:
        """Run as long as the workflow: the state may become known, or become another, at any time."""
        while True:
            await workflow.wait_condition(lambda: self._unlicensed() and self.control.hold is None)
            options = ("retry", "close")
            self.worklist.open(
                Reconcile, about=NO_LICENSE, step="license", reason=NO_LICENSE, options=options, state=self._state()
            )
            asked = self._state()
            await workflow.wait_condition(lambda asked=asked: self._answered() or self._state() != asked)  # type: ignore[misc]
            if self._answered():
                self._decided()
            elif self.control.closing is None:
                self.worklist.drop(Reconcile, about=NO_LICENSE, why="the patient is in another state")

    def _state(self) -> str | None:
        """Where the patient is, as long as it matters."""
        over = self.control.closing is not None or self.case.visit_done or not self.case.opened
        return None if over or self.case.outline.benefits_check_only else self.case.outline.state

    def _unlicensed(self) -> bool:
        state = self._state()
        return state is not None and state not in self.case.policy.licensed_states

    def _answered(self) -> bool:
        return self.worklist.answered(Reconcile, about=NO_LICENSE)

    def _decided(self) -> None:
        answer = self.worklist.take(Reconcile, about=NO_LICENSE)
        if answer.outcome == "close" and answer.closing:
            self.control.request_closing(answer.closing)
