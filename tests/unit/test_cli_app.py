"""The command line as a whole: what it loads, what it can be told, how it ends."""

import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclopts import Argument

from desk.cli.app import build, main
from desk.cli.verbs import VERBS, Verb

EVERY_VERB = [verb for verbs in VERBS.values() for verb in verbs]
OURS = [verb for verb in EVERY_VERB if verb.target.startswith("desk.")]
HEAVY = ("temporalio", "fastapi", "asyncpg", "cryptography", "httpx2")

# Every option there is. None may ever carry a name, a birth date or any other PHI: such data comes in a file.
OPTIONS = {
    "as", "json", "schema", "open", "mine", "overdue", "yes",
    "role", "stage", "payer", "waiting-for", "referral", "limit", "source", "format",
    "view", "therapy", "sort", "find", "file", "out", "reason", "gate", "until", "all", "dry-run", "wait",
}  # fmt: skip
ARGUMENTS = {
    "PERSON", "REFERRAL_ID", "REFERRAL_IDS", "ITEM_ID", "OVERRIDE_ID", "UNDELIVERED_ID", "FILE", "FILES",
    "SHELL", "KIND",
}  # fmt: skip


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "desk", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def arguments_of(name: str) -> list[Argument]:
    """Every argument and option of a command, as the command line takes them."""
    app = build()
    with app.app_stack(name.split()):
        command = app
        for word in name.split():
            command = command[word]
        return list(command.assemble_argument_collection())


def exit_code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    return leaving.value.code or 0


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages a fresh interpreter has loaded after running this."""
    asked = f"import sys\n{code}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    return set(answer.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [("--help",), ("hold", "--help"), ("hodl",), ("keys",)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = f"from desk.cli.app import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert loaded_by(code) == set()


@pytest.mark.parametrize("module", ["reading", "work", "steering", "sending", "identity"])
def test_staff_commands_load_no_server_and_no_temporal(module: str) -> None:
    code = f"import desk.cli.{module}, desk.cli.client"
    assert loaded_by(code) == {"httpx2"}


@pytest.mark.parametrize("verb", OURS, ids=[verb.name for verb in OURS])
def test_every_verb_is_where_the_table_says(verb: Verb) -> None:
    module, _, function = verb.target.partition(":")
    assert callable(getattr(import_module(module), function))


def test_the_table_has_every_command_of_the_contract() -> None:
    promised = """demo dev serve worker migrate doctor send list show timeline why work claim release resolve
        hold resume cancel amend override approve login whoami replay"""
    grouped = {"audit verify", "audit export", "keys rotate", "keys shred", "payers import", "nurses import"}
    assert {verb.name for verb in EVERY_VERB} >= {*promised.split(), *grouped, "policy check"}


@pytest.mark.parametrize("verb", OURS, ids=[verb.name for verb in OURS])
def test_no_option_and_no_argument_takes_phi(verb: Verb) -> None:
    for argument in arguments_of(verb.name):
        options = {name.removeprefix("--") for name in argument.names if name.startswith("--")}
        assert options <= OPTIONS
        # The star is no argument: it stands for the options of a group.
        assert {name for name in argument.names if not name.startswith(("-", "*"))} <= ARGUMENTS


@pytest.mark.parametrize(
    "name", ["list", "show", "timeline", "why", "work", "whoami", "doctor", "audit verify", "undelivered list"]
)
def test_every_reading_command_can_answer_in_json(name: str) -> None:
    assert "--json" in {option for argument in arguments_of(name) for option in argument.names}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("hodl",), "did you mean 'hold'?"),
        (("hold",), "REFERRAL_ID"),
        (("show", "Maria"), "a referral is named by its number"),
        (("claim", "Maria"), "a work item's id"),
        (("list", "--stage", "nowhere"), "intake"),
        (("list", "--waiting-for", "godot"), "patient"),
        (("amend", "0190d0d0-0000-7000-8000-000000000000", "--file", "/nowhere.json"), "cannot be read"),
        (("resolve", "0190d0d0-0000-7000-8000-000000000000-1"), "--file"),
        (("cancel", "0190d0d0-0000-7000-8000-000000000000", "--reason", "completed"), "completed"),
        (("replay",), "--open"),
    ],
)
def test_misuse_is_one_line_on_stderr_and_2(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert (len(printed.err.splitlines()), printed.out) == (1, "")


def test_python_m_desk_is_the_same_command() -> None:
    assert "Usage: firstdose" in ran("--help").stdout
    assert ran("hodl").returncode == 2


def test_the_version_is_the_packages() -> None:
    assert ran("--version").stdout == f"firstdose {version('firstdose')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_options_and_codes(shell: str) -> None:
    script = ran("--show-completion", shell)
    assert script.returncode == 0
    for completed in ("timeline", "waiting-for", "pharmacist", "patient_declined"):
        assert completed in script.stdout


def test_the_completion_is_installed_where_the_shell_looks(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    asked = [sys.executable, "-m", "desk", "--install-completion", "fish"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60, env=environment)
    (file,) = tmp_path.rglob("firstdose.fish")
    assert str(file) in done.stdout.replace("\n", "")
