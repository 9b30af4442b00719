"""What billing needs to make its claims: one record per line, complete in itself."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.referral.referral import Coverage, Referral


def claim_message(
    referral_id: str, referral: Referral, lines: tuple[Line, ...], served_on: datetime, agreed: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The body of the webhook to billing. A void line is not billed; PHI.

    `agreed` is the patient's accepted review of benefits, None if there was none.
    """
    shared = {**_coverage(referral), "responsibility": dict(agreed) if agreed else None}
    return {
        "type": "claim.ready",
        "timestamp": served_on.isoformat(),
        "data": {
            "referral_id": referral_id,
            "source_referral_id": referral.source_referral_id,
            "patient": _patient(referral),
            "prescriber": referral.prescriber.model_dump(mode="json", include={"npi", "name"}),
            "diagnoses": list(referral.order.diagnoses),
            "records": [
                {**shared, **_record(line, referral, served_on.date())}
                for line in lines
                if line.state is not LineState.VOID
            ],
        },
    }


def _record(line: Line, referral: Referral, served_on: date) -> dict[str, Any]:
    record: dict[str, Any] = {
        "line": line.sequence,
        "kind": line.kind.value,
        "code": line.code,
        "modifiers": list(line.modifiers),
        "units": line.units,
        "place_of_service": line.place_of_service,
        "service_from": served_on.isoformat(),
        "service_to": served_on.isoformat(),
        "authorization_state": line.state.value,
        "authorization_number": line.number,
        "authorized_units": line.authorized_units,
        "evidence": line.evidence,
    }
    if line.kind is LineKind.DRUG:
        record["drug"] = referral.order.medication(line.medication).drug.model_dump(mode="json")
    return record


def _coverage(referral: Referral) -> dict[str, Any]:
    coverage = Coverage() if referral.primary is None else referral.coverages[referral.primary]
    return {
        "payer": coverage.payer.model_dump(mode="json"),
        "line_of_business": coverage.line_of_business,
        "member_id": coverage.member_id,
        "group": coverage.group,
        "relationship": coverage.relationship.value,
        "subscriber": coverage.subscriber.model_dump(mode="json") if coverage.subscriber else None,
    }


def _patient(referral: Referral) -> dict[str, Any]:
    named = {"family_name", "given_name", "birth_date", "sex", "address"}
    return referral.patient.model_dump(mode="json", include=named)
