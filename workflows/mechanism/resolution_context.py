"""The state of a referral as a resolution is judged against it."""

from firstdose.domain.care.nursing import as_assessed
from firstdose.domain.work.judging.context import ResolutionContext
from workflows.authorization.state import AuthorizationState
from workflows.mechanism.case import Case


def resolution_context(case: Case, authorization: AuthorizationState) -> ResolutionContext:
    return ResolutionContext(
        begun_at=case.begun_at,
        site=case.site,
        needs_nurse=as_assessed(case.outline, case.assessment).needs_nursing,
        lines=authorization.lines,
        therapy=case.therapy,
        visit=case.visit,
        policy=case.policy,
    )
