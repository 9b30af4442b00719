"""Forms about who pays: benefits, other coverage, assistance."""

from typing import Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceField, OutcomeField, YesNoList, in_words, option, yes_no
from desk.web.item_forms.fields import DollarAmount, FormField, ValueField, WholeNumber
from desk.web.item_forms.item_form import facts, outcome
from desk.web.words import words
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.coverage import CoverageStatus

_OF_A_PLAN: Final = ("payer.name", "payer.id", "line_of_business", "member_id", "group", "relationship")


def verify_benefits(_asked: AskedItem) -> OutcomeField:
    found = tuple(
        option(status, words(status), *(_benefits() if status is CoverageStatus.ACTIVE else (_reference(),)))
        for status in CoverageStatus
    )
    status = ChoiceField(key="benefits.status", label="Is the coverage active?", options=found)
    return outcome("What does the payer say?", option("answered", "The payer told us", status))


def resolve_coverage(asked: AskedItem) -> OutcomeField:
    index = (asked.referral.primary if asked.referral else None) or 0
    plan = [f"coverages[{index}].{name}" for name in _OF_A_PLAN]
    return outcome(
        "How does it go on?",
        option("other_coverage", "There is other coverage", *facts(asked, "The other coverage", plan)),
        option("self_pay", "The patient pays"),
        option("assistance", "Look for financial assistance"),
        option("without_nursing", "Go on without nursing that the plan does not pay"),
        option("suite", "Give it in the infusion suite"),
        option("close", "Close the referral: nobody pays"),
    )


def find_assistance(_asked: AskedItem) -> OutcomeField:
    program = ValueField(key="program", label="Name of the program", longest=200, optional=True)
    return outcome(
        "Is there a program that pays?", option("found", "Yes, it is granted", program), option("none", "No, none")
    )


def _benefits() -> tuple[FormField, ...]:
    return (
        yes_no("benefits.in_network", "Are we in the plan’s network?", may_be_unknown=True),
        _amount("deductible_remaining", "Deductible left, US dollars"),
        _amount("out_of_pocket_remaining", "Out-of-pocket limit left, US dollars"),
        _amount("copay", "Copay, US dollars"),
        WholeNumber(key="benefits.coinsurance_percent", label="Coinsurance, percent", most=100, optional=True),
        YesNoList(
            key="benefits.needs_authorization",
            label="What needs an authorization?",
            hint="Where the payer did not say, answer Yes: it is asked for.",
            members=in_words(LineKind),
        ),
        _reference(hint="Needed where something needs no authorization: it is the evidence."),
    )


def _amount(name: str, label: str) -> DollarAmount:
    return DollarAmount(key=f"benefits.{name}", label=label, optional=True)


def _reference(hint: str = "") -> ValueField:
    return ValueField(
        key="benefits.reference", label="The payer’s reference for this answer", hint=hint, longest=80, optional=True
    )
