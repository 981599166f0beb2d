from __future__ import annotations

import numpy as np
import pytest

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.summaries.candidates import Candidate, candidates
from whisper_enrich.summaries.selection import Content, scores_of, select
from whisper_enrich_tests.summaries.builders import GARDEN, message, talk

NAMES = ("Ana", "Marlow")


def chosen(messages: list[Message], sentences: int = 9, words: int = 100) -> list[Candidate]:
    found = candidates(messages, NAMES)
    content = Content(messages, found)
    return select(found, scores_of(found, content), content, most_sentences=sentences, most_words=words)


def direction(*parts: float) -> list[float]:
    return [*parts, *([0.0] * (8 - len(parts)))]


def test_chosen_sentences_keep_the_order_of_the_conversation() -> None:
    order = [(c.message, c.position) for c in chosen(talk(*GARDEN))]
    assert order == sorted(order)
    assert len(order) > 3


def test_the_limits_of_sentences_and_words_hold() -> None:
    assert len(chosen(talk(*GARDEN), sentences=3)) == 3
    picked = chosen(talk(*GARDEN), words=30)
    assert sum(c.size for c in picked) >= 30 > sum(c.size for c in picked) - max(c.size for c in picked)


def test_what_was_said_twice_is_chosen_once() -> None:
    twice = "u: My sister Mila sold the red sailing boat in Lisbon."
    picked = chosen(talk(twice, "b: A fine boat.", twice, "u: The surgery at the clinic starts on Monday."))
    assert sum("red sailing boat" in c.text for c in picked) == 1
    assert any("surgery" in c.text for c in picked)


def test_statements_about_oneself_come_before_greetings_and_questions() -> None:
    (best,) = chosen(
        talk("u: Good morning to you!", "b: How did you sleep in the new flat?", "u: I slept badly in the new flat."),
        sentences=1,
    )
    assert best.text == "I slept badly in the new flat."


def test_a_talkative_bot_does_not_crowd_out_the_user() -> None:
    lines = []
    for place in ("harbour", "chapel", "quarry", "market", "museum", "orchard"):
        lines.append(f"u: I walked to the {place}.")
        lines.append(
            f"b: I remember that the old {place} was painted by my grandfather, who kept its walls and its long stone "
            f"stairs in order through thirty winters, and I carried his ladder to the {place} every single summer."
        )
    picked = chosen(talk(*lines))
    words = {speaker: sum(c.size for c in picked if c.speaker is speaker) for speaker in Speaker}
    longest = max(c.size for c in picked)
    assert words[Speaker.BOT] < 50 + longest
    assert sum(c.speaker is Speaker.USER for c in picked) >= 3


def test_a_users_few_words_are_found_among_hundreds_of_a_bots_long_sentences() -> None:
    lines = [
        f"b: I remember that lamp number {n} of the old lighthouse was repaired by my grandfather in winter {n}."
        for n in range(300)
    ]
    picked = chosen(talk(*lines, "u: I quit smoking.", "u: My sister moved out."))
    assert {"I quit smoking.", "My sister moved out."} <= {c.text for c in picked}


def test_thanks_are_left_out_where_the_other_said_something() -> None:
    picked = chosen(talk("b: The old lighthouse was repaired by my grandfather.", "u: ok thank you so much"))
    assert [c.speaker for c in picked] == [Speaker.BOT]


def test_stored_vectors_make_the_central_message_win_over_the_stray_one() -> None:
    near = [direction(1, 0.1), direction(1, -0.1), direction(1, 0.05), direction(0.1, 0, 1)]
    said = ["I repaired a lantern.", "I polished some brass.", "I trimmed one wick.", "I cooked three eggs."]
    messages = [message(text, number=i, vector=v) for i, (text, v) in enumerate(zip(said, near, strict=True))]
    found = candidates(messages, NAMES)
    scores = scores_of(found, Content(messages, found))
    assert scores[3] < min(scores[:3])


def test_vectors_tell_paraphrases_apart_from_new_content() -> None:
    vectors = [direction(1), direction(0.99, 0.1), direction(0.5, 0.8)]
    said = ["I repaired a lantern.", "I mended some lamp.", "I cooked three eggs."]
    messages = [message(text, number=i, vector=v) for i, (text, v) in enumerate(zip(said, vectors, strict=True))]
    assert [c.text for c in chosen(messages, sentences=2)] in (
        ["I repaired a lantern.", "I cooked three eggs."],
        ["I mended some lamp.", "I cooked three eggs."],
    )


def test_in_a_mixed_window_neither_kind_of_centrality_dominates() -> None:
    lines = talk(*GARDEN)
    half = [
        message(m.text, by=m.speaker, number=i, vector=direction(1, i / 20) if i % 2 else None)
        for i, m in enumerate(lines)
    ]
    found = candidates(half, NAMES)
    centrality = Content(half, found).centrality()
    with_vector = [c for i, c in centrality.items() if i % 2]
    without = [c for i, c in centrality.items() if not i % 2]
    assert np.mean(with_vector) == pytest.approx(1.0)
    assert np.mean(without) == pytest.approx(1.0)


@pytest.mark.parametrize("vector", [direction(0), direction(float("nan")), direction(float("inf")), []])
def test_an_unusable_vector_counts_as_none(vector: list[float]) -> None:
    plain = talk(*GARDEN)
    broken = [message(m.text, by=m.speaker, number=i, vector=vector) for i, m in enumerate(plain)]
    assert chosen(broken) == chosen(plain)


def test_both_halves_of_a_pair_can_be_chosen_although_they_share_a_vector() -> None:
    vector = direction(1)
    messages = [
        message("I planted tomatoes on the balcony.", point_id="pair", number=0, vector=vector),
        message("I lost my beans to the wind.", by=Speaker.BOT, point_id="pair", number=0, vector=vector),
    ]
    assert len(chosen(messages)) == 2


def test_a_sentence_that_leans_on_another_is_told_with_it_or_not_at_all() -> None:
    lines = ["u: I saw my sister Mila in Lisbon.", "b: How nice.", "u: He sold her red sailing boat for nothing."]
    others = ["u: My surgery at the clinic is on Monday.", "u: The clinic is two hours from my flat by bus."]
    assert "He sold her red sailing boat for nothing." not in [c.text for c in chosen(talk(*lines, *others))]
    together = "u: My uncle Ivo took over the harbour. He sold every red sailing boat in the harbour for nothing."
    texts = [c.text for c in chosen(talk(together, *others))]
    assert texts.index("He sold every red sailing boat in the harbour for nothing.") == 1


def test_fragments_are_left_out_where_clauses_say_something() -> None:
    picked = chosen(talk("u: Clouds again.", "u: I watched the moons of Jupiter from the yard.", "u: Cold toes."))
    assert [c.text for c in picked] == ["I watched the moons of Jupiter from the yard."]


def test_sentences_of_other_languages_count_as_much_as_english_ones() -> None:
    picked = chosen(
        talk(
            "u: Mijn dochter verhuist over vier maanden naar Groningen voor haar nieuwe baan.",
            "b: I have been called worse by better people.",
            "u: I have a train on Friday.",
        ),
        words=12,
    )
    assert picked[0].text.startswith("Mijn dochter")
