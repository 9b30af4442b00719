"""The console command `firstdose`: builds the commands from their table and turns every ending into an exit code."""

import difflib
import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError, Group, Parameter, UnknownCommandError

from desk.cli.failure import DONE, Failure, Misuse, report
from desk.cli.verbs import TOPICS, VERBS


def build() -> App:
    """Every command of the table; none of their modules is loaded."""
    app = App(
        name="firstdose",
        help="From a doctor's referral to the first infusion at home.",
        version=_version,
        # A flag is off unless it is named: there is no `--no-json`.
        default_parameter=Parameter(negative=()),
        print_error=False,
        exit_on_error=False,
    )
    app["--help"].show = False
    app["--version"].show = False
    topics: dict[str, App] = {}
    for title, verbs in VERBS.items():
        group = Group.create_ordered(title)
        for name, target, about in verbs:
            topic, _, verb = name.rpartition(" ")
            if not topic:
                app.command(target, name=verb, help=about, group=group)
                continue
            if topic not in topics:
                topics[topic] = App(name=topic, help=TOPICS[topic], group=group, version_flags=())
                app.command(topics[topic])
            topics[topic].command(target, name=verb, help=about)
    return app


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command, of the process's own arguments if none are given.

    Exits 0 done, 1 refused or failed, 2 usage, 3 not reachable.
    """
    try:
        build()(arguments)
        sys.stdout.flush()
    except CycloptsError as error:
        sys.exit(report(Misuse(_usage(error))))
    except Failure as failure:
        sys.exit(report(failure))
    except BrokenPipeError:
        from desk.cli.closed_pipe import ended_by_reader

        sys.exit(ended_by_reader())
    except SystemExit as leaving:
        # So a help that nobody reads any more ends: its console turns the broken pipe into an exit.
        sys.exit(DONE if isinstance(leaving.__context__, BrokenPipeError) else leaving.code)
    except _unusable_settings() as error:
        sys.exit(report(Failure(str(error))))
    sys.exit()


def _version() -> str:
    from importlib.metadata import version

    return f"firstdose {version('firstdose')}"


def _unusable_settings() -> type[Exception]:
    # Asked for only when something was raised: the settings are not loaded for a mere `--help`.
    from firstdose.settings import SettingsError

    return SettingsError


def _usage(error: CycloptsError) -> str:
    if not isinstance(error, UnknownCommandError):
        return f"{' '.join(str(error).split())} See `firstdose {' '.join([*(error.command_chain or ()), '--help'])}`."
    # The error's own text would load every command's module to look for a similar name.
    given = (error.unused_tokens or [""])[0]
    known = [verb.name for verbs in VERBS.values() for verb in verbs]
    similar = difflib.get_close_matches(given, known, n=1)
    return f"no command {given!r}{f': did you mean {similar[0]!r}?' if similar else '.'} See `firstdose --help`."
