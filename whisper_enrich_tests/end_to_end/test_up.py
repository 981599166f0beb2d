"""The real thing: webserver, daemon, sensor and both embedded engines, from the first start to Ctrl-C.

One story in two lives, told in order. First life: the sensor notices what waits, the database is killed, more messages
arrive, a person switches the sensor off and launches what is left. Then the main process is killed. Second life: the
backfill goes on, and Ctrl-C ends it all.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from whisper_enrich.definitions import defs
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.tables import CACHES
from whisper_enrich_tests.cli.conftest import TODAY, YESTERDAY, Answer, cli_for, talk, write_lines
from whisper_enrich_tests.end_to_end.served import ENDED, Ui, Up, eventually

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]

STRATEGIC = ["conversation_features", *(cache.name for cache in CACHES)]
PIPELINE = ["pending_messages", "user_facts", "conversation_summaries", *STRATEGIC, "enrichment_metadata"]
ASSETS = {
    "conversation_memory": ("sources", {"qdrant"}),
    "pending_messages": ("intake", {"postgres", "qdrant"}),
    "user_facts": ("knowledge", {"postgres", "python"}),
    "conversation_summaries": ("knowledge", {"postgres", "python"}),
    "enrichment_metadata": ("completion", {"postgres", "qdrant"}),
    "summary_rollups": ("knowledge", {"postgres", "python"}),
    "ledger_reconciliation": ("housekeeping", {"postgres", "qdrant"}),
    "model_answers_retention": ("housekeeping", {"postgres"}),
    "strategic_snapshots_retention": ("housekeeping", {"postgres"}),
    "reader_observations": ("housekeeping", {"influxdb", "postgres"}),
    "summaries_archive": ("housekeeping", {"qdrant", "postgres"}),
    "records_retention": ("housekeeping", {"postgres"}),
    "dagster_events_retention": ("housekeeping", {"dagster"}),
    "facts_consolidation": ("housekeeping", {"postgres"}),
    **{name: ("strategic", {"postgres", "python"}) for name in STRATEGIC},
}
"""Group and kinds of each asset."""

LONE_DAY = TODAY - timedelta(days=10)
BACKFILLED = [TODAY - timedelta(days=21), TODAY - timedelta(days=20)]


@pytest.fixture(scope="module")
def ui(up: Up) -> Ui:
    """The UI of a running `up`. Messages of elena were there before it."""
    load(up, talk("elena"))
    up.start()
    return Ui(up)


@pytest.fixture(scope="module")
def database_killed(ui: Ui) -> Answer:
    """The postmaster was killed, when a tick had used it and a run was about to; what `status` says right afterwards."""
    eventually("the sensor launches a run for elena", lambda: ui.run_with(by_sensor("elena")))
    os.kill(EmbeddedPostgres(ui.up.home).status().pid, signal.SIGKILL)
    return cli_for(ui.up.home)("status")


@pytest.fixture(scope="module")
def first_life(ui: Ui, database_killed: Answer) -> Ui:
    """A person launched one day, and messages of marcus arrived, for which the sensor launched a run.

    Then the person switched the sensor off, which might get to the days of the backfill before the backfill does.
    """
    load(ui.up, talk("elena", LONE_DAY))
    ui.launch(PIPELINE, "elena", LONE_DAY.isoformat())
    load(ui.up, talk("marcus"))
    eventually("the sensor launches a run for marcus", lambda: ui.run_with(by_sensor("marcus")))
    ui.switch_sensor(False)
    load(ui.up, [line for day in BACKFILLED for line in talk("elena", day)])
    ui.backfill(PIPELINE, [f"elena|{day}" for day in BACKFILLED])
    return ui


@pytest.fixture(scope="module")
def killed(first_life: Ui) -> Up:
    """The main process was killed, without a chance to say anything to the others."""
    eventually("the end of all runs", lambda: all(run["status"] in ENDED for run in first_life.runs()))
    first_life.up.process.kill()
    first_life.up.process.wait(timeout=10)
    return first_life.up


@pytest.fixture(scope="module")
def second_life(killed: Up) -> Ui:
    """Started again."""
    killed.start()
    return Ui(killed)


@pytest.fixture(scope="module")
def stopped(second_life: Ui) -> Up:
    """Ended by Ctrl-C."""
    second_life.up.process.send_signal(signal.SIGINT)
    second_life.up.process.wait(timeout=60)
    return second_life.up


def by_sensor(bot: str) -> dict[str, str]:
    """What tells a run that the sensor has launched."""
    return {"whisper_enrich/cause": "sensor", "whisper_enrich/bot": bot}


def load(up: Up, lines: list[dict]) -> None:
    """`whisper-enrich load`."""
    answer = cli_for(up.home)("load", write_lines(up.parent / "messages.jsonl", lines))
    assert answer.code == 0, answer.err


def stored(up: Up) -> dict[str, Counter[tuple[str, date]]]:
    """Rows by table, bot and day."""
    queries = {
        "facts": "SELECT bot_name, day FROM whisper_enrich.fact_assertions",
        "summaries": "SELECT bot_name, start_timestamp::date FROM whisper_enrich.conversation_summaries",
    }
    with EmbeddedPostgres(up.home) as info:
        engine = create_engine(info.sqlalchemy_url, poolclass=NullPool)
        with engine.connect() as connection:
            return {name: Counter(map(tuple, connection.execute(text(query)))) for name, query in queries.items()}


def test_the_ui_shows_each_asset_with_group_kinds_owner_description_and_checks(ui: Ui):
    nodes = ui.up.ask(
        "{assetNodes{assetKey{path} groupName kinds description owners{... on TeamAssetOwner{team}}"
        " assetChecksOrError{... on AssetChecks{checks{name description}}}}}"
    )
    assert {node["assetKey"]["path"][0]: (node["groupName"], set(node["kinds"])) for node in nodes} == ASSETS
    assert all(node["owners"] == [{"team": "enrichment"}] for node in nodes)
    assert all(len(node["description"]) > 80 for node in nodes)
    checks = {check["name"]: check for node in nodes for check in node["assetChecksOrError"]["checks"]}
    assert set(checks) == {
        "nothing_waits_too_long", "no_dead_letters", "every_point_is_accounted_for", "every_fact_has_evidence",
        "budget_left", "cycles_are_in_time", "row_for_every_active_user", "rows_have_read_everything",
        "nulls_have_reasons", "values_are_steady", "cache_hit_rate",
    }  # fmt: skip
    assert all(check["description"] for check in checks.values())


def test_the_ui_shows_the_jobs_and_sensor_and_schedules_at_work(ui: Ui):
    (repository,) = ui.up.ask(
        "{repositoriesOrError{... on RepositoryConnection{nodes{location{name} jobs{name description}"
        " sensors{name description sensorState{status}} schedules{name description scheduleState{status}}}}}}"
    )["nodes"]
    assert repository["location"]["name"] == "whisper_enrich"
    jobs = {job["name"]: job["description"] for job in repository["jobs"] if job["name"] != "__ASSET_JOB"}
    sensors = {sensor["name"]: sensor["sensorState"]["status"] for sensor in repository["sensors"]}
    schedules = {schedule["name"]: schedule["scheduleState"]["status"] for schedule in repository["schedules"]}
    wired = defs.get_repository_def()
    assert set(jobs) == {job.name for job in wired.get_all_jobs()} - {"__ASSET_JOB"}
    assert sensors == {sensor.name: "RUNNING" for sensor in wired.sensor_defs}
    assert schedules == {schedule.name: "RUNNING" for schedule in wired.schedule_defs}
    assert all(jobs.values())
    assert all(entry["description"] for entry in (*repository["sensors"], *repository["schedules"]))


@pytest.mark.parametrize("bot", ["elena", "marcus"])
def test_the_sensor_notices_messages_that_wait_and_those_that_arrive(first_life: Ui, bot: str):
    run = first_life.ended(by_sensor(bot))
    assert run["jobName"] == "enrich_bot_day"
    assert run["tags"]["whisper_enrich/days"] == YESTERDAY.isoformat()
    assert first_life.materialised(run["runId"]) == {(asset, f"{bot}|{YESTERDAY}") for asset in PIPELINE}
    rows = stored(first_life.up)
    assert (rows["facts"][bot, YESTERDAY], rows["summaries"][bot, YESTERDAY]) == (3, 1)


def test_a_killed_database_is_brought_back_by_the_next_command_and_no_tick_or_run_fails(
    database_killed: Answer, first_life: Ui
):
    assert database_killed.code == 0, database_killed.err
    assert {run["status"] for run in first_life.runs()} <= {"QUEUED", "STARTING", "STARTED", "SUCCESS"}
    assert [tick for tick in first_life.sensor()["ticks"] if tick["status"] == "FAILURE"] == []


def test_a_person_can_materialise_one_partition(first_life: Ui):
    run = first_life.ended({"dagster/partition": f"elena|{LONE_DAY}"})
    assert first_life.materialised(run["runId"]) == {(asset, f"elena|{LONE_DAY}") for asset in PIPELINE}
    rows = stored(first_life.up)
    assert (rows["facts"]["elena", LONE_DAY], rows["summaries"]["elena", LONE_DAY]) == (3, 1)
    assert not any(rows["facts"]["elena", day] for day in BACKFILLED)


def test_after_the_main_process_was_killed_the_next_command_recovers(killed: Up):
    answer = cli_for(killed.home)("status")
    assert answer.code == 0, answer.err
    assert "elena" in answer.out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_what_a_killed_main_process_has_started_ends_without_it(killed: Up):
    eventually(
        "Dagster ends", lambda: all("postgres" in process.info["name"] for process in killed.processes()), seconds=40
    )
    assert cli_for(killed.home)("status").code == 0
    assert killed.processes() == []


def test_a_backfill_goes_on_after_the_restart_and_does_its_days_in_one_run(second_life: Ui):
    days = {f"elena|{day}" for day in BACKFILLED}
    run = second_life.ended({"dagster/asset_partition_range_start": min(days)})
    assert run["tags"]["dagster/asset_partition_range_end"] == max(days)
    assert "dagster/backfill" in run["tags"]
    assert second_life.materialised(run["runId"]) == {(asset, day) for asset in PIPELINE for day in days}
    rows = stored(second_life.up)
    assert {(rows["facts"]["elena", day], rows["summaries"]["elena", day]) for day in BACKFILLED} == {(3, 1)}


def test_a_sensor_that_a_person_has_switched_off_stays_so(second_life: Ui):
    assert second_life.sensor()["status"] == "STOPPED"
    second_life.switch_sensor(True)


def test_ctrl_c_ends_everything_and_says_so(stopped: Up):
    assert stopped.process.returncode == 0
    assert stopped.said().endswith("Stopped; nothing is left running.\n")
    assert stopped.processes() == []


def test_afterwards_the_command_line_tells_what_was_done(stopped: Up):
    rows = [line.split() for line in cli_for(stopped.home)("status").out.splitlines()]
    done = {(row[0], row[1]): row[2:4] for row in rows if len(row) > 10}
    days = [*BACKFILLED, LONE_DAY, YESTERDAY]
    assert all(done["elena", day.isoformat()] == ["6", "6"] for day in days)
    assert done["marcus", YESTERDAY.isoformat()] == ["6", "6"]
    assert stopped.processes() == []
