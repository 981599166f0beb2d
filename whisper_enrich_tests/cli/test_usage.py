"""What needs no state: help, and what cannot be understood."""

import pytest

from whisper_enrich.cli import main
from whisper_enrich_tests.cli.conftest import cli_for

COMMANDS = {
    "demo", "up", "migrate", "load", "enrich", "retry", "reconcile", "status", "doctor", "cost", "fact", "diff", "rollback",
    "rollup", "summaries", "user", "batches", "show", "ask", "cache",
    "exporter", "alerts", "forget", "export", "pii", "prompt",
    "tidy", "backup", "restore",
}  # fmt: skip


@pytest.fixture
def anywhere(tmp_path):
    """The command line with a state folder that it never gets to use."""
    return cli_for(tmp_path / "state")


def test_the_commands_are_those_of_the_manual():
    assert set(main.commands) == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_says_what_it_does_and_what_each_option_means(anywhere, command):
    answer = anywhere(command, "--help")
    assert answer.code == 0
    assert len(answer.out.splitlines()[2].strip()) > 30
    for option in main.commands[command].params:
        if option.param_type_name == "option":
            assert option.help, option.name


def test_the_help_of_load_shows_a_line_of_a_file(anywhere):
    assert '"speaker": "user"' in anywhere("load", "--help").out


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        (("frobnicate",), "No such command 'frobnicate'"),
        (("enrich", "--frm", "today"), "No such option '--frm'"),
        (("load",), "Missing argument 'FILES...'"),
        (("up", "--port", "0"), "0 is not in the range"),
        (("status", "--days", "many"), "'many' is not a valid integer"),
    ],
)
def test_wrong_usage_is_one_line_that_points_to_the_help(anywhere, args, phrase):
    answer = anywhere(*args)
    assert phrase in answer.error
    assert "--help`" in answer.error
    assert answer.code == 2


@pytest.mark.parametrize(
    ("variable", "value", "phrase"),
    [
        ("TIME_WINDOW_HOURS", "7", "7 does not divide 24"),
        ("POSTGRES_PORT", "many", "valid integer"),
        ("ENRICHMENT_START_DATE", "long ago", "valid date"),
        ("POSTGRES_SCHEMA", "drop table", "match pattern"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(anywhere, variable, value, phrase):
    answer = anywhere("status", **{variable: value})
    assert answer.error.startswith(f"Error: {variable} cannot be used: ")
    assert phrase in answer.error


def test_a_secret_that_cannot_be_used_is_not_shown(anywhere):
    assert "geheim" not in anywhere("status", QDRANT_PORT="geheim").error


def test_a_state_folder_that_cannot_be_made_is_named(anywhere, tmp_path):
    (tmp_path / "file").write_text("")
    answer = anywhere("status", WHISPER_ENRICH_HOME=tmp_path / "file" / "state")
    assert "lies below" in answer.error


def test_a_home_of_dagster_that_does_not_exist_is_named(anywhere, tmp_path):
    assert "DAGSTER_HOME" in anywhere("up", DAGSTER_HOME=tmp_path / "nowhere").error
    assert "DAGSTER_HOME" in anywhere("up", DAGSTER_HOME="relative").error
