"""The files of a deployment fit each other, the settings and the lock: what can be known without a container engine."""

import json
import re
import runpy
import shlex
import subprocess
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from whisper_enrich.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DATABASES = {"enrich-postgres", "enrich-qdrant", "enrich-influxdb"}
NOT_OURS = DATABASES | {"enrich-prometheus", "enrich-grafana"}
COMPOSE_FILES = sorted(DOCKER.glob("compose*.yaml"))


class ComposeLoader(yaml.SafeLoader):
    """YAML with Compose's own tags, whose values do not matter here."""


ComposeLoader.add_constructor("!reset", lambda loader, node: None)


@cache
def load(name: str) -> dict:
    return yaml.load((DOCKER / name).read_text(encoding="utf-8"), Loader=ComposeLoader)


@cache
def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, continuation lines joined."""
    text = re.sub(r"\\\n\s*", "", (DOCKER / "Dockerfile").read_text(encoding="utf-8"))
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [tuple(line.split(" ", 1)) for line in lines]


def arguments(instruction: str) -> list[str]:
    return [value for name, value in dockerfile() if name == instruction]


def pins(path: Path) -> dict[str, str]:
    """Names and versions of a file with a pin a line."""
    found = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.M)
    return {canonicalize_name(name): version for name, version in found}


@cache
def declared() -> list[Requirement]:
    """What setup.py asks for: the package itself, and the extras that the command in the lock names."""
    with patch("setuptools.setup") as setup:
        runpy.run_path(str(ROOT / "setup.py"))
    given = setup.call_args.kwargs
    extras = re.findall(r"--extra (\S+)", (DOCKER / "requirements.lock").read_text(encoding="utf-8"))
    texts = [*given["install_requires"], *(text for extra in extras for text in given["extras_require"][extra])]
    return [Requirement(text) for text in texts]


def left_out() -> set[str]:
    lines = (DOCKER / "requirements.exclude").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


# The lock


def test_the_lock_holds_all_that_setup_asks_for_but_the_embedded_engine():
    locked = pins(DOCKER / "requirements.lock")
    wanted = {canonicalize_name(requirement.name): requirement.specifier for requirement in declared()}
    assert left_out() == {"qdrant-edge-py"}
    assert set(wanted) - set(locked) == left_out()
    assert {name: locked[name] for name in wanted if name in locked and locked[name] not in wanted[name]} == {}


def test_the_lock_and_the_constraints_of_a_checkout_name_the_same_versions():
    locked, constrained = pins(DOCKER / "requirements.lock"), pins(ROOT / "constraints.txt")
    both = set(locked) & set(constrained)
    assert len(both) > 80
    assert {name: (locked[name], constrained[name]) for name in both if locked[name] != constrained[name]} == {}


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_every_pin_has_its_hashes(name):
    text = (DOCKER / name).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert len(blocks) == len(pins(DOCKER / name)) > 0
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


# The image


def test_what_the_image_copies_exists_and_is_let_through_to_the_build():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [word for line in arguments("COPY") if "--from" not in line for word in shlex.split(line)[:-1]]
    assert len(sources) >= 10
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source.removeprefix('./')}" not in ignored] == []
    assert [line for line in ignored if line.startswith("!") and line[1:] not in sources] == []


def test_the_folder_is_no_package_that_would_hide_the_sdk_of_the_same_name():
    assert not (DOCKER / "__init__.py").exists()


def test_the_image_runs_as_a_fixed_user_without_rights_and_holds_no_build_stage():
    assert arguments("USER") == ["10001:10001"]
    images = [line.split()[0] for line in arguments("FROM")]
    assert images == ["python:3.11-slim-bookworm"] * 2
    starts = [number for number, (name, _) in enumerate(dockerfile()) if name == "FROM"]
    final = [value for name, value in dockerfile()[starts[-1] :] if name == "RUN"]
    assert not any("pip install" in command or "apt-get" in command for command in final)


def test_the_image_is_at_the_version_of_the_package():
    version = re.search(r'version="([^"]+)"', (ROOT / "setup.py").read_text(encoding="utf-8"))[1]
    assert f"VERSION={version}" in arguments("ARG")
    text = "".join(path.read_text(encoding="utf-8") for path in DOCKER.rglob("*.yaml"))
    assert set(re.findall(r"whisper-enrich:(\d[\w.]*)", text)) == {version}
    assert load("helm/values.yaml")["x-image"]["tag"] == version


# Compose


def test_every_service_is_confined():
    for name, service in load("compose.yaml")["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name
        assert any(place.startswith("/tmp:") for place in service["tmpfs"]), name
        if name != "enrich-migrate":
            assert service["restart"] == "unless-stopped", name
            assert service["stop_grace_period"], name
            assert service["deploy"]["resources"]["limits"]["memory"], name
            assert service.get("healthcheck") or name == "enrich-code", name


def test_no_port_is_open_to_anybody_but_this_host():
    ports = [port for service in load("compose.yaml")["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_services_wait_for_what_they_need_and_may_do_without_the_databases_of_a_profile():
    services = load("compose.yaml")["services"]
    assert services["enrich-code"]["depends_on"]["enrich-migrate"]["condition"] == "service_completed_successfully"
    for name, service in services.items():
        for needed, terms in service.get("depends_on", {}).items():
            assert needed in services, name
            assert (needed in DATABASES) == (terms.get("required") is False), (name, needed)
    assert {name for name in DATABASES if "profiles" in services[name]} == DATABASES


def test_our_services_bear_names_that_clash_with_nothing_on_the_network_of_a_platform():
    for name in load("compose.yaml")["services"]:
        assert name.startswith("enrich-")
    host = load("workspace.yaml")["load_from"][0]["grpc_server"]["host"]
    assert host == load("compose.yaml")["services"][host]["hostname"]


def test_the_ports_of_the_code_location_agree():
    command = json.loads(arguments("CMD")[0])
    port = command[command.index("--port") + 1]
    grpc = load("workspace.yaml")["load_from"][0]["grpc_server"]
    assert int(port) == grpc["port"]
    assert json.loads(arguments("HEALTHCHECK")[0].split("CMD ", 1)[1])[-1] == port
    deployment = load("helm/values.yaml")["dagster-user-deployments"]["deployments"][0]
    assert deployment["dagsterApiGrpcArgs"][-1] == command[-1] == "whisper_enrich.definitions"


def test_volumes_and_mounted_files_exist():
    for path in COMPOSE_FILES:
        for name, service in load(path.name)["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("./"):
                    assert (DOCKER / source).exists(), (name, source)
                elif not source.startswith("$"):
                    assert source in load("compose.yaml")["volumes"], (name, source)


def test_only_one_variable_makes_the_stack_join_the_network_of_a_platform():
    assert load("compose.yaml")["include"] == ["network${PLATFORM_NETWORK:+.platform}.yaml"]
    assert load("network.platform.yaml")["networks"]["platform"] == {"name": "${PLATFORM_NETWORK}", "external": True}
    assert list(load("network.yaml")["networks"]) == ["platform"]


def test_every_variable_of_the_example_is_a_setting_or_is_used_by_compose():
    example = (DOCKER / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.M))
    used = {
        name for path in COMPOSE_FILES for name in re.findall(r"\$\{([A-Z0-9_]+)", path.read_text(encoding="utf-8"))
    }
    settings = {name.upper() for name in Settings.model_fields}
    assert named - settings - used - {"COMPOSE_PROFILES", "QDRANT__SERVICE__API_KEY"} == set()
    assert used - named - {"REVISION", "QDRANT_HOST", "QDRANT_PORT", "SECRETS"} == set()


def test_the_example_alone_is_enough():
    """What it sets brings up both databases and a password; nothing else is required."""
    lines = re.findall(r"^([A-Z][A-Z0-9_]+)=(.*)$", (DOCKER / ".env.example").read_text(encoding="utf-8"), re.M)
    assert dict(lines)["COMPOSE_PROFILES"] == "postgres,qdrant"
    assert dict(lines)["POSTGRES_PASSWORD"]
    assert not any(":?" in path.read_text(encoding="utf-8") for path in COMPOSE_FILES)
    Settings(_env_file=DOCKER / ".env.example")


def test_the_daemon_has_every_variable_that_a_run_in_a_container_is_to_be_given():
    compose, runs = load("compose.yaml"), load("compose.docker-runs.yaml")
    code, daemon = (compose["services"][name] for name in ("enrich-code", "enrich-daemon"))
    more = {name: runs["services"][name] for name in ("enrich-code", "enrich-daemon")}
    given = set(daemon["environment"]) | set(more["enrich-daemon"]["environment"])
    assert {*code["environment"], *more["enrich-code"]["environment"]} - given == {"ENRICHMENT_RUN_CONTAINERS"}
    assert code["env_file"] == more["enrich-daemon"]["env_file"]


# Dagster's instances


def test_a_container_a_run_changes_nothing_else_of_the_instance():
    ours, with_containers = load("dagster.yaml"), dict(load("dagster.docker.yaml"))
    launcher = with_containers.pop("run_launcher")
    assert with_containers == ours
    assert (launcher["module"], launcher["class"]) == ("dagster_docker", "DockerRunLauncher")
    assert launcher["config"]["container_kwargs"]["read_only"] is True


def test_the_instance_of_kubernetes_says_what_that_of_compose_says():
    values, ours = load("helm/values.yaml"), load("dagster.yaml")
    queue = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    limits = {limit["key"]: limit for limit in ours["concurrency"]["runs"]["tag_concurrency_limits"]}
    assert [limit["key"] for limit in queue["tagConcurrencyLimits"]] == list(limits)
    assert queue["tagConcurrencyLimits"][0] == limits["whisper_enrich/live"]
    assert queue["tagConcurrencyLimits"][1]["limit"] <= queue["maxConcurrentRuns"] / 2
    assert queue["dequeueIntervalSeconds"] == ours["run_queue"]["dequeue_interval_seconds"]
    more = values["additionalInstanceConfig"]
    assert more["run_retries"] == ours["run_retries"]
    assert more["run_monitoring"]["max_runtime_seconds"] == ours["run_monitoring"]["max_runtime_seconds"]
    assert values["postgresql"]["postgresqlScheme"] == ours["storage"]["postgres"]["postgres_db"]["scheme"]
    assert (
        values["retention"]["sensor"]["purgeAfterDays"].items()
        > ours["retention"]["sensor"]["purge_after_days"].items()
    )


@pytest.mark.parametrize("name", ["celery-workers.yaml", "values.yaml"])
def test_pods_are_confined(name):
    documents = list(yaml.safe_load_all((DOCKER / "helm" / name).read_text(encoding="utf-8")))
    manifests = documents[0].get("extraManifests", documents)
    pods = [document["spec"]["template"]["spec"] for document in manifests if "template" in document.get("spec", {})]
    assert len(pods) == 1
    for pod in pods:
        assert pod["securityContext"]["runAsUser"] == 10001
        assert all(container["securityContext"]["readOnlyRootFilesystem"] for container in pod["containers"])


# The entry point


def entry_point(folder: Path, **environment: str) -> dict[str, str]:
    """The environment that a command sees."""
    result = subprocess.run(
        [DOCKER / "entrypoint.sh", "env"], check=True, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "SECRETS_FOLDER": str(folder), **environment},
    )  # fmt: skip
    return dict(line.split("=", 1) for line in result.stdout.splitlines())


def test_a_secret_file_becomes_a_variable_unless_that_is_set(tmp_path):
    (tmp_path / "postgres_password").write_text("from the file, with 'quotes' and $signs\n")
    (tmp_path / "llm_chat_api_key").write_text("file")
    seen = entry_point(tmp_path, LLM_CHAT_API_KEY="environment", POSTGRES_PASSWORD="")
    assert seen["POSTGRES_PASSWORD"] == seen["DAGSTER_POSTGRES_PASSWORD"] == "from the file, with 'quotes' and $signs"
    assert seen["LLM_CHAT_API_KEY"] == "environment"


def test_a_run_in_a_container_gets_the_names_of_the_variables_but_no_value(tmp_path):
    seen = entry_point(
        tmp_path, ENRICHMENT_RUN_CONTAINERS="1", POSTGRES_PASSWORD="secret", LOOKBACK_DAYS="3", HOME="/app"
    )
    names = json.loads(seen["DAGSTER_CONTAINER_CONTEXT"])["docker"]["env_vars"]
    assert {"POSTGRES_PASSWORD", "LOOKBACK_DAYS", "DAGSTER_POSTGRES_PASSWORD"} <= set(names)
    assert {"HOME", "PATH", "ENRICHMENT_RUN_CONTAINERS"} & set(names) == set()
    assert "secret" not in seen["DAGSTER_CONTAINER_CONTEXT"]
