"""What a stranger's text looks like without what it says: its shape, and words that can be about nobody."""

import re
from typing import Final

LONGEST: Final = 600
"""Characters of an excerpt."""

# Names that people can have too are known only where a tag or a segment begins.
_TAGS: Final = (
    "html head body title meta link style script div span section article header footer main nav table thead tbody tr "
    "td th ul ol li br hr img form input button label strong em pre code doctype DOCTYPE"
)
_SEGMENTS: Final = "ISA GS ST BHT HL TRN AAA NM REF PER DTP HCR MSG EB AK IK CTX SE GE IEA TA"
_JSON: Final = (
    "null true false resourceType Bundle Parameters ClaimResponse Claim CoverageEligibilityResponse OperationOutcome "
    "Subscription CommunicationRequest entry fullUrl resource contained type collection outcome disposition item "
    "addItem itemSequence sequence adjudication category productOrService identifier request extension url system "
    "code coding display valueCodeableConcept valueString valueCode issue severity diagnostics details text location "
    "expression errors message detail instance problem parameter name value part http https www fhir"
)
_USUAL: Final = (
    "an the and or of to for from in at by is are was be been has have had not no we us our you your this that please "
    "try again later now temporarily currently error warning information fatal failed failure exception service "
    "services server servers internal external gateway proxy timeout timed time system systems site application "
    "unavailable available unreachable upgrading upgrade upgraded maintenance scheduled outage offline overloaded "
    "requests request response method bad found forbidden unauthorized denied access allowed required invalid missing "
    "unknown unsupported unexpected duplicate conflict expired session login password certificate token security "
    "throttled limit exceeded too many processing business rule structure format content media transaction rejected "
    "refused reason cannot status queued complete partial active"
)
TAGS: Final = frozenset(_TAGS.split())
SEGMENTS: Final = frozenset(_SEGMENTS.split())
KNOWN: Final = frozenset(_JSON.split()).union(
    *({word, word.capitalize(), word.upper()} if len(word) > 2 else {word} for word in _USUAL.split())
)
_PIECE: Final = re.compile(
    r"(?:(?<=<)|(?<=</)|(?<=<!))(?P<tag>[A-Za-z]+)(?![\x80-\U0010ffff])"
    r"|(?:^|(?<=[~\n]))(?P<segment>[A-Z]{2,3})(?![A-Za-z\x80-\U0010ffff])"
    r"|(?P<word>[A-Za-z\x80-\U0010ffff]+)"
    r"|(?P<number>[0-9]+)"
)
_BLANKS: Final = re.compile(r"[\x00-\x20\x7f]+")


def excerpt(body: bytes) -> str:
    """The beginning of a text, in ASCII, with every digit as 9 and every word as x, but for words that are fixed here.

    Those are tags of HTML, names in FHIR, X12 segments and the usual words of a server in trouble.
    """
    text = _BLANKS.sub(_blank, body.decode("utf-8", errors="replace")).strip()
    return _PIECE.sub(_masked, text[:LONGEST])


def _blank(run: re.Match[str]) -> str:
    return "\n" if "\n" in run.group() else " "


def _masked(piece: re.Match[str]) -> str:
    text = piece.group()
    match piece.lastgroup:
        case "number":
            return "9" * len(text)
        case "segment" if text in SEGMENTS:
            return text
        case "tag" if text in TAGS:
            return text
    return text if text in KNOWN else "x" * len(text)
