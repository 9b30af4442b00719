"""The client of the desk's HTTP API for the command line. Each failure becomes one line and an exit code."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx2

from desk.cli.failure import Failure, Unreachable
from desk.cli.identity_token import claims, token_for
from desk.cli.local_stack import LocalStackFiles
from firstdose.domain.work.role import Role
from firstdose.settings import Settings, load_settings

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PATIENCE = httpx2.Timeout(30, connect=3)
_AWAY = {502, 503, 504}
_LONGEST_PAGE = 200
_UUID_LENGTH = 36
_MOST_PROBLEMS = 10


class DeskClient:
    """A connection to one desk, as one member of staff or, without a token, as a referral source.

    Every method raises Unreachable, or Failure with the desk's error text.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._token = token
        self._http = httpx2.Client(
            base_url=url,
            headers={"authorization": f"Bearer {token}"} if token else None,
            timeout=_PATIENCE,
            trust_env=may_use_proxy(url),
        )

    @property
    def subject(self) -> str | None:
        """Whom the desk takes us for."""
        return claims(self._token).get("sub") if self._token else None

    def get(self, *path: str, **query: str | None) -> Any:
        """`path` comes in segments; a query parameter that is None is left out."""
        return self._ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    def content(self, *path: str) -> bytes:
        """A document's bytes."""
        return self._answer("GET", path).content

    def pages(self, *path: str, most: int, **query: str | None) -> list[Any]:
        """The rows of a list that comes in pages, the first `most` of them."""
        rows: list[Any] = []
        cursor: str | None = None
        while len(rows) < most:
            page = self.get(*path, limit=str(min(most, _LONGEST_PAGE)), cursor=cursor, **query)
            rows += page["items"]
            cursor = page.get("cursor")
            if cursor is None:
                break
        return rows[:most]

    def referral(self, named: str) -> str:
        """The id of the referral that is named by its number, its id, or the beginning of that. Raises Failure."""
        if len(named) == _UUID_LENGTH:
            return named
        page = self.get("api", "referrals", q=named, limit=str(_LONGEST_PAGE))
        # The desk looks among the sources' numbers too, and an act must not go to a referral that was not meant.
        found = [row for row in page["items"] if row["number"] == named or _begins(row["id"], named)]
        if not found:
            raise Failure(f"no referral is named {named}; `firstdose list` shows them")
        if len(found) > 1 or page.get("cursor"):
            raise Failure(f"several referrals begin with {named}: give more of the id, or the number")
        return str(found[0]["id"])

    def post(self, *path: str, body: object = None, key: str | None = None) -> Any:
        """Post JSON; the desk takes the same idempotency `key` once."""
        return self._ask("POST", path, json=body or {}, headers={"idempotency-key": key} if key else None)

    def deliver(self, *path: str, content: bytes, headers: dict[str, str]) -> Any:
        """Post bytes exactly as they were signed."""
        return self._ask("POST", path, content=content, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def _ask(self, method: str, path: tuple[str, ...], **content: Any) -> Any:
        return _json(self._answer(method, path, **content))

    def _answer(self, method: str, path: tuple[str, ...], **content: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, "/" + "/".join(quote(step, safe="") for step in path), **content)
        except httpx2.TimeoutException:
            raise Unreachable(
                f"the desk at {self.url} does not answer in time; what was asked may yet happen"
            ) from None
        except (httpx2.TransportError, httpx2.InvalidURL):
            raise Unreachable(
                f"no desk at {self.url}: start one (`firstdose dev`, `demo` or `serve`) or set FIRSTDOSE_URL"
            ) from None
        if answer.is_success:
            return answer
        raise _refusal(answer, identified=self._token is not None)


def _begins(referral_id: str, named: str) -> bool:
    return referral_id.replace("-", "").startswith(named.replace("-", ""))


def may_use_proxy(url: str) -> bool:
    """A company's proxy does not reach this machine's own desk."""
    return urlsplit(url).hostname not in _LOOPBACK


def find_desk(settings: Settings) -> str:
    """The desk's address. Raises Unreachable if none is known."""
    url = settings.url or LocalStackFiles.running(settings.state).address("desk")
    if not url:
        raise Unreachable("no desk is known: start `firstdose dev` or `firstdose demo`, or set FIRSTDOSE_URL")
    return url.rstrip("/")


def open_desk(role: Role | None = None) -> DeskClient:
    """The desk, as the staff member that the settings and `--as` name. Raises Unreachable, Failure."""
    settings = load_settings()
    url = find_desk(settings)
    return DeskClient(url, token_for(settings, url, role))


def _json(answer: httpx2.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise Failure(f"{answer.url.host} does not answer as a desk does: is FIRSTDOSE_URL right?") from None


def _refusal(answer: httpx2.Response, *, identified: bool) -> Failure:
    kind = Unreachable if answer.status_code in _AWAY else Failure
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    text = _problem_text(problem) if isinstance(problem, dict) else ""
    step = _next_step(answer, problem, identified=identified)
    return kind(f"{text or f'the desk refused ({answer.status_code})'}{step}")


def _problem_text(problem: dict[str, Any]) -> str:
    """A problem (RFC 9457) as one line: `title: detail (path: problem; …)`."""
    line = ": ".join(str(problem[part]) for part in ("title", "detail") if problem.get(part)) + _present(problem)
    errors = [each for each in problem.get("errors") or () if isinstance(each, dict)]
    listed = [f"{each.get('path')}: {each.get('problem')}" for each in errors[:_MOST_PROBLEMS]]
    if len(errors) > _MOST_PROBLEMS:
        listed.append(f"and {len(errors) - _MOST_PROBLEMS} more")
    return f"{line} ({'; '.join(listed)})" if listed else line


def _present(problem: dict[str, Any]) -> str:
    """How things stand after a conflict, as the desk adds it."""
    if item := problem.get("work_item"):
        return f"; it is {item.get('state')}" + (f" by {item['assignee']}" if item.get("assignee") else "")
    if referral := problem.get("referral"):
        return f"; the referral is in stage {referral.get('stage')}"
    return ""


def _next_step(answer: httpx2.Response, problem: object, *, identified: bool) -> str:
    if isinstance(problem, dict) and isinstance(way := problem.get("break_glass"), dict):
        reasons = ", ".join(way.get("reasons") or ())
        return f"; `firstdose break-glass ID --reason R` does that, R being one of {reasons}"
    if identified and answer.status_code == httpx2.codes.UNAUTHORIZED:
        return "; `firstdose whoami` shows the token, `firstdose login` takes another"
    if wait := answer.headers.get("retry-after"):
        return f"; try again in {wait} s"
    return ""
