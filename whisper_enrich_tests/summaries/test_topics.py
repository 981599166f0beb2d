from __future__ import annotations

import pytest

from whisper_enrich.summaries.vocabulary import stem, words
from whisper_enrich_tests.summaries.builders import GARDEN, summary_of, talk


def topics(*lines: str) -> tuple[str, ...]:
    return summary_of(talk(*lines)).key_topics


def stems_of(topic: str) -> set[str]:
    return {stem(word) for word in words(topic)}


def test_a_talk_gets_three_to_five_lower_case_topics() -> None:
    found = topics(*GARDEN)
    assert 3 <= len(found) <= 5
    assert all(topic == topic.lower().strip() != "" for topic in found)


def test_topics_are_what_the_talk_comes_back_to() -> None:
    spoken = {stem for topic in topics(*GARDEN) for stem in stems_of(topic)}
    assert stem("balcony") in spoken
    assert {stem("tomatoes"), stem("surgery")} & spoken


def test_no_speaker_and_no_nickname_of_one_is_a_topic() -> None:
    found = topics(
        "u: Hello Marlow, I am Ana and Marlow is my lighthouse keeper.",
        "b: Ana, Ana, the lamp of the lighthouse is cleaned every Friday.",
        "u: Marl, does the lamp need oil? The lamp oil comes by boat.",
    )
    assert found
    assert all({"ana", "marlow", "marl"}.isdisjoint(words(topic)) for topic in found)


def test_a_word_and_its_plural_and_a_phrase_with_it_are_one_topic() -> None:
    found = topics(*GARDEN, "u: One tomato, many tomatoes, tomato soup, cherry tomatoes, and a tomato salad.")
    stems = [stems_of(topic) for topic in found]
    for i, one in enumerate(stems):
        assert not any(one <= other or other <= one for other in stems[i + 1 :])


@pytest.mark.parametrize("line", ["u: ok", "u: lol that is so great, thanks!", "u: 😀", "u: 42 17 300", "u: monday"])
def test_small_talk_has_no_topic(line: str) -> None:
    assert topics(line) == ()


def test_stop_words_of_other_languages_are_no_topics() -> None:
    found = topics(
        "u: Ik heb vandaag met mijn dochter de haven van Rotterdam bezocht.",
        "u: De haven was erg druk en mijn dochter vond de schepen in de haven prachtig.",
    )
    assert "haven" in found
    assert {"ik", "de", "mijn", "was", "van"}.isdisjoint({word for topic in found for word in words(topic)})


def test_japanese_topics_are_words_and_not_clauses() -> None:
    found = topics("u: 昨日は京都でゲームのイベントに行きました。ゲームはとても楽しかったです。")
    assert found[0] == "ゲーム"
    assert {"京都", "イベント"} <= set(found)
