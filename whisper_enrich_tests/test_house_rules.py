"""What holds for the whole repository."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "whisper_enrich"
DAGSTER_ROOMS = {"assets", "automation", "resources", "cli"}
DAGSTER_FILES = {"definitions.py", "partitions.py"}
DOMAIN = {"facts", "summaries", "text", "messages", "strategic"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_rooms_of_dagster_import_it(path):
    if room(path) in DAGSTER_ROOMS or path.name in DAGSTER_FILES:
        return
    assert not {name for name in imports(path) if name.split(".")[0] == "dagster"}


@pytest.mark.parametrize("path", [p for p in modules() if room(p) in DOMAIN], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_domain_knows_neither_database_nor_stages(path):
    forbidden = ("sqlalchemy", "psycopg2", "whisper_enrich.storage", "whisper_enrich.stages", "whisper_enrich.assets")
    assert not {name for name in imports(path) if name.startswith(forbidden)}


HOT_PATH_MAY_IMPORT = (
    "whisper_enrich.hot_path", "whisper_enrich.errors", "whisper_enrich.facts.ageing", "whisper_enrich.facts.hostile",
    "whisper_enrich.facts.model", "whisper_enrich.text.sentences",
    "whisper_enrich.strategic.validity", "whisper_enrich.text.terms", "whisper_enrich.text.words",
    "whisper_enrich.messages.model",
)  # fmt: skip
"""Of ours; none of it loads a heavy library (`hot_path/test_imports.py` looks at what is loaded in fact)."""
BOTS_HAVE = {"psycopg2", "sqlalchemy", "asyncpg", "dateutil", "prometheus_client", "orjson"}


@pytest.mark.parametrize(
    "path", [p for p in modules() if room(p) == "hot_path"], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_what_a_bot_imports_needs_nothing_of_the_worker(path):
    ours = {name for name in imports(path) if name.startswith("whisper_enrich")}
    assert not {name for name in ours if not name.startswith(HOT_PATH_MAY_IMPORT)}
    foreign = {name.split(".")[0] for name in imports(path) - ours}
    assert foreign - set(sys.stdlib_module_names) - BOTS_HAVE == set()


def test_modules_with_dagster_decorators_have_no_future_annotations():
    for path in modules():
        if room(path) in DAGSTER_ROOMS - {"cli"}:
            assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), path


def test_the_project_can_be_loaded_by_the_names_in_its_configuration():
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    module = workspace["load_from"][0]["python_module"]
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert f'module_name = "{module["module_name"]}"' in pyproject
    assert f'code_location_name = "{module["location_name"]}"' in pyproject


def test_the_deployment_instance_spells_out_the_driver():
    storage = yaml.safe_load((ROOT / "docker" / "dagster.yaml").read_text())["storage"]["postgres"]["postgres_db"]
    assert storage["scheme"] == "postgresql+psycopg2"


def test_the_deployment_instance_stores_runs_in_postgresql(postgres_home, tmp_path, monkeypatch):
    from dagster import DagsterInstance

    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(postgres_home) as info:
        # The embedded server has no TCP; libpq takes a socket folder for a host.
        values = {
            "HOST": str(info.socket_dir),
            "PORT": "5432",
            "DB": "whisper_enrich",
            "USER": info.user,
            "PASSWORD": "-",
        }
        for name, value in values.items():
            monkeypatch.setenv(f"DAGSTER_POSTGRES_{name}", value)
        text = (ROOT / "docker" / "dagster.yaml").read_text()
        (tmp_path / "dagster.yaml").write_text(
            re.sub(
                r"hostname:\n\s+env: DAGSTER_POSTGRES_HOST",
                "hostname: ''\n      params: {host: " + values["HOST"] + "}",
                text,
            )
        )
        with DagsterInstance.from_config(str(tmp_path)) as instance:
            assert instance.get_runs_count() == 0


def test_every_setting_says_what_it_is():
    from whisper_enrich.settings import Settings

    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_file_and_folder_that_is_run_under_another_time_zone_exists():
    from whisper_enrich_tests.conftest import TIME_SENSITIVE

    assert [name for name in sorted(TIME_SENSITIVE) if not (ROOT / "whisper_enrich_tests" / name).exists()] == []
