"""What a browser would send of a form as it is shown: the test of a form begins with what stands on the screen."""

from html.parser import HTMLParser
from typing import Any, Final

_VOID: Final = "input"


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._fields: dict[str, list[str]] | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "form":
            self._fields = self.forms.setdefault(at.get("action") or "", {})
        elif self._fields is not None:
            self._control(tag, at)

    def _control(self, tag: str, at: dict[str, str | None]) -> None:
        name = at.get("name")
        if tag == _VOID and name and (at.get("type") not in ("radio", "checkbox") or "checked" in at):
            self._add(name, at.get("value") or "")
        elif tag == "select" and name:
            self._select, self._options = name, []
        elif tag == "option":
            self._options.append((at.get("value") or "", "selected" in at))
        elif tag == "textarea" and name:
            self._text = (name, [])

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected] or [self._options[0][0]]
            self._add(self._select, chosen[-1])
            self._select = None
        elif tag == "textarea" and self._text:
            name, parts = self._text
            self._add(name, "".join(parts).removeprefix("\n").replace("\n", "\r\n"))
            self._text = None

    def _add(self, name: str, value: str) -> None:
        assert self._fields is not None
        self._fields.setdefault(name, []).append(value)


def as_sent(page: str, action: str) -> dict[str, Any]:
    """The fields of the form that is posted to `action`, each with what stands in it."""
    parser = _Forms()
    parser.feed(page)
    return {name: values[0] if len(values) == 1 else values for name, values in parser.forms[action].items()}
