"""Passwords and keys stand in nothing that a command prints, raises or logs, and in no child's arguments."""

from __future__ import annotations

import logging
import subprocess

import pytest
from click.testing import CliRunner

from whisper_enrich.cli import main, serve
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.state_dir import state_dir
from whisper_enrich_tests.hot_path.test_robustness import _AsksForAPassword
from whisper_enrich_tests.places import open_folder

SECRET = "s3same-0pen"
KEYS = {
    "POSTGRES_PASSWORD": SECRET, "QDRANT_API_KEY": SECRET, "LLM_CHAT_API_KEY": SECRET, "OPENROUTER_API_KEY": SECRET,
    "INFLUXDB_TOKEN": SECRET, "LLM_CHAT_MODEL": "acme/small", "QDRANT_URL": f"http://me:{SECRET}@127.0.0.1:1",
    "INFLUXDB_URL": f"http://me:{SECRET}@127.0.0.1:1", "LLM_CHAT_API_URL": f"http://me:{SECRET}@127.0.0.1:1/v1",
    "QDRANT_TIMEOUT_SECONDS": "1", "LLM_MAX_RETRIES": "0",
}  # fmt: skip
COMMANDS = [
    ["doctor", "--all"], ["status"], ["migrate"], ["enrich"], ["forget", "--user", "ana", "--yes"],
    ["export", "--user", "ana"], ["show", "--bot", "elena", "--user", "ana"], ["reconcile"], ["cost"],
]  # fmt: skip


@pytest.fixture(scope="module")
def refusing():
    """A PostgreSQL that takes no password."""
    server = _AsksForAPassword()
    yield {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": server.dsn.partition("127.0.0.1:")[2].partition("/")[0],
        "PGSSLMODE": "disable",
    }
    server.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_whose_password_is_wrong_says_so_without_it(refusing, tmp_path, caplog, command):
    variables = {**KEYS, **refusing, "WHISPER_ENRICH_HOME": str(tmp_path), "DAGSTER_HOME": None}
    with caplog.at_level(logging.DEBUG):
        result = CliRunner().invoke(main, command, env=variables)
    assert result.exit_code != 0
    assert "password authentication failed" in result.output
    assert SECRET not in result.output + caplog.text + repr(result.exception)


def test_settings_and_errors_do_not_show_what_is_secret(refusing, monkeypatch):
    for name, value in {**KEYS, **refusing}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    database = Database(settings)
    told = repr([settings, str(settings), database.engine, database.engine.url])
    assert SECRET not in told.replace(repr(settings.qdrant_url), "").replace(repr(settings.influxdb_url), "").replace(
        repr(settings.llm_chat_api_url), ""
    )
    with pytest.raises(Exception, match="password authentication failed") as raised:
        database.ping()
    chain = [raised.value, raised.value.__cause__, raised.value.__context__]
    assert SECRET not in repr(chain) + str(raised.value)
    database.close()


def test_no_child_is_started_with_a_secret_among_its_arguments(monkeypatch):
    seen: list[str] = []
    original = subprocess.Popen.__init__

    def noting(self, args, *more, **options):
        seen.append(repr(args))
        original(self, args, *more, **options)

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(subprocess.Popen, "__init__", noting)
    with open_folder() as folder:
        postgres = EmbeddedPostgres(state_dir(folder / "state"))
        postgres.acquire()
        postgres.remove(force=True)
        monkeypatch.setattr(serve, "psutil", _NoProcess)
        monkeypatch.setattr(serve.sys, "executable", "/bin/true")
        serve._start(3999, folder).wait()
    assert any("dagster" in arguments for arguments in seen) and len(seen) > 1
    assert SECRET not in "".join(seen)


class _NoProcess:
    """Stands for psutil, as what was started is over."""

    class Process:
        def __init__(self, pid: int) -> None:
            self.pid = pid

        def create_time(self) -> float:
            return 0.0
