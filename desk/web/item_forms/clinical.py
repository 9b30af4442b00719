"""Forms of the pharmacist's judgments: the assessment, a reaction, the start without a nurse."""

from typing import Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField, YesNoList, in_words, one_of, option, yes_no
from desk.web.item_forms.fields import FormField, LongText, MomentField
from desk.web.item_forms.item_form import facts, outcome
from firstdose.domain.care.assessment import Condition, Suitability
from firstdose.domain.referral.facts import ALLERGIES
from firstdose.domain.work.confirm_start import StartProblem

_CLINICAL: Final = (
    "patient.weight_kg",
    "patient.weighed_on",
    ALLERGIES,
    "patient.history",
    "order.access_device",
)


def assess_patient(asked: AskedItem) -> OutcomeField:
    conditions = YesNoList(key="conditions", label="What must be so at home?", members=in_words(Condition), least=1)
    found = _found(asked)
    return outcome(
        "Is the patient suitable?",
        option(Suitability.HOME, "Yes, at home", *found),
        option(Suitability.CONDITIONS, "Yes, at home, on conditions", conditions, *found),
        option(Suitability.SUITE, "Only in the infusion suite", *found),
        option(Suitability.NOT_SUITABLE, "No: neither at home nor in the suite", *found),
    )


def review_reaction(_asked: AskedItem) -> OutcomeField:
    return outcome(
        "How does the therapy go on after the reaction?",
        option("continue", "It goes on: another visit is arranged"),
        option("stop", "It stops: the referral is closed"),
    )


def confirm_start(asked: AskedItem) -> OutcomeField:
    started = MomentField(
        key="started_at",
        label="When the first infusion began",
        zone=asked.patient_zone,
        ask="Enter the day and the time at which it began.",
    )
    return outcome(
        "Has the patient started?",
        option("started", "Yes", started),
        option("not_reached", "The patient was not reached"),
        option("problem", "No: there is a problem", one_of("problem", "What keeps the patient from it?", StartProblem)),
    )


def _found(asked: AskedItem) -> tuple[FormField, ...]:
    return (
        yes_no("needs_nursing", "Does the patient need a nurse?", may_be_unknown=True),
        yes_no("other_services_needed", "Are other services needed?"),
        LongText(key="findings", label="Findings", optional=True),
        *facts(asked, "What you found out about the patient", _CLINICAL),
    )
