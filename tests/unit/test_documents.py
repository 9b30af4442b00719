"""What the documents say is true: commands, links, the table of settings, and the signed webhook in bash."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.cli.verbs import VERBS
from firstdose.adapters.webhooks import WebhookVerifier
from firstdose.settings import settings_table

REPO = Path(__file__).parents[2]
README = (REPO / "README.md").read_text()
PAGES = [
    REPO / "README.md",
    REPO / "CHANGELOG.md",
    *sorted((REPO / "docs").rglob("*.md")),
    *REPO.glob("deploy/**/*.md"),
]
DECISIONS = sorted((REPO / "docs/decisions").glob("*.md"))
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
SECRET = "whsec_" + "c2VjcmV0IHdpdGggb2RkIC8gYnl0ZXMgCQ0A/w=="

page = pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(REPO)))


def between(text: str, name: str) -> str:
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


@page
def test_commands_in_the_documents_exist(file: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    verbs = {verb.name for group in VERBS.values() for verb in group}
    for code in CODE.findall(file.read_text()):
        assert set(re.findall(r"(?:^|\n|`)make ([a-z]+)", code)) <= targets
        for words in re.findall(r"firstdose ([a-z]+(?: [a-z]+)?)", code):
            assert words in verbs or words.split()[0] in verbs, f"firstdose {words}"


@page
def test_links_between_the_documents_lead_somewhere(file: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", file.read_text())
    assert [link for link in links if "://" not in link and not (file.parent / link).exists()] == []


def test_the_two_commands_come_first() -> None:
    first = re.findall(r"```\n(.*?)```", README, re.DOTALL)[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]


def test_the_table_of_settings_is_the_models() -> None:
    assert between(README, "settings") == settings_table(), "make it again from firstdose.settings.settings_table()"


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_is_one_page_with_its_three_parts(file: Path) -> None:
    text = file.read_text()
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {int(file.name[:4])}. ")
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("openssl")), reason="no bash or no openssl here")
def test_the_webhook_signed_by_the_readme_is_verified(tmp_path: Path) -> None:
    """The snippet as it stands, with a curl that tells what it was given."""
    (tmp_path / "docs").symlink_to(REPO / "docs")
    (tmp_path / ".firstdose").mkdir()
    (tmp_path / ".firstdose/sources.json").write_text(json.dumps({"springfield-general": SECRET}))
    snippet = between(README, "signed webhook").partition("```bash\n")[2].rpartition("```")[0]
    script = f"set -euo pipefail\ncurl() {{ printf '%s\\n' \"$@\"; }}\n{snippet}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S607

    told = done.stdout.splitlines()
    headers = dict(line.split(": ", 1) for line in told if re.match(r"[a-z-]+: ", line))
    body = (tmp_path / told[-1].removeprefix("@")).read_bytes()
    now = datetime.now(UTC)
    assert WebhookVerifier([SECRET]).verify(body, headers, now=now).message_id == headers["webhook-id"]
    assert "http://127.0.0.1:8080/webhooks/referrals/springfield-general" in told
