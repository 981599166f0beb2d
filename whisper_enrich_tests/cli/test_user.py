"""`user`: a name, a time zone, and whether a language model may read somebody."""

import pytest

from whisper_enrich_tests.cli.conftest import BEFORE, talk, write_lines


@pytest.fixture(scope="module", autouse=True)
def _loaded(cli, tmp_path_factory):
    assert cli("migrate").code == 0
    assert cli("load", write_lines(tmp_path_factory.mktemp("files") / "talk.jsonl", talk("elena", BEFORE))).code == 0


def shown(cli, *args):
    """The one row that is printed."""
    answer = cli("user", *args)
    assert answer.code == 0, answer.err
    return answer.out.splitlines()[-1].strip().split(maxsplit=3)


def test_a_user_who_is_not_known_has_their_id_and_utc(cli):
    assert shown(cli, "4711") == ["4711", "4711", "UTC", "may be used"]


def test_what_is_set_stays_and_the_rest_is_left_alone(cli):
    assert shown(cli, "ana", "--name", "Ana", "--time-zone", "Europe/Lisbon") == [
        "ana", "Ana", "Europe/Lisbon", "may be used"
    ]  # fmt: skip
    assert shown(cli, "ana", "--no-model") == ["ana", "Ana", "Europe/Lisbon", "opted out"]
    assert shown(cli, "ana", "--model") == ["ana", "Ana", "Europe/Lisbon", "may be used"]


def test_a_time_zone_that_is_none(cli):
    assert (
        "'Middle/Earth' is no time zone. Write an IANA name" in cli("user", "ana", "--time-zone", "Middle/Earth").error
    )


def test_who_opts_out_leaves_no_raw_answer_behind(cli):
    assert "Erased 0 raw answers" in cli("user", "bo", "--no-model").out
