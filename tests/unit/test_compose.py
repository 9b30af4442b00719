"""The compose deployment, as far as it can be checked without an engine: names, pins, order, secrets, patience."""

import re
import subprocess
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from desk import serve
from desk.cli.verbs import VERBS
from desk.delivery import run as relays
from firstdose.adapters.postgres import pool
from firstdose.settings import settings_table
from workers import build

REPO = Path(__file__).parents[2]
DOCKERFILE = (REPO / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((REPO / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "worker", "make-current", "desk")
# Nothing waits for it: it only says whose the work is.
ENDS_LAST = {"make-current"}
PUBLISHED = ("proxy", "temporal-ui")
# It writes its configuration when it starts.
WRITABLE = {"temporal-ui"}

service = pytest.mark.parametrize("name", SERVICES)
ours = pytest.mark.parametrize("name", OURS)


def waits(name: str) -> dict[str, str]:
    return {other: how["condition"] for other, how in SERVICES[name].get("depends_on", {}).items()}


def is_one_shot(name: str) -> bool:
    return name in ENDS_LAST or any(waits(other).get(name) == "service_completed_successfully" for other in SERVICES)


def known_settings() -> set[str]:
    rows = settings_table().splitlines()[2:]
    return {name for row in rows for name in row.split("`")[1].split(", ")}


def seconds(text: str) -> timedelta:
    return timedelta(seconds=int(text.removesuffix("s")))


@ours
def test_our_processes_are_told_settings_that_exist(name: str) -> None:
    told = {variable.removesuffix("_FILE") for variable in SERVICES[name]["environment"]}
    assert sorted(told - known_settings()) == []


def test_what_the_file_takes_from_the_env_file_are_settings_that_exist() -> None:
    taken = re.findall(r"\$\{([A-Z_]+)", (REPO / "docker-compose.yml").read_text())
    assert taken
    assert sorted(set(taken) - known_settings()) == []


@ours
def test_our_processes_get_secrets_from_files_alone(name: str) -> None:
    environment = SERVICES[name]["environment"]
    secret = {row.split("`")[1] for row in settings_table().splitlines()[2:] if row.endswith("| yes |")}
    assert sorted(secret & set(environment)) == []
    files = {value for variable, value in environment.items() if variable.endswith("_FILE")}
    assert files == {f"/run/secrets/{secret}" for secret in SERVICES[name]["secrets"]}


@service
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"\d+(\.\d+)+", tag), f"{image} has no exact version"


def test_versions_that_belong_together_are_the_same() -> None:
    images = {name: each["image"] for name, each in SERVICES.items()}
    server = images["temporal"].replace("/server:", "/admin-tools:")
    assert images["temporal-schema"] == images["temporal-namespace"] == server
    version = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"]
    assert {images[name] for name in OURS} == {f"firstdose:{version}"}
    assert {SERVICES[name]["environment"]["FIRSTDOSE_BUILD_ID"] for name in OURS} == {
        f"${{FIRSTDOSE_BUILD_ID:-{version}}}"
    }


@service
def test_a_service_shows_its_health_or_ends_and_is_waited_for(name: str) -> None:
    described = SERVICES[name]
    if is_one_shot(name):
        assert "healthcheck" not in described
        assert described["restart"].startswith("on-failure")
    else:
        assert described["healthcheck"]["test"][0] == "CMD"
        assert described["restart"] == "unless-stopped"


@service
def test_what_is_waited_for_exists_and_can_be_waited_for_in_this_way(name: str) -> None:
    for other, condition in waits(name).items():
        assert condition == ("service_completed_successfully" if is_one_shot(other) else "service_healthy")


def test_everything_starts_after_the_schema_and_the_namespace() -> None:
    def before(name: str) -> set[str]:
        return set(waits(name)).union(*(before(other) for other in waits(name)))

    for name in ("worker", "desk"):
        assert before(name) == {"migrate", "postgres", "temporal", "temporal-schema", "temporal-namespace"}


def test_a_build_gets_work_once_its_workers_run() -> None:
    assert SERVICES["make-current"]["command"] == ["make-current"]
    assert waits("make-current") == {"worker": "service_healthy"}


@service
def test_secrets_are_declared_and_made_by_the_script(name: str) -> None:
    script = (REPO / "deploy/compose/make-secrets.sh").read_text()
    page = (REPO / "deploy/compose/secrets/README.md").read_text()
    for secret in SERVICES[name].get("secrets", []):
        assert COMPOSE["secrets"][secret]["file"] == f"./deploy/compose/secrets/{secret}"
        assert f"keep {secret} " in script
        assert f"`{secret}`" in page


def test_lost_keys_are_not_replaced_by_others(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets.sh"
    script.write_text((REPO / "deploy/compose/make-secrets.sh").read_text())
    (tmp_path / "secrets").mkdir()
    make = ["/bin/bash", str(script)]
    assert subprocess.run(make, check=False).returncode == 0
    keys = tmp_path / "secrets" / "firstdose_keys"
    made = keys.read_text()
    assert subprocess.run(make, check=False).returncode == 0
    assert keys.read_text() == made
    keys.unlink()
    assert subprocess.run(make, check=False).returncode == 1
    assert not keys.exists()


def test_secrets_are_used_and_kept_out_of_git_and_image() -> None:
    used = {secret for each in SERVICES.values() for secret in each.get("secrets", [])}
    assert set(COMPOSE["secrets"]) == used
    assert (REPO / "deploy/compose/secrets/.gitignore").read_text().splitlines()[0] == "*"
    assert "!deploy" not in (REPO / ".dockerignore").read_text()


@service
def test_mounted_files_and_their_scripts_exist(name: str) -> None:
    mounts = [mount.split(":") for mount in SERVICES[name].get("volumes", [])]
    places = {target: REPO / source for source, target, *_ in mounts if source.startswith("./")}
    assert [str(place) for place in places.values() if not place.exists()] == []
    assert all(mode == ["ro"] for source, _, *mode in mounts if source.startswith("./"))
    words = [*SERVICES[name].get("entrypoint", []), *map(str, SERVICES[name].get("environment", {}).values())]
    for word in words:
        if word.startswith("/deploy/"):
            assert (places["/deploy"] / word.removeprefix("/deploy/")).is_file(), f"{word} is not there"


def test_every_script_of_the_deployment_stops_at_the_first_error() -> None:
    for script in (REPO / "deploy/compose").rglob("*.sh"):
        assert re.search(r"^set -eu", script.read_text(), re.MULTILINE), script.name


@service
def test_nothing_but_proxy_and_web_ui_is_published_and_only_on_loopback(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert bool(ports) is (name in PUBLISHED)
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert ("outside" in SERVICES[name]["networks"]) is (name in ("desk", "temporal-ui", "worker"))
    # Whom the desk believes about its callers: nobody but the proxy may be there.
    assert ("doors" in SERVICES[name]["networks"]) is (name in ("desk", "proxy"))
    assert COMPOSE["networks"]["inside"]["internal"] is True


@service
def test_containers_may_do_little(name: str) -> None:
    described = SERVICES[name]
    assert described["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in described["security_opt"]
    assert described.get("read_only", False) is (name not in WRITABLE)
    assert "privileged" not in described


def test_a_stopping_process_gets_more_time_than_it_takes() -> None:
    worker, desk = (seconds(SERVICES[name]["stop_grace_period"]) for name in ("worker", "desk"))
    assert worker > build._SHUTDOWN + 2 * timedelta(seconds=pool._CLOSING_SECONDS)
    assert desk > timedelta(seconds=serve._LAST_REQUESTS_S + relays._LAST_DELIVERIES_S)


def test_there_are_two_workers() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] >= 2


@ours
def test_our_processes_run_commands_that_exist(name: str) -> None:
    verbs = {verb.name for group in VERBS.values() for verb in group}
    assert SERVICES[name]["command"][0] in verbs
    assert 'ENTRYPOINT ["firstdose"]' in DOCKERFILE


def test_health_is_asked_for_where_the_process_answers() -> None:
    for name, variable in (("worker", "FIRSTDOSE_METRICS_PORT"), ("desk", "FIRSTDOSE_PORT")):
        port = SERVICES[name]["environment"][variable]
        assert f"http://127.0.0.1:{port}/" in SERVICES[name]["healthcheck"]["test"][-1]


def test_the_databases_are_those_that_temporal_and_we_are_told() -> None:
    made = (REPO / "deploy/compose/postgres/databases.sql").read_text()
    told = SERVICES["temporal"]["environment"]
    for database in (told["DBNAME"], told["VISIBILITY_DBNAME"]):
        assert f"CREATE DATABASE {database} OWNER {told['POSTGRES_USER']};" in made
    assert "CREATE DATABASE firstdose OWNER firstdose;" in made
    assert made.count("FROM PUBLIC;") == made.count("CREATE DATABASE")
    for secret in re.findall(r"/run/secrets/(\w+)", made):
        assert secret in SERVICES["postgres"]["secrets"]


def test_the_namespace_is_the_one_that_our_processes_use() -> None:
    script = (REPO / "deploy/compose/temporal/namespace.sh").read_text()
    assert {SERVICES[name]["environment"]["TEMPORAL_NAMESPACE"] for name in OURS} == {"firstdose"}
    assert "namespace=firstdose\n" in script
    assert "retention=720h\n" in script


def test_the_image_installs_the_lock_without_a_compiler_and_runs_as_nobody_special() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILE)
    from_lock = [each for each in installs if "--no-index" not in each]
    assert all("--require-hashes" in each and "--only-binary=:all:" in each for each in from_lock)
    assert any("-r requirements/runtime.txt" in each for each in from_lock)
    assert re.search(r"gcc|build-essential|apt-get", DOCKERFILE) is None
    users = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1] != "0"


def test_the_image_is_made_of_what_the_build_needs_and_of_nothing_else() -> None:
    let_in = {
        line.removeprefix("!") for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    packages = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    roots = {package.partition(".")[0] for package in packages}
    assert let_in == roots | {"LICENSE", "README.md", "pyproject.toml", "requirements"}
