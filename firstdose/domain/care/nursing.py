"""Whether the patient needs a nurse: the pharmacist's decision counts over the order's."""

from firstdose.domain.care.assessment import Assessment
from firstdose.domain.referral.facts import DeidentifiedFacts


def as_assessed(order: DeidentifiedFacts, assessment: Assessment | None) -> DeidentifiedFacts:
    """The order, with the need of a nurse as the pharmacist has decided it, where they have."""
    if assessment is None or assessment.needs_nursing is None:
        return order
    return order.model_copy(update={"needs_nursing": assessment.needs_nursing})
