"""Addresses of others, as settings and plans may have them: encrypted, but on this machine, and without passwords.

Errors are ValueErrors with fixed words: an address may hold a password.
"""

import re
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

LONGEST: Final = 500
_PRINTABLE: Final = re.compile(r"[!-~]+")
_PLAIN_MAIL: Final = "smtp+plain"
_MAIL: Final = ("smtps", "smtp", _PLAIN_MAIL)


def web_address(url: str) -> str:
    """`url` itself, if it is https, or http on this machine. Raises ValueError."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("an address begins with https:// and has no spaces")
    split = _split(url)
    if "@" in split.netloc:
        raise ValueError("an address has no user or password in it")
    if split.fragment:
        raise ValueError("an address has no # in it")
    if split.scheme == "http" and not is_loopback(split.hostname):
        raise ValueError("an address begins with https://, except on this machine (127.0.0.1, ::1, localhost)")
    return url


def is_web_address(url: str) -> bool:
    try:
        web_address(url)
    except ValueError:
        return False
    return True


class MailServer(NamedTuple):
    """Where mail goes: within TLS from the beginning (`implicit`), else after STARTTLS, else (`plain`) in the clear."""

    address: SplitResult
    implicit: bool
    plain: bool


def mail_server(url: str) -> MailServer:
    """Raises ValueError."""
    split = _split(url)
    if split.scheme not in _MAIL:
        raise ValueError("it begins with smtp:// (STARTTLS is required), smtps:// or smtp+plain://")
    if split.path.strip("/") or split.query or split.fragment:
        raise ValueError("nothing comes after the port")
    plain = split.scheme == _PLAIN_MAIL
    if plain and not is_loopback(split.hostname):
        raise ValueError("mail without TLS goes to this machine alone (127.0.0.1, ::1, localhost)")
    return MailServer(split, implicit=split.scheme == "smtps", plain=plain)


def is_loopback(host: str | None) -> bool:
    """Whether this name or number can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult:
    """What readers of addresses understand differently (blanks, a backslash, no host) is none."""
    if len(url) > LONGEST or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise ValueError(f"an address has no spaces or signs beyond ASCII, and at most {LONGEST} characters")
    try:
        split = urlsplit(url)
        has_host = bool(split.hostname) and split.port != 0
    except ValueError:  # its text holds a part of the value
        has_host = False
    if not has_host:
        raise ValueError("an address names a host")
    return split
