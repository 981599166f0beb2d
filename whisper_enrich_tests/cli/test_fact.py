"""`fact`, `diff` and `rollback`."""

from __future__ import annotations

import pytest

from whisper_enrich_tests.cli.conftest import BEFORE, TODAY, line, talk, write_lines


@pytest.fixture(scope="module")
def enriched(cli, tmp_path_factory):
    """Two users of one bot, one of them with a name."""
    folder = tmp_path_factory.mktemp("files")
    lines = [*talk(day=BEFORE), line("I live in Porto.", user="bo", name="Bo Berg", day=BEFORE, minute=9, channel="guild"),
             line("I live in Faro.", user="bo", name="Bo Berg", day=BEFORE, minute=10, channel="dm")]  # fmt: skip
    cli("load", write_lines(folder / "talk.jsonl", lines))
    cli("enrich")


def rows(answer):
    assert answer.code == 0, answer.err
    return [" ".join(shown.split()) for shown in answer.out.splitlines()]


def number(cli, words, user="ana"):
    return next(row.split()[0] for row in rows(cli("fact", "list", "--user", user)) if words in row)


def test_list_shows_what_is_known_with_numbers_and_faded_confidence(cli, enriched):
    shown = rows(cli("fact", "list", "--user", "ana"))
    assert shown[0].startswith("number category attribute fact held conf. messages scope")
    assert any("lives_in ana lives in Lisbon" in row and f"since {BEFORE}" in row for row in shown)


def test_a_user_may_be_given_by_name(cli, enriched):
    assert any("Bo Berg lives in Faro" in row for row in rows(cli("fact", "list", "--user", "bo berg")))


@pytest.mark.parametrize("asked", [("list",), ("list", "--on", BEFORE), ("list", "--known-by", TODAY), ("history",)])
def test_what_a_shared_channel_is_told_can_be_asked_for(cli, enriched, asked):
    told = {scope: " ".join(rows(cli("fact", *asked, "--user", "bo", "--scope", scope))) for scope in ("all", "shared")}
    assert ("Faro" in told["all"], "Faro" in told["shared"], "Porto" in told["shared"]) == (True, False, True)


def test_whose_facts_are_meant_must_be_clear(cli, enriched):
    assert "2 people fit. Say which, e.g. --bot elena --user ana" in cli("fact", "list").error
    assert "Nothing is known for user 'nobody' yet" in cli("fact", "list", "--user", "nobody").error
    assert "exclude each other" in cli("fact", "list", "--user", "ana", "--rulings", "--on", "today").error


def test_another_time_can_be_asked_for(cli, enriched):
    day = BEFORE.replace(year=BEFORE.year - 1)
    assert rows(cli("fact", "list", "--user", "ana", "--on", day)) == ["Nothing."]
    assert rows(cli("fact", "list", "--user", "ana", "--known-by", day)) == ["Nothing."]
    for option in ("--on", "--known-by"):
        assert any("Lisbon" in row for row in rows(cli("fact", "list", "--user", "ana", option, TODAY)))


def test_reject_correct_undo_and_history(cli, enriched):
    assert "Rejected: ana lives in Lisbon" in cli("fact", "reject", number(cli, "Lisbon"), "--by", "mara").out
    assert not any("Lisbon" in row for row in rows(cli("fact", "list", "--user", "ana")))
    assert any("lives in Lisbon" in row and "never" in row and "rejected" in row
               for row in rows(cli("fact", "history", "lives_in", "--user", "ana")))  # fmt: skip
    ruling = next(r for r in rows(cli("fact", "list", "--user", "ana", "--rulings")) if "reject" in r)
    assert "mara" in ruling
    assert "is taken back" in cli("fact", "undo", ruling.split()[0], "--bot", "elena").out
    assert any("Lisbon" in row for row in rows(cli("fact", "list", "--user", "ana")))
    assert rows(cli("fact", "list", "--user", "ana", "--rulings")) == ["Nobody has ruled on anything."]
    assert "--value" in cli("fact", "correct", "lisbon", "ana lives in Faro", "--user", "ana").error
    answer = cli("fact", "correct", "lisbon", "ana lives in Faro", "--value", "Faro", "--user", "ana")
    assert "now: ana lives in Faro" in answer.out
    corrected = rows(cli("fact", "history", "lisbon", "--user", "ana"))
    assert any("corrected: ana lives in Faro" in row for row in corrected)
    assert "No current fact is 'atlantis'" in cli("fact", "reject", "atlantis", "--user", "ana").error
    assert "Nothing of that was ever known" in cli("fact", "history", "atlantis", "--user", "ana").out


def test_diff_and_rollback_between_two_versions(cli, enriched, home):
    from whisper_enrich.facts import extractive
    from whisper_enrich.resources.pipeline import Pipeline, opened
    from whisper_enrich.settings import load_settings
    from whisper_enrich.stages.facts import extract_facts
    from whisper_enrich.storage import ledger

    assert "No earlier version of the facts of elena" in cli("diff", "--bot", "elena").error
    assert "No earlier version" in cli("rollback", "--bot", "elena", "--to-version", "x").error

    def without_storks(message):
        found = extractive.extract(message)
        kept = tuple(a for a in found.assertions if "storks" not in a.statement)
        return type(found)(found.point_id, found.outcome, kept, found.language)

    def redo(home):
        with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:
            ctx = pipeline.context("test")
            with ctx.database.begin() as connection:
                ledger.mark_stale(connection, "elena", None, "test-2", "other")
            extract_facts(ctx, ctx.collection_of("elena"), [BEFORE], without_storks, "test-2")

    redo(home)
    shown = rows(cli("diff", "--bot", "elena"))
    assert any(row.startswith("ana removed") and "storks" in row for row in shown)
    assert "0 added, 1 removed, 0 changed" in shown[-1]
    version = extractive.ENGINE_VERSION
    assert rows(cli("diff", "--bot", "elena", "--user", "bo")) == [f"No fact differs from version {version}."]
    assert f"Kept: {version}" in cli("rollback", "--bot", "elena", "--to-version", "test-9").error
    assert "of 2 users are back" in cli("rollback", "--bot", "elena", "--to-version", version).out
    assert any("storks" in row for row in rows(cli("fact", "list", "--user", "ana")))
