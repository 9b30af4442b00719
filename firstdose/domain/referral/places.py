"""US states and ZIP codes, as people write them and as the mail does."""

import re

_STATES = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia
FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine
MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada
NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma
OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont
VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|AS American Samoa|GU Guam
MP Northern Mariana Islands|PR Puerto Rico|VI Virgin Islands|AA Armed Forces Americas|AE Armed Forces Europe
AP Armed Forces Pacific
"""
_CODES = {row[3:].lower(): row[:2] for row in re.split(r"[|\n]", _STATES.strip())}
_CODES |= {code.lower(): code for code in _CODES.values()}
_CODES |= {
    "washington dc": "DC",
    "us virgin islands": "VI",
    "virgin islands us": "VI",
    "commonwealth of the northern mariana islands": "MP",
    "commonwealth of puerto rico": "PR",
}
MILITARY = frozenset({"AA", "AE", "AP"})
"""Of the military mail: an address to write to, not the place where somebody is."""
_ZIP = re.compile(r"([0-9]{5})[ -]*(?:([0-9]{4}))?")
_POST_OFFICE_BOX = re.compile(r"(?:p\.? ?o\.? ?|post office )box\b.*", re.IGNORECASE)


def state_code(text: str) -> str | None:
    """`Illinois`, `il` and `US-IL` are `IL`."""
    plain = " ".join(re.sub(r"[,()-]", " ", text.lower().replace(".", "")).split())
    return _CODES.get(plain) or _CODES.get(plain.removeprefix("us "))


def zip_code(text: str) -> str | None:
    """`60601-` is `60601`, and `60601 1234` is `60601-1234`."""
    match = _ZIP.fullmatch(text)
    return "-".join(part for part in match.groups() if part) if match else None


def is_for_mail_only(lines: tuple[str, ...], state: str | None) -> bool:
    """Whether nobody can be visited there: military mail, or nothing but a post office box."""
    return state in MILITARY or (bool(lines) and all(_POST_OFFICE_BOX.fullmatch(line) for line in lines))
