"""From FHIR: the weight and the allergies."""

from desk.intake.codes import BODY_WEIGHT, LOINC, NO_KNOWN_ALLERGY, SNOMED
from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, is_about
from desk.intake.fhir_days import first_day, moment_of, put_day
from desk.intake.fhir_elements import Resource, as_sent, codings, each, plain, text, unit_of, wording
from desk.intake.fhir_status import is_affirmed
from desk.intake.units import kilograms
from firstdose.domain.referral.choice import Candidate
from firstdose.domain.referral.question import QuestionReason

_WEIGHTS = {(LOINC, BODY_WEIGHT): 0, (LOINC, "3141-9"): 0, (LOINC, "3142-7"): 1, (LOINC, "8335-2"): 2}
"""Body weight, measured, stated, estimated: how well each suits a dose."""
_NIL_KNOWN = ("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown")
_ALLERGY_LIST = (LOINC, "48765-2")

Weight = tuple[object, str, object]
"""In kilograms, or None where it cannot be read; as it was told; when."""


def map_weight(draft: Draft, bundle: Bundle, patient: Resource) -> None:
    """The newest in force. One in a unit that we do not know is asked about: an older one may be far off."""
    told = [
        one
        for observation in bundle.every("Observation")
        if is_about(bundle, observation, patient)
        for one in _weights(observation)
    ]
    chosen = draft.pick("patient.weight_kg", told, shown=lambda weight: weight[1])
    in_kilograms, as_told, measured = chosen or (None, "", None)
    draft.put("patient.weight_kg", in_kilograms, "Observation.valueQuantity")
    put_day(draft, "patient.weighed_on", measured, "Observation.effectiveDateTime")
    if chosen and in_kilograms is None:
        draft.ask("patient.weight_kg", QuestionReason.NOT_UNDERSTOOD, [as_told])
    if told and not any(one.holds_on(draft.today) for one in told):
        draft.ask("patient.weight_kg", QuestionReason.NOT_IN_FORCE, (one.value[1] for one in told))


def _weights(observation: Resource) -> list[Candidate[Weight]]:
    """Of the observation itself, or of its components."""
    when = _when(observation)
    return [
        Candidate(
            (_kilograms(quantity), f"{plain(quantity.get('value')) or ''} {unit_of(quantity) or ''}".strip(), when),
            affirmed=is_affirmed(observation),
            begins=first_day(when),
            fit=min(_WEIGHTS[pair] for pair in codings(one.get("code")) if pair in _WEIGHTS),
            stated=moment_of(when),
        )
        for one in (observation, *each(observation, "component"))
        if isinstance(quantity := one.get("valueQuantity"), dict) and _WEIGHTS.keys() & set(codings(one.get("code")))
    ]


def _kilograms(quantity: Resource) -> object:
    return None if quantity.get("comparator") else kilograms(quantity.get("value"), unit_of(quantity))


def _when(observation: Resource) -> str | None:
    period = observation.get("effectivePeriod")
    told = (text(observation, "effectiveDateTime"), text(observation, "effectiveInstant"))
    return next(filter(None, (*told, text(period, "end"), text(period, "start"), text(observation, "issued"))), None)


def map_allergies(draft: Draft, bundle: Bundle, patient: Resource) -> None:
    """A list that says there is an allergy is believed before one that says there is none."""
    resources = [one for one in bundle.every("AllergyIntolerance") if is_about(bundle, one, patient)]
    told = [one for one in resources if is_affirmed(one)]
    known = [one for one in told if not _says_none(one.get("code"))]
    if (told or _nil_known(bundle)) and not known:
        draft.put("patient.allergies", "none_known", "AllergyIntolerance.code")
        return
    listed = [_allergy(one) for one in known]
    named = [one for one in listed if one["substance"]]
    draft.put("patient.allergies", [one for i, one in enumerate(named) if one not in named[:i]], "AllergyIntolerance")
    if len(named) < len(listed):
        draft.ask("patient.allergies", QuestionReason.NOT_UNDERSTOOD, (as_sent(one.get("code")) or "" for one in known))


def _says_none(concept: object) -> bool:
    return any(system == SNOMED and code in NO_KNOWN_ALLERGY for system, code in codings(concept))


def _nil_known(bundle: Bundle) -> bool:
    """An empty list of allergies, with the reason that none are known."""
    return any(
        _ALLERGY_LIST in codings(one.get("code")) and _NIL_KNOWN in codings(one.get("emptyReason"))
        for one in bundle.every("List")
        if text(one, "status") in (None, "current")
    )


def _allergy(allergy: Resource) -> dict[str, str | None]:
    substances = [wording(allergy.get("code")), *(wording(one.get("substance")) for one in each(allergy, "reaction"))]
    reactions = [wording(sign) for one in each(allergy, "reaction") for sign in each(one, "manifestation")]
    return {
        "substance": next(filter(None, substances), None),
        "reaction": ", ".join(dict.fromkeys(filter(None, reactions))) or None,
    }
