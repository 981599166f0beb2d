"""Names, numbers and dates of a summary must have been said; how the same thing is written does not matter."""

from __future__ import annotations

import importlib.util
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.messages.model import Message, Scope
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.summaries.asked import SummaryPart, length_for
from whisper_enrich.summaries.claims import Sources, claims, unsupported
from whisper_enrich.summaries.extractive import summarise
from whisper_enrich.summaries.faithful import check, confidence, coverage, language_of, quotes_found, unfaithful
from whisper_enrich.summaries.windows import assign
from whisper_enrich_tests.summaries.builders import GARDEN, START, summary_of, talk
from whisper_enrich_tests.summaries.test_asked import part

NAMES = ("Ana", "Marlow")


def missing(text, *sources):
    return unfaithful(text, sources, NAMES, [START])


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Ana's surgery is on 20 March.", "it has been moved to the 20th of March"),
        ("Ana's surgery is on March 20, 2026.", "it's on 2026-03-20"),
        ("Ana's surgery is on 20 March.", "der termin ist am 20.3."),
        ("Ana's surgery is on 20 March.", "es el 20 de marzo"),
        ("Ana's surgery is on 3 April.", "4/3 works for me"),
        ("Ana's surgery is on 20 March.", "it is on the 20th"),
        ("Ana leaves at 5:30 pm.", "the train goes at 17:30"),
        ("Ana leaves at 17:00.", "i leave at 5"),
        ("Ana leaves at 5 pm.", "17 Uhr passt"),
        ("Ana has three cats.", "i have 3 cats"),
        ("Ana has 3 cats.", "ich habe drei katzen"),
        ("Ana is 29 years old.", "i'm twenty-nine"),
        ("Ana paid two hundred euros.", "200€ it was"),
        ("Ana paid 1,200 euros, which is 1.2k.", "1200 in all"),
        ("Ana moved there in 2023.", "i moved here 3 years ago"),
        ("Ana meets Ivo's sister.", "my neighbour ivo has a sister"),
        ("Ana met the Ivos.", "ivo and his family"),
        ("Ana and Mel went to Zurich.", "Melanie and i were in Zürich"),
        ("Ana has a Swedish friend.", "she is from Sweden"),
        ("Ana learns French.", "for the trip to france"),
        ("On Wednesday Ana wrote to Marlow.", "hello"),
        ("Ana said: \"Running helps me.\" Gardening helps too.", "running helps me, and the garden"),
        ("Dr. Ana spoke. Later, plans were made. Overall, nothing changed.", "hello there"),
        ("Ana hat große Angst vor der Prüfung und freut sich auf den Urlaub.", "ich hab bammel"),
        ("Аня гуляла с Марком в Кракове.", "вчера Марк показал мне Краков"),
    ],
)  # fmt: skip
def test_the_same_thing_in_other_words_is_no_invention(text, source):
    assert missing(text, source) == []


@pytest.mark.parametrize(
    ("text", "source", "invented"),
    [
        ("Ana meets Berta.", "i meet marta", ["Berta"]),
        ("Berta drives Ana home.", "marta drives me home", ["Berta"]),
        ("Berta's sister drives Ana.", "her sister drives me", ["Berta's"]),
        ("Berta and Ana talked.", "we talked", ["Berta"]),
        ("Ana likes Dr. Weber.", "i like the doctor", ["Weber"]),
        ("Ana has 4 cats and three dogs.", "3 cats, two dogs", ["4"]),
        ("Ana has four cats.", "three cats", ["four"]),
        ("Ana pays three hundred euros.", "200 euros", ["three hundred"]),
        ("Ana's surgery is on 21 March.", "on the 20th of march", ["21 March"]),
        ("Ana's surgery is in July.", "it is in June", ["July"]),
        ("Ana leaves at 6:15 pm.", "the train goes at 17:30", ["6:15 pm"]),
        ("Ana moved there in 2011.", "i moved here 3 years ago", ["2011"]),
        ("On Saturday Ana rests.", "rest", ["Saturday"]),
        ("Ana hat mit Jonas in Hamburg gesprochen.", "ich war mit Lukas in Berlin", ["Jonas", "Hamburg"]),
        ("Ana a rencontré Pierre à Lyon.", "j'ai vu Paul à Nice", ["Pierre", "Lyon"]),
        ("アナは猫を4匹飼っている。姉はMartaだ。", "猫が3匹います", ["4", "Marta"]),
        ("Ana paid ٤٥ euros.", "٤٤ euros", ["45"]),
    ],
)
def test_what_nobody_said_is_named_in_the_order_of_the_text(text, source, invented):
    assert missing(text, source) == invented


