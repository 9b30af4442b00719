"""What the documents say is true: commands, links, the table of settings, and the signed webhook in bash."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from desk.cli.verbs import VERBS
from firstdose.adapters.webhooks import WebhookVerifier
from firstdose.settings import settings_table

REPO = Path(__file__).parents[2]
README = (REPO / "README.md").read_text()
SETTINGS = (REPO / "docs/settings.md").read_text()
PAGES = [
    *sorted(REPO.glob("*.md")),
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
        for words in re.findall(r"firstdose ([a-z][a-z-]*(?: [a-z]+)?)", code):
            assert words in verbs or words.split()[0] in verbs, f"firstdose {words}"


def test_the_two_commands_come_first() -> None:
    first = re.findall(r"```\n(.*?)```", README, re.DOTALL)[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]


def test_the_table_of_settings_is_the_models() -> None:
    assert between(SETTINGS, "settings") == settings_table(), "make it again from firstdose.settings.settings_table()"


def test_the_glossary_is_alphabetical_and_says_each_word_once() -> None:
    tables = (REPO / "docs/glossary.md").read_text().split("## ")[1:]
    for words in (re.findall(r"^\| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE)[1:] for table in tables):
        assert len(words) > 40
        assert words == sorted(set(words), key=str.casefold)


def test_ci_and_hooks_run_what_make_runs_and_nothing_from_elsewhere() -> None:
    ci = yaml.safe_load((REPO / ".github/workflows/ci.yaml").read_text())
    assert ".ci/run" in [step.get("run") for step in ci["jobs"]["ci"]["steps"]]
    hooks = yaml.safe_load((REPO / ".pre-commit-config.yaml").read_text())["repos"]
    assert {source["repo"] for source in hooks} == {"local"}
    lint = (REPO / "Makefile").read_text()
    for command in (hook["entry"].split()[0] for source in hooks for hook in source["hooks"]):
        assert command.replace(".venv/bin", "$(BIN)") in lint


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
