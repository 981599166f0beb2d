"""`rollup` makes the digests, `summaries` shows them."""

import pytest

from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich_tests.builders import enrich
from whisper_enrich_tests.cli.conftest import BEFORE, YESTERDAY, talk, write_lines


@pytest.fixture(scope="module")
def told(cli, home, tmp_path_factory):
    """Two days of one bot, loaded and enriched, and its digests."""
    path = write_lines(tmp_path_factory.mktemp("lines") / "talk.jsonl", talk(day=BEFORE) + talk(day=YESTERDAY))
    assert cli("load", path).code == 0
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:
        ctx = pipeline.context("test")
        enrich(ctx, ctx.collection_of("elena"))
    return cli("rollup")


def test_the_digests_are_made_and_the_next_step_is_said(told):
    assert told.code == 0
    assert "elena: " in told.out
    assert "digests written" in told.out
    assert "Next: whisper-enrich summaries" in told.out


def test_making_them_again_writes_nothing(cli, told):
    assert (
        "elena: 0 digests written (0 weeks and 0 months looked at), 0 removed." in cli("rollup", "--bot", "elena").out
    )


def test_a_month_of_a_user_is_one_row(cli, told):
    shown = cli("summaries", "--bot", "elena", "--user", "ana", "--month", f"{YESTERDAY:%Y-%m}").out
    assert shown.count("month ") == 1
    assert f"month {YESTERDAY:%Y-%m} · shared" in shown
    assert "ana and Elena talked on" in shown
    assert "rollup-1" in shown


def test_a_week_is_named_by_any_of_its_days(cli, told):
    shown = cli("summaries", "--bot", "elena", "--user", "ana", "--week", YESTERDAY).out
    assert shown.count("week ") >= 1
    assert "month " not in shown.split("·")[0]


def test_all_digests_of_a_user_are_shown_without_a_period(cli, told):
    shown = cli("summaries", "--bot", "elena", "--user", "ana").out
    assert "week " in shown
    assert "month " in shown


def test_where_there_is_none_it_says_so_and_what_to_do(cli, told):
    shown = cli("summaries", "--bot", "elena", "--user", "nobody", "--month", "2020-01").out
    assert "There is no digest of 'nobody' with elena for January 2020." in shown
    assert "whisper-enrich rollup" in shown


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--month", "October"), "'October' is no month. Write it as YYYY-MM"),
        (("--month", "2026-13"), "'2026-13' is no month"),
        (("--week", "soon"), "'soon' is no date"),
        (("--month", "2026-10", "--week", "2026-10-05"), "--month and --week exclude each other"),
    ],
)
def test_wrong_periods_are_refused_in_one_line(cli, told, arguments, error):
    assert error in cli("summaries", "--bot", "elena", "--user", "ana", *arguments).error


def test_an_unknown_bot_is_refused(cli, told):
    assert "There is no bot 'marlow'" in cli("rollup", "--bot", "marlow").error
    assert "There is no bot 'marlow'" in cli("summaries", "--bot", "marlow", "--user", "ana").error