def test_a_day_may_be_what_yesterday_was_resolved_to():
    assert unfaithful("It happened on 3 March.", ["yesterday"], NAMES, [START]) == []
    assert unfaithful("It happened on 9 March.", ["yesterday"], NAMES, [START]) == ["9 March"]


def test_placeholders_of_masked_data_are_no_numbers():
    assert missing("Ana gave [PHONE_17] as her number.", "call me") == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_what_is_copied_word_for_word_is_always_supported(texts):
    assert unsupported(claims(" ".join(texts)), Sources((" ".join(texts), *texts))) == []


def garden() -> Chunk:
    return Chunk("marlow", "Marlow", "ana", "Ana", Scope.DM, tuple(talk(*GARDEN)))


GOOD = (
    "Ana planted cherry tomatoes and basil on her balcony, with seedlings from her neighbour Ivo, and worries about the "
    "light. Marlow advised her to turn the pots once a week. Her surgery has been moved to 20 March; she is nervous, and "
    "her sister will drive her to the clinic and stay for the weekend."
)


def test_a_faithful_answer_has_no_complaint():
    assert check(part(GOOD), garden(), length_for(12, Settings())) is None


class Settings:
    summary_min_words, summary_max_words = 200, 300


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        (GOOD.replace("Ivo", "Igor"), "do not occur in the text: Igor."),
        (GOOD.replace("20 March", "12 March"), "12 March"),
        (GOOD.replace("Ana", "The user"), "does not name the user"),
        ("Ana hat Tomaten auf dem Balkon gepflanzt und freut sich, dass die Schwester sie in die Klinik fährt.", "in 'en'"),
        (GOOD * 5, "Its length is to be 3 to 6 sentences"),
        ("Ana planted tomatoes.", "The summary has 3 words"),
    ],
)  # fmt: skip
def test_a_complaint_says_what_is_wrong_with_an_answer(changed, complaint):
    assert complaint in (check(part(changed), garden(), length_for(12, Settings())) or "")


def test_decisions_and_open_questions_are_checked_too():
    assert "Otto" in (check(part(GOOD, decisions=["ask Otto for help"]), garden()) or "")
    assert "Rosa" in (check(part(GOOD, open_questions=["what does Rosa think?"]), garden()) or "")


def test_a_talk_in_two_languages_has_no_language_of_its_own():
    german = "Ich habe gestern mit meiner Schwester über den Umzug gesprochen."
    assert language_of([german, "I talked with my sister about the move yesterday, you know."]) is None
    assert language_of([german, german, "ok"]) == "de"
    assert language_of([]) is None


def test_little_talk_may_have_a_short_summary():
    tiny = Chunk("marlow", "Marlow", "ana", "Ana", Scope.DM, tuple(talk("u: hi", "b: Hello, Ana!")))
    assert check(part("Ana greeted Marlow."), tiny, length_for(2, Settings())) is None


def quoting(*quotes: tuple[int, str]) -> SummaryPart:
    return SummaryPart.model_validate(
        {**part(GOOD).model_dump(), "quotes": [{"line": n, "quote": q} for n, q in quotes]}
    )


def test_quotes_are_kept_as_the_message_has_them():
    answered = quoting(
        (7, "my surgery  has been moved to the 20TH of March"),
        (5, "the balcony faces north"),
        (1, "My neighbour Ivo gave me the seedlings"),
        (3, "My neighbour gave me the seedlings"),
        (99, "nothing of the kind"),
        (3, "—"),
    )
    assert quotes_found(answered, garden()) == (
        "My surgery has been moved to the 20th of March", "the balcony faces north", "My neighbour Ivo gave me the seedlings",
    )  # fmt: skip


