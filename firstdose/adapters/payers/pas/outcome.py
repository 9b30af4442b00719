"""An OperationOutcome: why a server of FHIR refuses, in its words, and whether it means that something is not there.

`where` is the element that says it, as FHIR calls it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from firstdose.adapters.payers.pas.elements import (
    UnreadableFhir,
    codes,
    in_words,
    parse,
    part,
    parts,
    resources,
    sentence,
    short_text,
    unwrapped,
)
from firstdose.adapters.payers.pas.remarks import disposition_of, errors_of
from firstdose.adapters.payers.pas.terminology import Element
from firstdose.domain.payer.remark import MOST_REMARKS, PayerRemark, RemarkKind

_NOT_FOUND: Final = "not-found"
_ERRORS: Final = ("fatal", "error")


def remarks_of_refusal(body: bytes) -> tuple[PayerRemark, ...]:
    """What the body of a refusal says: an OperationOutcome, or an answer with errors. Empty if it is neither."""
    try:
        root = unwrapped(parse(body))
    except UnreadableFhir:
        return ()
    return tuple(islice(_remarks(root), MOST_REMARKS))


def says_not_found(body: bytes) -> bool:
    """Whether all its errors are that something is not there; what that is, it leaves open."""
    try:
        found = _error_codes(unwrapped(parse(body)))
    except UnreadableFhir:
        return False
    return found == {_NOT_FOUND}


def is_refusal(bundle: Element) -> bool:
    """Whether an answer holds errors of another kind than that something is not there."""
    return bool(_error_codes(bundle) - {_NOT_FOUND})


def offers_operation(statement: bytes, resource: str, operation: str) -> bool:
    """Whether a CapabilityStatement lists the operation on the resource. False for anything else."""
    try:
        root = parse(statement)
    except UnreadableFhir:
        return False
    return any(
        one.get("name") in (operation, f"${operation}")
        for rest in parts(root, "rest")
        for described in parts(rest, "resource")
        if described.get("type") == resource
        for one in parts(described, "operation")
    )


def _error_codes(root: Element) -> set[str]:
    return {
        short_text(issue.get("code")) or ""
        for outcome in resources(root, "OperationOutcome")
        for issue in parts(outcome, "issue")
        if issue.get("severity") in _ERRORS
    }


def _remarks(root: Element) -> Iterator[PayerRemark]:
    for outcome in resources(root, "OperationOutcome"):
        for issue in parts(outcome, "issue"):
            yield from _of_issue(issue)
    for response in (*resources(root, "ClaimResponse"), *resources(root, "CoverageEligibilityResponse")):
        yield from errors_of(response)
        yield from disposition_of(response)


def _of_issue(issue: Element) -> Iterator[PayerRemark]:
    """Its own code, else that of FHIR for the kind of issue; texts beside each other are two remarks."""
    details, diagnostics = part(issue, "details"), sentence(issue.get("diagnostics"))
    code = next(codes(details), None) or short_text(issue.get("code"), 20)
    text = in_words(details) or diagnostics
    if code or text:
        yield PayerRemark(kind=RemarkKind.REJECTED, where="OperationOutcome.issue", code=code, text=text)
    if diagnostics and diagnostics != text:
        yield PayerRemark(kind=RemarkKind.MESSAGE, where="OperationOutcome.issue.diagnostics", text=diagnostics)
