"""What the payer says about the patient's coverage, and what that makes of the lines to authorize."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.payer.channel import Channel, Plan, SiteOfCare
from firstdose.domain.payer.remark import PayerRemark
from firstdose.domain.referral.order import Site
from firstdose.domain.sealed_text import ForeignText


class CoverageStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    NOT_FOUND = "not_found"


class Benefits(BaseModel):
    """One verification of benefits. Amounts are US dollars; `needs_authorization` names the kinds of line that do."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    status: CoverageStatus
    in_network: bool | None = None
    deductible_remaining: Decimal | None = Field(default=None, ge=0)
    out_of_pocket_remaining: Decimal | None = Field(default=None, ge=0)
    copay: Decimal | None = Field(default=None, ge=0)
    coinsurance_percent: int | None = Field(default=None, ge=0, le=100)
    needs_authorization: frozenset[LineKind] = frozenset(LineKind)
    reference: ForeignText = None
    """The payer's reference for this answer: the evidence when a line needs no authorization."""
    channel: SkipJsonSchema[Channel] = Channel.PAS
    plan_version: SkipJsonSchema[int | None] = None
    """Of the plan by which it was asked; None if a person asked."""
    verified_at: SkipJsonSchema[datetime | None] = None
    remarks: SkipJsonSchema[tuple[PayerRemark, ...]] = ()
    """The payer's alone: a person who verifies benefits has none to give."""


class Paying(StrEnum):
    """Who pays when insurance does not."""

    PLAN = "plan"
    SELF = "self_pay"
    ASSISTANCE = "assistance"


def judge_lines(lines: tuple[Line, ...], benefits: Benefits, paying: Paying, plan: Plan) -> tuple[Line, ...]:
    """Mark the lines that need no authorization, each with its evidence.

    By the payer's word, because the plan does not pay at all, or by the plan's rule: by code, or for a kind of line.
    """

    def judged(line: Line) -> Line:
        if line.state is not LineState.DRAFT:
            return line
        if paying is not Paying.PLAN or line.kind not in benefits.needs_authorization:
            evidence = benefits.reference
        elif {line.code, line.kind} & set(plan.no_authorization):
            evidence = f"plan {plan.payer}, version {plan.version}: no_authorization"
        else:
            return line
        return line.model_copy(update={"state": LineState.NOT_REQUIRED, "evidence": evidence})

    return tuple(judged(line) for line in lines)


def site_problem(plan: Plan, site: Site, paying: Paying) -> str | None:
    """Why the visit at this site will not be paid, as staff read it; None where the plan's rule allows it."""
    match plan.site_of_care, site:
        case _ if paying is not Paying.PLAN:
            return None
        case SiteOfCare.SUITE_REQUIRED, Site.HOME:
            return "the plan pays in the suite only"
        case SiteOfCare.HOME_REQUIRED, Site.SUITE:
            return "the plan pays at home only"
        case _:
            return None
