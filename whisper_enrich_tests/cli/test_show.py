"""`show`: a person's whole picture, in the terminal and as a page."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import text

from whisper_enrich.plots.partition import partition_picture
from whisper_enrich.portrait.assemble import CACHES
from whisper_enrich.portrait.model import Figure, Item, Listing, Portrait, Section, Sentence
from whisper_enrich.portrait.page import page as page_of
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage.strategic_rows import of_day
from whisper_enrich.strategic.engines import ENGINE_VERSION
from whisper_enrich_tests.builders import enrich
from whisper_enrich_tests.cli.conftest import TODAY, line, write_lines

DAYS = [TODAY - timedelta(days=back) for back in (8, 7, 5, 4, 3, 2)]
SUBJECTS = (
    ("I planted tomatoes in the garden, Lovisa helped.", "How many tomatoes did the garden give?"),
    ("The boat needs new paint & <b>varnish</b>.", "Will the boat be ready for the harbour?"),
    ("My piano teacher was pleased!", "Which piano piece was it?"),
)
SECRET = "Quillfeather"


def conversation():
    """Ana's six evenings, the last of them in a dm; one message of Bo, and one to another bot."""
    lines = []
    for number, day in enumerate(DAYS):
        private = {"channel": "dm"} if number == len(DAYS) - 1 else {}
        told = SUBJECTS[number % 3][0] if not private else f"My sister {SECRET} lives in Faro."
        texts = ["I live in Lisbon.", "Lovely!"] if number == 0 else [told, SUBJECTS[number % 3][1]]
        texts += [SUBJECTS[(number + 1) % 3][0], SUBJECTS[(number + 1) % 3][1], told, "I see."]
        lines += [
            line(words, day=day, minute=minute, speaker="bot" if minute % 2 else "user", name="Ana Reis", **private)
            for minute, words in enumerate(texts)
        ]
    return [*lines, line("Hello there.", user="bo", day=DAYS[0]), line("Hi.", bot="marlow", user="cy", day=DAYS[0])]


