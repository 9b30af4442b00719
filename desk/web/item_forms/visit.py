"""Forms of the visit: placed, offered to a nurse, and reported."""

from typing import Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField, YesNoList, in_words, option
from desk.web.item_forms.fields import FormField, MomentField, ValueField
from desk.web.item_forms.item_form import facts, only, outcome
from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.referral.order import Site

_OF_CONTACT: Final = ("patient.phones", "patient.caregiver.name", "patient.caregiver.phone")


def place_visit(asked: AskedItem) -> OutcomeField:
    at_home = asked.asks.get("site") != Site.SUITE
    nurse = ValueField(
        key="nurse",
        label="Nurse",
        hint="The nurse’s id on the roster" if at_home else "The nurse’s id on the roster; in the suite none is needed",
        optional=True,
        longest=64,
    )
    made = outcome(
        "Who makes the visit, and when?",
        option("placed", "It is placed", nurse, _visit_at(asked)),
        option("suite", "In the infusion suite instead"),
        option("not_possible", "No nurse can be found"),
    )
    return made if at_home else only(made, ("placed", "not_possible"))


def confirm_visit(asked: AskedItem) -> OutcomeField:
    return outcome("Do you take it?", option("accepted", "Yes, I take it", _visit_at(asked)), option("declined", "No"))


def report_visit(asked: AskedItem) -> OutcomeField:
    word = _on_word_of(asked)
    told = facts(asked, "What has changed about the patient", _OF_CONTACT)
    given = (
        YesNoList(key="items", label="What was done?", members=in_words(ReportItem)),
        YesNoList(
            key="shown_back",
            label="What could the patient show back?",
            members=in_words(each for each in ReportItem if each in TAUGHT),
        ),
        MomentField(
            key="ended_at",
            label="When the visit ended",
            zone=asked.patient_zone,
            ask="Enter the day and the time at which it ended.",
        ),
    )
    return outcome(
        "What happened?",
        option("completed", "The first infusion was given", *given, *told, *word),
        option("reaction", "There was a reaction: the infusion was stopped", *given, *told, *word),
        option("missed", "Nobody was there, or the visit did not take place", *told, *word),
        option("kit_missing", "The anaphylaxis kit was missing: no infusion", *word),
    )


def _visit_at(asked: AskedItem) -> MomentField:
    return MomentField(
        key="visit_at",
        label="When the visit begins",
        zone=asked.patient_zone,
        ask="Enter the day and the time of the visit.",
    )


def _on_word_of(asked: AskedItem) -> tuple[FormField, ...]:
    """Only for whoever reports the visit of another."""
    if not asked.is_by_word:
        return ()
    return (
        ValueField(
            key="on_word_of",
            label="On the word of",
            hint="The nurse who holds the visit, by the roster’s id",
            known=asked.item.offered_to or "",
            longest=64,
            ask="Enter the nurse on whose word you report.",
        ),
    )
