"""`cache`: the rows of the caches, one of them, declaring some void; and the job of the UI that does the same."""

import json
import re

import pytest
from dagster import DagsterInstance

from whisper_enrich.definitions import defs
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import cache_rows
from whisper_enrich.storage.strategic_caches import BY_NAME
from whisper_enrich_tests.builders import enrich
from whisper_enrich_tests.cli.conftest import YESTERDAY, line, talk, write_lines


@pytest.fixture(scope="module", autouse=True)
def computed(cli, home, tmp_path_factory):
    """Ana's and ben's rows of elena."""
    lines = talk() + [line(entry["text"], user="ben", minute=i + 10) for i, entry in enumerate(talk())]
    assert cli("load", write_lines(tmp_path_factory.mktemp("lines") / "talk.jsonl", lines)).code == 0
    compute(home)


def compute(home) -> dict[str, int]:
    """The caches of elena; by cache the rows made."""
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:
        ctx = pipeline.context("test")
        elena = ctx.collection_of("elena")
        enrich(ctx, elena)
        bring_features_up_to_date(ctx, elena, [YESTERDAY])
        return {name: compute_caches(ctx, elena, [YESTERDAY], name)[YESTERDAY].rows for name in BY_NAME}


def void(home) -> set[tuple[str, str | None]]:
    with (
        opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline,
        pipeline.database.connect() as connection,
    ):
        found = cache_rows.entries(connection, sorted(BY_NAME), None, None, 100)
    return {(entry.cache, entry.user_id) for entry in found if entry.void}


def test_every_row_is_listed_with_how_far_it_has_read_and_whether_it_holds(cli):
    shown = cli("cache", "list", "--bot", "elena").out
    assert len(re.findall(r"^elena .* fresh ", shown, re.MULTILINE)) == 13
    assert f"{YESTERDAY} 09:" in shown
    assert "(all)" in shown
    assert len(cli("cache", "list", "--user", "ana").out.splitlines()) == 1 + 6
    assert len(cli("cache", "list", "--user", "ana", "--table", "memory_health").out.splitlines()) == 1 + 1
    assert "No row is stale." in cli("cache", "list", "--stale").out
    assert "No row fits." in cli("cache", "list", "--bot", "nobody").out


def test_a_list_that_is_cut_short_says_so(cli):
    assert "There are more than 2" in cli("cache", "list", "--limit", 2).out


def test_one_row_is_shown_as_json(cli):
    row = json.loads(cli("cache", "show", "memory_health", "--bot", "elena", "--user", "ana").out)
    assert row["user_id"] == "ana"
    assert row["details"]["memory_aging"]["memory_count"] > 0
    assert json.loads(cli("cache", "show", "character_performance", "--bot", "elena").out)["user_id"] is None
    assert "has no row of user 'eve'" in cli("cache", "show", "memory_health", "--bot", "elena", "--user", "eve").error


def test_rows_that_are_declared_void_are_stale_and_the_next_run_makes_just_these_anew(cli, home):
    done = cli("cache", "invalidate", "--user", "ana", "--table", "memory_health")
    assert "strategic_memory_health: 1 row declared void" in done.out
    assert void(home) == {("strategic_memory_health", "ana")}
    assert cli("cache", "list", "--stale").out.count("stale: invalidated") == 1
    assert {name: rows for name, rows in compute(home).items() if rows} == {"strategic_memory_health": 1}
    assert void(home) == set()


def test_nothing_is_declared_void_unless_it_is_said_what(cli, home):
    assert "Give --bot, --user or --table, or --all" in cli("cache", "invalidate").error
    assert void(home) == set()


def test_the_job_of_the_ui_does_the_same(home):
    def run(**config):
        with (
            opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline,
            DagsterInstance.ephemeral() as instance,
        ):
            return defs.get_job_def("invalidate_caches").execute_in_process(
                run_config={"ops": {"invalidate_rows": {"config": config}}}, instance=instance,
                resources={"pipeline": pipeline}, raise_on_error=False,
            )  # fmt: skip

    assert run(bot="elena", table="memory_behavior").output_for_node("invalidate_rows") == 2
    assert void(home) == {("strategic_memory_behavior", "ana"), ("strategic_memory_behavior", "ben")}
    for mistake in ({}, {"table": "moods"}):
        assert not run(**mistake).success
    assert run(everything=True).output_for_node("invalidate_rows") == 11
    assert sum(compute(home).values()) == 13