def test_quotation_marks_of_a_quote_may_differ():
    said = Chunk("m", "M", "a", "Ana", Scope.DM, tuple(talk("u: he said “I’m fine” and left")))
    assert quotes_found(quoting((1, 'he said "I\'m fine"')), said) == ("he said “I’m fine”",)


def test_confidence_falls_with_what_is_invented_and_with_quotes_that_are_not_there():
    faithful = confidence(part(GOOD), garden())
    invented = confidence(part(GOOD.replace("Ivo", "Igor")), garden())
    more = confidence(part(GOOD.replace("Ivo", "Igor").replace("20 March", "12 May")), garden())
    assert 1 > faithful > invented > more > 0
    assert confidence(quoting((3, "My neighbour gave me the seedlings")), garden()) < confidence(
        quoting((3, "My neighbour Ivo gave me the seedlings")), garden()
    )


def test_confidence_is_low_for_a_summary_of_another_talk_and_none_without_words():
    other = "Ana finished her thesis on medieval bridges, and Marlow congratulated her on the defence."
    assert confidence(part(other), garden()) < confidence(part(GOOD), garden()) / 2
    wordless = Chunk("m", "M", "a", "Ana", Scope.DM, tuple(talk("u: 👍", "b: 😀")))
    assert confidence(part("Ana and M exchanged emoji."), wordless) is None


def test_a_short_summary_of_what_matters_covers_as_well_as_a_long_one():
    texts = ["the tomatoes on the balcony", "more tomatoes", "tomatoes and basil", "a letter from the clinic"]
    assert coverage("Tomatoes.", texts) == 1.0
    assert coverage("A bridge over the river.", texts) == 0.0
    assert coverage("", texts) == 0.0
    assert coverage("Tomatoes.", ["", "👍"]) is None


def test_the_extractive_summary_of_a_talk_is_faithful():
    messages = talk(*GARDEN)
    assert (
        unfaithful(summary_of(messages).summary_text, [m.text for m in messages], NAMES, [m.at for m in messages]) == []
    )


def test_no_extractive_summary_of_the_sample_raises_an_alarm():
    """They are faithful by construction: an alarm is a false one."""
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    names = sample_names()
    alarms, checked = {}, 0
    for bot, points in sample_points(now).items():
        messages = messages_of([parse_point(bot, p, now=now, first_day=date(2020, 1, 1)) for p in points])
        by_user: dict[str, list[Message]] = {}
        for message in messages:
            by_user.setdefault(message.user_id, []).append(message)
        for user, own in by_user.items():
            for (window, scope), held in assign(own, 24).items():
                name, bot_name = names.get(user, user), bot.title()
                text = summarise(
                    held, user_name=name, bot_name=bot_name, window=window, scope=scope, short=False
                ).summary_text
                found = unfaithful(text, [m.text for m in held], (name, bot_name), [m.at for m in held])
                checked += 1
                if found:
                    alarms[bot, name, window.start] = found
    assert checked > 40
    assert alarms == {}


ROOT = Path(__file__).resolve().parents[2]
LOCOMO = ROOT.parent / "shared" / "data" / "locomo" / "conv-30.json"


@pytest.mark.skipif(
    not LOCOMO.is_file(), reason="the LoCoMo data (CC BY-NC, not ours to ship) is not in ../shared/data"
)
def test_written_summaries_of_real_sessions_raise_hardly_any_alarm_and_a_strangers_name_nearly_always_does():
    spec = importlib.util.spec_from_file_location("summaries_locomo", ROOT / "benchmarks" / "summaries_locomo.py")
    benchmark = sys.modules["summaries_locomo"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    sessions = list(benchmark.read(LOCOMO))

    def alarms(session, text):
        texts, times = [m.text for m in session.messages], [m.at for m in session.messages]
        return unfaithful(text, texts, (session.user, session.bot), times)

    assert sum(bool(alarms(s, s.gold)) for s in sessions) <= 1
    assert sum(bool(alarms(s, benchmark.summarise_one(s).summary_text)) for s in sessions) == 0
    swapped = [(s, re.sub(rf"\b{s.user}\b", "Priya", s.gold, count=1)) for s in sessions]
    assert sum("Priya" in alarms(s, text) for s, text in swapped) >= 0.9 * len(sessions)