@pytest.fixture(scope="module", autouse=True)
def _enriched(cli, home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    assert cli("load", write_lines(folder / "talk.jsonl", conversation())).code == 0
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:
        ctx = pipeline.context("test")
        take_in(ctx, ctx.collection_of("marlow"))
        elena = ctx.collection_of("elena")
        enrich(ctx, elena)
        bring_features_up_to_date(ctx, elena, DAYS)
        for cache in CACHES:
            compute_caches(ctx, elena, DAYS, cache)


def shown(cli, *more, user="ana"):
    answer = cli("show", "--bot", "elena", "--user", user, *more)
    assert answer.code == 0, answer.err
    return answer.out


@pytest.fixture(scope="module")
def everything(cli, _enriched):
    return shown(cli)


@pytest.fixture(scope="module")
def page(cli, _enriched, tmp_path_factory):
    file = tmp_path_factory.mktemp("pages") / "ana.html"
    assert "Wrote" in shown(cli, "--html", file)
    return file.read_text(encoding="utf-8")


def test_the_terminal_tells_who_it_is_the_facts_the_summaries_and_every_analysis(everything):
    assert everything.startswith("Ana Reis with Elena\n")
    assert "user ana, bot elena" in everything
    assert "36 messages, 18 of them by the user" in everything
    assert "Ana Reis lives in Lisbon" in everything
    assert "Last summaries" in everything
    for title, _ in CACHES.values():
        assert f"\n{title} ─" in everything


def test_every_row_says_how_fresh_it_is_and_what_it_was_made_from(everything):
    assert len(re.findall(r"(fresh until|stale since) \d{4}-\d\d-\d\d \d\d:\d\d UTC", everything)) == len(CACHES)
    assert everything.count("from 36 messages up to") == len(CACHES)


def test_what_is_not_known_has_its_reason(everything):
    unknown = [one for one in everything.splitlines() if "not known  " in one]
    assert len(unknown) > 5
    assert "no reason is given" not in everything
    assert "no message is known that the bot wrote first" in " ".join(everything.split())


def test_what_was_said_in_a_dm_is_marked_and_left_out_where_asked(cli, everything):
    assert SECRET in everything
    assert "(dm)" in everything
    shared = shown(cli, "--scope", "shared")
    assert SECRET.lower() not in shared.lower()
    assert "(dm)" not in shared
    assert "without what was said in a dm alone" in shared
    assert "lives in Lisbon" in shared


def test_evidence_names_messages(cli, everything):
    identifier = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert not re.search(identifier, everything)
    assert len(set(re.findall(identifier, shown(cli, "--evidence")))) > 5


def test_a_day_shows_what_was_known_then(cli):
    then = shown(cli, "--as-of", DAYS[1])
    assert f"as of the end of {DAYS[1]}" in then
    assert then.count(f"snapshot of {DAYS[1]}") == len(CACHES)
    assert "12 messages, 6 of them by the user" in then
    assert SECRET not in then
    # The user did not write on the day between: the last snapshot before it counts.
    assert f"snapshot of {DAYS[1]}" in shown(cli, "--as-of", DAYS[1] + timedelta(days=1))


def test_one_message_is_enough_for_an_answer(cli):
    alone = shown(cli, user="bo")
    assert "1 message, 1 of them by the user" in alone
    assert "Traceback" not in alone


def test_the_snapshots_of_a_day_make_the_picture_of_its_partition(home):
    with (
        opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline,
        pipeline.database.connect() as connection,
    ):
        for cache in CACHES:
            rows = of_day(connection, cache, "elena", DAYS[0], ENGINE_VERSION)
            assert [row.user_id for row in rows] == ["ana", "bo"]
            assert of_day(connection, cache, "elena", DAYS[0], "another") == []
            rows = of_day(connection, cache, "elena", DAYS[-1], ENGINE_VERSION)
            assert partition_picture(cache, {row.user_id: row.values for row in rows}) is not None, cache


def test_a_stale_row_says_why(cli, home):
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:

        def shift(days: int) -> None:
            with pipeline.database.begin() as connection:
                for cache in CACHES:
                    connection.execute(
                        text(
                            f"UPDATE {cache} SET computed_at = computed_at + make_interval(days => :n) WHERE user_id = 'bo'"
                        ),
                        {"n": days},
                    )

        shift(-1)
        try:
            told = shown(cli, user="bo")
        finally:
            shift(1)
        assert told.count("the worker has given no sign of life since") == len(CACHES)
        with pipeline.database.begin() as connection:
            connection.execute(text("UPDATE strategic_memory_health SET expires_at = computed_at WHERE user_id = 'bo'"))
        assert "its time is over" in shown(cli, user="bo")


def test_a_row_says_where_newer_messages_are_not_in_it(cli, home):
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline, pipeline.database.begin() as connection:
        earlier = "read_up_to = read_up_to - interval '1 hour'"
        connection.execute(text(f"UPDATE strategic_memory_behavior SET {earlier}"))
        connection.execute(text(f"UPDATE strategic_memory_health SET {earlier}, expires_at = computed_at"))
    told = shown(cli, user="bo")
    assert told.count("newer messages are not in it yet") == 1
    assert told.count("there are newer messages") == 1


def test_a_row_of_another_engine_version_is_told_as_it_is(cli, home):
    def set_version(version):
        with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline, pipeline.database.begin() as found:
            statement = "UPDATE strategic_memory_behavior SET engine_version = :version WHERE user_id = 'bo'"
            found.execute(text(statement), {"version": version})

    set_version("older")
    try:
        told = shown(cli, user="bo")
    finally:
        set_version(ENGINE_VERSION)
    assert "engine older" in told
    assert "forgetting curve params: " in told


def test_who_is_unknown_is_answered_with_who_is_near(cli):
    def error(bot, user, *more):
        return cli("show", "--bot", bot, "--user", user, *more).error

    assert "There is no bot 'elen' with messages. Did you mean elena?" in error("elen", "ana")
    assert "There is no bot 'zz' with messages. The bots are elena, marlow." in error("zz", "ana")
    assert "No user of elena has the id or name 'Ana Rei'. Did you mean Ana Reis (ana)?" in error("elena", "Ana Rei")
    assert "Its users are Ana Reis (ana), bo." in error("elena", "zzzz")
    assert "'cy' has not written to elena. Give --bot marlow." in error("elena", "cy")
    assert "Ana Reis had not written to elena by 2020-01-01" in error("elena", "ana", "--as-of", "2020-01-01")
    assert "is still to come" in error("elena", "ana", "--as-of", TODAY + timedelta(days=9))
    assert "cannot be written" in error("elena", "ana", "--html", "/nowhere/at/all.html")


def test_a_user_may_be_given_by_name_whatever_its_case(cli):
    assert "user ana, bot elena" in shown(cli, user="ana reis")


class _Page(HTMLParser):
    """The elements that are open, and the words outside of any style or picture."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "svg"} & set(self.open):
            self.words.append(data)


def test_the_page_is_whole_and_needs_nothing_else(page):
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    assert not re.search(r'\b(src|href)="(?!#)', page)
    assert "@import" not in page and "url(http" not in page
    assert page.count('<svg class="plot"') == len(CACHES)
    assert "prefers-color-scheme: dark" in page and 'name="viewport"' in page
    parsed = _Page()
    parsed.feed(page)
    assert parsed.open == []


def test_the_page_escapes_whatever_anybody_wrote():
    hostile = "<script>alert('x')</script>\"&"
    item = Item((hostile,), evidence=(hostile,))
    section = Section(
        hostile, hostile, True, "any", [Sentence(hostile)], [Figure(hostile, hostile, hostile, hostile, hostile)],
        [Listing(hostile, (hostile,), [item]), Listing(hostile, (), [], hostile)], rest=[(hostile, hostile)],
    )  # fmt: skip
    made = page_of(Portrait(hostile, hostile, hostile, [hostile, hostile], [section]), {})
    assert "<script" not in made
    assert made.count("&lt;script&gt;") > 15


def test_words_cannot_steer_the_terminal(capsys):
    from whisper_enrich.cli import show

    words = "\x1b]0;title\x07[red]so\u202e"
    section = Section(words, sentences=[Sentence(words)], figures=[Figure(words, words)], rest=[(words, words)],
                      listings=[Listing(words, ("what",), [Item((words,), evidence=(words,))])])  # fmt: skip
    with show.out.capture() as captured:
        show._print_section(section, evidence=True)
    assert "\x1b]" not in captured.get() and "\x07" not in captured.get() and "\u202e" not in captured.get()
    assert captured.get().count("[red]so") >= 6


def test_the_page_says_what_the_terminal_says(page, everything):
    parsed = _Page()
    parsed.feed(page)
    words = set(re.findall(r"[\w.%]+", " ".join(parsed.words)))
    in_terminal = set(re.findall(r"[\w.%]+", everything))
    # Headings of columns and the hours of the week are the terminal's own.
    assert len(in_terminal - words) < 25, sorted(in_terminal - words)


def test_the_page_for_shared_readers_holds_nothing_of_a_dm(cli, tmp_path):
    shown(cli, "--scope", "shared", "--html", tmp_path / "ana.html")
    page = (tmp_path / "ana.html").read_text(encoding="utf-8")
    assert SECRET.lower() not in page.lower()
    assert '<span class="dm">' not in page


class TestPrompt:
    def prompt(self, cli, *more):
        answer = cli("prompt", "--bot", "elena", "--user", "ana", *more)
        assert answer.code == 0, answer.err
        return answer.out

    def test_it_prints_the_block_that_a_bot_gets(self, cli):
        shown = self.prompt(cli)
        assert shown.startswith("Notes on Ana Reis from earlier conversations")
        assert "- Ana Reis lives in Lisbon." in shown.splitlines()
        assert SECRET in shown

    def test_a_budget_a_question_and_a_channel_with_others_count(self, cli):
        assert self.prompt(cli, "--budget", "0") == ""
        assert len(self.prompt(cli, "--budget", "120")) < len(self.prompt(cli, "--budget", "400"))
        first = self.prompt(cli, "--question", "Is the boat painted?").splitlines()
        assert first[1] == "What is remembered of that:"
        assert "boat" in first[2]
        assert SECRET not in self.prompt(cli, "--scope", "shared", "--budget", "4000")
