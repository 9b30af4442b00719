"""Seals the texts of a referral that travel through its workflow, under its data key, and opens them for people."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from firstdose.adapters.keyring.sealing import SameSealer, Unsealable
from firstdose.domain.sealed_text import LONGEST_SENTENCE, PREFIX, is_sealed_text


class SealedTexts:
    """Implements sealed_text.TextSealer."""

    def __init__(self, data_key: bytes) -> None:
        self._sealer = SameSealer(data_key)

    def seal(self, text: str) -> str:
        """The same text becomes the same; an empty one, and what is sealed for this referral, stays as it is."""
        if not text or self._is_own(text):
            return text
        text = text[:LONGEST_SENTENCE]  # more has only what was made to look as if it were sealed
        return PREFIX + urlsafe_b64encode(self._sealer.seal(text.encode())).decode().rstrip("=")

    def open(self, text: str) -> str:
        """Raises Unsealable."""
        if not is_sealed_text(text):
            return text
        coded = text.removeprefix(PREFIX)
        try:
            sealed = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        except ValueError:
            raise Unsealable("the text is not in the sealed format") from None
        return self._sealer.open(sealed).decode()

    def _is_own(self, text: str) -> bool:
        try:
            return is_sealed_text(text) and self.open(text) != ""
        except Unsealable:
            return False


def holds_sealed(content: object) -> bool:
    """Whether there is a sealed text somewhere in this JSON."""
    if isinstance(content, dict):
        return any(map(holds_sealed, content.values()))
    if isinstance(content, list | tuple):
        return any(map(holds_sealed, content))
    return is_sealed_text(content)


def shown(content: Any, texts: SealedTexts | None) -> Any:
    """JSON with its sealed texts opened; None where they cannot be read any more, as all of a shredded referral."""
    if isinstance(content, dict):
        return {name: shown(value, texts) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [shown(each, texts) for each in content]
    if not is_sealed_text(content):
        return content
    try:
        return texts.open(content) if texts else None
    except Unsealable:
        return None
