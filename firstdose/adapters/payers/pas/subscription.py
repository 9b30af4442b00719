"""The Subscription by which a payer notifies us of decisions: R4 backport, rest-hook, full-resource."""

from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import NPI, PAS, Element, claims
from firstdose.payer_ports import PayerEndpoint

_BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

ENDED: Final = frozenset({"error", "off", "entered-in-error"})
"""The states of a Subscription that tells us nothing any more."""


def subscription(endpoint: PayerEndpoint, requestor: Requestor, callback_url: str, secret: str | None) -> Element:
    """Decisions on our requests, posted to `callback_url` with `Authorization: Bearer <secret>`.

    Without a secret no header is asked for.
    """
    return {
        "resourceType": "Subscription",
        **claims("profile-subscription"),
        "status": "requested",
        "reason": "Decisions on prior authorization requests",
        "criteria": f"{PAS}/SubscriptionTopic/PASSubscriptionTopic",
        "_criteria": {
            "extension": [{"url": f"{_BACKPORT}backport-filter-criteria", "valueString": _ours(endpoint, requestor)}]
        },
        "channel": {
            "type": "rest-hook",
            "endpoint": callback_url,
            "payload": "application/fhir+json",
            "_payload": {
                "extension": [{"url": f"{_BACKPORT}backport-payload-content", "valueCode": "full-resource"}],
            },
            **({"header": [f"Authorization: Bearer {secret}"]} if secret else {}),
        },
    }


def _ours(endpoint: PayerEndpoint, requestor: Requestor) -> str:
    """The filter, spelled as the payer wants: the guide's topic says `orgIdentifier`, its text `org-identifier`."""
    told = endpoint.subscription_filter
    template = told if "=" in told else f"{told}={{system}}|{{npi}}"
    return template.replace("{system}", NPI).replace("{npi}", requestor.npi)
