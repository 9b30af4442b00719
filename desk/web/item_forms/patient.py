"""Forms of what is talked over with the patient or the source, and of facts that are missing."""

from typing import Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField, option, yes_no
from desk.web.item_forms.fields import DayField
from desk.web.item_forms.item_form import facts, missing_facts, outcome

_OF_CONTACT: Final = (
    "patient.phones",
    "patient.language",
    "patient.time_zone",
    "patient.address.line",
    "patient.address.city",
    "patient.address.state",
    "patient.address.postal_code",
    "patient.caregiver.name",
    "patient.caregiver.phone",
    "coverages[0].member_id",
)


def complete_referral(asked: AskedItem) -> OutcomeField:
    missing = [str(path) for path in asked.asks.get("missing") or ()]
    return outcome(
        "Could you find out?",
        option("supplied", "Yes, all or some of it", *missing_facts(asked, missing)),
        option("unobtainable", "No: it cannot be had"),
    )


def contact_patient(asked: AskedItem) -> OutcomeField:
    return outcome(
        "Did you reach the patient?",
        option("reached", "Yes", *facts(asked, "What the patient told you", _OF_CONTACT)),
        option("no_answer", "No: nobody answered"),
        option("declined", "Yes, and the patient does not want the therapy"),
    )


def review_benefits(_asked: AskedItem) -> OutcomeField:
    signed = yes_no("agreement_signed", "Has the patient signed the agreement?")
    account = yes_no("bill_pay_account", "Does the patient pay through a bill-pay account?")
    return outcome(
        "What does the patient say to the cost?",
        option("accepted", "Accepts it", signed, account),
        option("wants_assistance", "Wants financial assistance"),
        option("pays_privately", "Pays without the plan"),
        option("declined", "Does not want the therapy"),
    )


def confirm_time(_asked: AskedItem) -> OutcomeField:
    from_day = DayField(
        key="available_from", label="The first day that suits the patient", ask="Enter the first day that suits."
    )
    return outcome(
        "Does the time suit the patient?",
        option("confirmed", "Yes"),
        option("another_time", "No, another time", from_day),
    )
