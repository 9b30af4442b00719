"""One plan of the pharmacy's file, validated; docs/plans.md explains each column."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from firstdose.adapters.postgres.payers.columns import (
    Allowance,
    Channels,
    Days,
    Exemptions,
    FilingDays,
    PlanId,
    Requests,
    RequestsPerMinute,
    SubscriptionCallback,
    SubscriptionFilter,
    System,
    Text,
    Timeout,
    TimeZone,
    Url,
    X12Id,
)
from firstdose.domain.address import web_address
from firstdose.domain.clock.business_calendar import END_OF_DAY, Calendar
from firstdose.domain.clock.rules import ClockPurpose, ClockRule, Regime
from firstdose.domain.payer.channel import Channel, PeerToPeerRule, Plan, SiteOfCare
from firstdose.domain.referral.referral import LineOfBusiness
from firstdose.payer_ports import OUR_CALLBACK, BackendServices, PayerEndpoint, X12Envelope

_SAME_IN_PLAN: Final = {
    "contracted",
    "no_authorization",
    "site_of_care",
    "regime",
    "phone",
    "fax",
    "portal",
    "peer_to_peer",
    "appeal_levels",
    "external_review",
}


class PayerRow(BaseModel):
    """One plan. What is empty is as if it were not there, so that cells of CSV and items of YAML mean the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, coerce_numbers_to_str=True)

    id: PlanId
    name: Text
    line_of_business: LineOfBusiness | None = None
    """Distinguishes plans with the same name."""
    contracted: bool = False
    eligibility: Channels = (Channel.PEOPLE,)
    authorization: Channels = (Channel.PEOPLE,)
    no_authorization: Exemptions = ()
    site_of_care: SiteOfCare = SiteOfCare.ANY

    regime: Regime = Regime.PLAN
    standard_decision: Allowance | None = None
    expedited_decision: Allowance | None = None
    after_discharge: Allowance | None = None
    time_zone: TimeZone = "America/New_York"
    closes: time = END_OF_DAY
    federal_holidays: bool = True
    closed_on: Days = ()
    open_on: Days = ()

    peer_to_peer: PeerToPeerRule = PeerToPeerRule.BINDING
    appeal_levels: Annotated[int, Field(ge=0, le=2)] | None = None
    external_review: bool = True
    appeal_filing_days: FilingDays | None = None
    second_appeal_filing_days: FilingDays | None = None
    external_review_filing_days: FilingDays | None = None

    phone: Text | None = None
    fax: Text | None = None
    portal: Url | None = None
    base_url: Url | None = None
    member_system: System | None = None
    payer_system: System | None = None
    subscription_filter: SubscriptionFilter = "orgIdentifier"
    subscription_callback: SubscriptionCallback = OUR_CALLBACK
    trust_outcome_when_no_review_action: bool = False
    timeout: Timeout = timedelta(seconds=30)
    x12_url: Url | None = None
    x12_envelope: X12Envelope = X12Envelope.PLAIN
    x12_sender: X12Id | None = None
    x12_receiver: X12Id | None = None
    x12_payer: X12Id | None = None
    x12_test: bool = False
    x12_login: Text | None = None
    """The name of a credential, like `private_key` and `client_certificate`: the secrets are in files."""
    requests_per_minute: RequestsPerMinute | None = None
    burst: Requests = 1
    at_once: Requests = 10
    token_url: Url | None = None
    client_id: Text | None = None
    private_key: Text | None = None
    key_id: Text | None = None
    scope: Text = "system/*.*"
    client_certificate: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        return {name: value for name, value in row.items() if not _blank(value)}

    @model_validator(mode="after")
    def _channels_have_an_address(self) -> Self:
        channels = {*self.eligibility, *self.authorization}
        if Channel.PAS in channels and self.base_url is None:
            raise ValueError("base_url: the channel pas needs it")
        if Channel.X12 in channels and (self.x12_url or self.base_url) is None:
            raise ValueError("x12_url: the channel x12 needs it, or base_url")
        return self

    @model_validator(mode="after")
    def _tokens_are_asked_for_by_somebody(self) -> Self:
        if None in (self.token_url, self.client_id, self.private_key) and any((self.token_url, self.client_id)):
            raise ValueError("token_url: needed together with client_id and private_key")
        return self

    @model_validator(mode="after")
    def _times_are_whole(self) -> Self:
        if self.expedited_decision and not self.standard_decision:
            raise ValueError("standard_decision: needed beside expedited_decision")
        if self.closes.tzinfo is not None:
            raise ValueError("closes: a local time, without an offset")
        return self

    def plan(self, version: int) -> Plan:
        return Plan(
            payer=self.id,
            eligibility=self.eligibility[0],
            eligibility_fallback=self.eligibility[1:],
            authorization=self.authorization[0],
            authorization_fallback=self.authorization[1:],
            calendar=Calendar.model_validate(self.model_dump(include=set(Calendar.model_fields))),
            clocks=tuple(self._clocks(str(version))),
            version=version,
            **self.model_dump(include=_SAME_IN_PLAN),
        )

    @property
    def endpoint(self) -> PayerEndpoint | None:
        """None if there is no electronic way to this payer."""
        address = self.base_url or self.x12_url
        if address is None:
            return None
        columns = self.model_dump(include=set(PayerEndpoint.model_fields) & set(PayerRow.model_fields))
        return PayerEndpoint.model_validate({**columns, "payer": self.id, "base_url": address, "auth": self._auth})

    @property
    def _auth(self) -> BackendServices | None:
        if not (self.token_url and self.client_id and self.private_key):
            return None
        return BackendServices(
            token_url=self.token_url,
            client_id=self.client_id,
            credential=self.private_key,
            key_id=self.key_id,
            scope=self.scope,
        )

    def _clocks(self, version: str) -> Iterator[ClockRule]:
        if standard := self.standard_decision:
            yield self._rule(ClockPurpose.DECISION, version, standard, self.expedited_decision or standard)
        if home := self.after_discharge:
            yield self._rule(ClockPurpose.AFTER_DISCHARGE, version, home, home)
        for purpose, days in (
            (ClockPurpose.APPEAL_FILING, self.appeal_filing_days),
            (ClockPurpose.SECOND_APPEAL_FILING, self.second_appeal_filing_days),
            (ClockPurpose.EXTERNAL_REVIEW_FILING, self.external_review_filing_days),
        ):
            if days:
                window = Allowance.model_validate(f"{days} days")
                yield self._rule(purpose, version, window, window)

    def _rule(self, purpose: ClockPurpose, version: str, standard: Allowance, expedited: Allowance) -> ClockRule:
        return ClockRule(
            name=f"Plan's own {purpose.replace('_', ' ')}",
            version=version,
            citation=f"plan {self.id}",
            regime=self.regime,
            drug=None,
            standard=standard.time,
            standard_terms=standard.terms,
            expedited=expedited.time,
            expedited_terms=expedited.terms,
            # As the regime's own: Medicare's and Medicaid's clocks run on while the payer waits for us.
            tolls=purpose is ClockPurpose.DECISION and self.regime in (Regime.EMPLOYER, Regime.PLAN),
            purpose=purpose,
        )


class ImportedPayerRow(PayerRow):
    """A row of a file. One that was stored before its addresses had to be safe is read all the same: they are refused
    when they are used."""

    @field_validator("portal", "base_url", "x12_url", "token_url")
    @classmethod
    def _safe(cls, url: str | None) -> str | None:
        return url and web_address(url)


def _blank(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
