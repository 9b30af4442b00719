"""The escapes of HL7 v2 in a text. What stands for layout becomes a break or a blank, so that no two words join."""

import re

UNREADABLE = "\x1a"
"""SUBSTITUTE, before an escape that cannot be read. No text of a referral may hold it, so a person is asked."""
_SEPARATORS = {"F": "|", "S": "^", "R": "~", "E": "\\", "T": "&", "P": "#", "H": "", "N": ""}
_BREAKS = frozenset({"br", "sp", "ce"})
_ESCAPE = re.compile(
    r"(?P<hex>(?:\\X(?:[0-9A-Fa-f]{2})+\\)+)|\\(?P<mark>[FSRETPHN])\\|\\\.(?P<layout>br|sp|in|ti|sk|fi|nf|ce)[+-]?[0-9]*\\"
    r"|\\(?:[CM][0-9A-Fa-f]{4,6}|[XZ][^\\|^~&]{0,80})\\"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f]")


def unescaped(text: str, codec: str) -> str:
    """A backslash that begins no escape of the standard is one."""
    return _ESCAPE.sub(lambda match: _read(match, codec), text) if "\\" in text else text


def _read(match: re.Match[str], codec: str) -> str:
    if match["mark"]:
        return _SEPARATORS[match["mark"]]
    if match["layout"]:
        return "\n" if match["layout"] in _BREAKS else " "
    return (match["hex"] and _from_hex(match["hex"], codec)) or UNREADABLE + match[0]


def _from_hex(escapes: str, codec: str) -> str | None:
    """Escapes side by side are read as one: a letter may have its bytes in several."""
    try:
        text = bytes.fromhex(re.sub(r"[\\X]", "", escapes)).decode(codec)
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text.replace("\r\n", "\n").replace("\r", "\n")
