"""The characters of an HL7 v2 message: MSH-18 names their set, in the spellings that senders use.

Where MSH-18 is empty the content type may name it; where both are silent it is UTF-8. Nothing is guessed.
"""

import re

from desk.intake.problems import Unparseable

_UTF_8 = frozenset({"", "UTF8", "UNICODE", "UNICODEUTF8"})
_ASCII = frozenset({"ASCII", "USASCII"})
_WINDOWS = frozenset({"WINDOWS1252", "CP1252", "ANSI", "LATIN1", "88591", "ISO88591"})
_ISO_8859 = re.compile(r"(?:ISO)?8859(2|3|4|5|6|7|8|9|15)")
_CONTROL = re.compile("[\x80-\x9f]")
_ACCEPTED = "ASCII, UNICODE UTF-8, 8859/1 to 8859/9 or 8859/15"


def decoded(body: bytes, named: str, told: str | None) -> tuple[str, str]:
    """The text, and the codec by which its hexadecimal escapes are read; `told` is the content type's charset.

    Raises:
        Unparseable: a set that we do not read, or bytes that do not belong to it.
    """
    codec = _codec(named or told or "")
    if codec is None:
        raise Unparseable(f"MSH-18 names a character set that is not read here: send {_ACCEPTED}")
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        said = "MSH-18 names" if named else ("the content type names" if told else "counts where MSH-18 names none")
        raise Unparseable(f"the bytes are not of the character set that {said}: name in MSH-18 {_ACCEPTED}") from None
    return _visible(text, codec), codec


def _codec(name: str) -> str | None:
    """ISO 8859-1 is read as Windows-1252, which has the same letters and is what most mean by it."""
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    if plain in _UTF_8:
        return "utf-8"
    if plain in _ASCII:
        return "ascii"
    if plain in _WINDOWS:
        return "cp1252"
    match = _ISO_8859.fullmatch(plain)
    return f"iso8859-{match[1]}" if match else None


def _visible(text: str, codec: str) -> str:
    """Control characters from 0x80 are letters of Windows-1252 that lost their name on the way."""
    if codec != "utf-8" and _CONTROL.search(text):
        raise Unparseable("control characters from 0x80 to 0x9F: the text is not of the character set in MSH-18")
    try:
        return _CONTROL.sub(lambda match: match[0].encode("latin-1").decode("cp1252"), text)
    except UnicodeDecodeError:
        raise Unparseable("control characters from 0x80 to 0x9F are not accepted") from None
