"""Forms of the pharmacy: the order settled with the prescriber, and the therapy prepared."""

from typing import Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceField, ChoiceOption, OutcomeField, one_of, option, yes_no
from desk.web.item_forms.fields import FormField, MomentField, TextList
from desk.web.item_forms.item_form import facts, outcome
from desk.web.words import words
from firstdose.domain.care.therapy import Delivery, KitExemption
from firstdose.domain.referral.order import medication_path

_SETTLED: Final = ("dose", "route", "frequency", "duration_days")
_ANOTHER: Final = ("drug.name", "drug.hcpcs", "drug.ndc", *_SETTLED)


def settle_order(asked: AskedItem) -> OutcomeField:
    count = int(asked.asks.get("medications") or 1)
    signed = ("order.signed_on", "order.anaphylaxis_kit_ordered")
    settled = facts(asked, "What the prescriber changed", (*_of_each(count, _SETTLED), *signed))
    another = facts(asked, "The other drug", (*_of_each(count, _ANOTHER), *signed))
    lots = TextList(
        key="lots",
        label="Lot numbers",
        hint="Each on a line of its own, in the order of the medications" if count > 1 else "As it is on the drug",
        ask="Enter the lot of each medication.",
        exactly=count,
    )
    later = MomentField(key="available_from", label="Our stock has it from", zone=asked.zone)
    return outcome(
        "What did you settle?",
        option("settled", "The order stands, and stock is looked at again", *settled),
        option("alternative", "Another drug", *another),
        option("from_elsewhere", "The drug comes from elsewhere", lots),
        option("later", "We have it later", later),
        option("kit_refused", "The prescriber does not order the anaphylaxis kit"),
        option("unavailable", "The drug cannot be had"),
    )


def prepare_therapy(asked: AskedItem) -> OutcomeField:
    beyond_use = MomentField(
        key="beyond_use", label="Beyond use", zone=asked.zone, ask="Enter the beyond-use day and time."
    )
    exemption = one_of(
        "kit_exemption", "Why is no kit needed?", KitExemption, unknown="It is needed, and not there yet"
    )
    kit = yes_no("kit_present", "Is the anaphylaxis kit there?", if_no=(exemption,))
    return outcome(
        "Is the therapy ready?",
        option("ready", "Yes", beyond_use, kit, _delivery(asked)),
        option("unavailable", "No: it cannot be prepared"),
    )


def _delivery(asked: AskedItem) -> FormField:
    there = MomentField(
        key="delivered_at",
        label="When it is, or was, at the patient’s door",
        zone=asked.patient_zone,
        optional=True,
    )
    delivered = option(Delivery.DELIVERED, words(Delivery.DELIVERED), there)
    with_nurse = option(Delivery.WITH_NURSE, words(Delivery.WITH_NURSE))
    options: tuple[ChoiceOption, ...] = (delivered,) if asked.asks.get("nurse") is False else (delivered, with_nurse)
    return ChoiceField(key="delivery", label="How does it reach the patient?", options=options)


def _of_each(count: int, names: tuple[str, ...]) -> list[str]:
    return [medication_path(index, name) for index in range(count) for name in names]
