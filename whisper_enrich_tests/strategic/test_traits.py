"""What a turn scores on each trait."""

import json
import math
import time
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.sample.lines import nominal_lines, render
from whisper_enrich.sample.people import BOTS
from whisper_enrich.strategic.history import TRAITS
from whisper_enrich.strategic.reliability import stepped_up, usual, without
from whisper_enrich.strategic.trait_norms import LEFT_OUT, NORMS, RELIABLE_TRAITS
from whisper_enrich.strategic.traits import RELIABLE_FROM, score


def of(trait: str, text: str) -> float:
    return score(text)[TRAITS.index(trait)]


@pytest.mark.parametrize(
    ("trait", "text", "expected"),
    [
        ("warmth", "Thanks so much! The bus was late.", 1 / 2),
        ("warmth", "I'm proud of you. Sleep well.", 1.0),
        ("warmth", "This is what thisbe said in the chill.", 0.0),
        ("humour", "hahaha stop", 1.0),
        ("humour", "The hare ran. The harbour was full.", 0.0),
        ("curiosity", "Nice. What happened then?", 1 / 2),
        ("curiosity", "do you even own music", 1.0),
        ("curiosity", "what a day", 0.0),
        ("curiosity", "will do maam", 0.0),
        ("expressiveness", "WOW!! That is quiet. It is late.", 1 / 3),
        ("expressiveness", "Sooo good 😂", 1.0),
        ("directness", "Go to bed.", 1.0),
        ("directness", "Take care of yourself.", 0.5),
        ("directness", "Maybe it might rain.", 0.0),
        ("directness", "The bus stops here.", 0.5),
        ("positivity", "I love it.", 1.0),
        ("positivity", "I do not love it.", 0.0),
        ("positivity", "It is not a terrible idea.", 0.5),
        ("self_disclosure", "I left. She stayed.", 1 / 2),
        ("attentiveness", "Your soup is ready. Eat.", 1 / 2),
        ("verbosity", " ".join(["word"] * 31), 0.5),
        ("verbosity", " ".join(["word"] * 5000), 1.0),
    ],
)
def test_a_trait_is_the_share_of_sentences_that_carry_it(trait, text, expected):
    assert of(trait, text) == pytest.approx(expected)


def test_register_is_told_by_contractions_slang_and_case_against_full_forms():
    casual = "yeah im gonna crash lol"
    plain = "I went to the market in the morning."
    formal = "I am certain that it is therefore necessary to inform the committee; however, I do not wish to presume."
    assert of("formality", casual) < 0.3 < of("formality", plain) < of("formality", formal)
    assert of("formality", "it's fine") < of("formality", "It is fine.")


def test_typographic_apostrophes_count_like_straight_ones():
    assert score("I’m sorry, it’s late") == score("I'm sorry, it's late")


def test_marks_inside_other_words_do_not_count():
    assert of("warmth", "This chimney is within the highway.") == 0.0
    assert of("positivity", "I wonder about the goods train.") == 0.5


@pytest.mark.parametrize("text", ["", "   ", "!!!", "😂😂", "https://example.com/love"])
def test_a_text_without_words_is_not_told(text):
    assert all(map(math.isnan, score(text)))


def test_of_another_language_only_length_and_liveliness_are_told():
    scores = dict(zip(TRAITS, score("Ik ben vanmorgen bij de huisarts geweest met de knie!"), strict=True))
    told = {trait for trait, value in scores.items() if not math.isnan(value)}
    assert told == {"verbosity", "expressiveness"}
    assert scores["expressiveness"] == 1.0


def test_japanese_is_as_long_as_its_words():
    assert of("verbosity", "昨日のバグ、直りました!今日はお祝いにうどんを食べます。") > of(
        "verbosity", "one two three four"
    )


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=300))
def test_every_score_is_a_share_or_unknown(text):
    scores = score(text)
    assert len(scores) == len(TRAITS)
    assert all(math.isnan(value) or 0.0 <= value <= 1.0 for value in scores)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Thanks a lot!", "I went home.", "Are you ok?", "Maybe it rains."]), min_size=1, max_size=5
    )
)
def test_shares_do_not_grow_with_length(sentences):
    once, twice = score(" ".join(sentences)), score(" ".join(sentences * 2))
    for trait, one, other in zip(TRAITS, once, twice, strict=True):
        if trait not in ("verbosity", "formality"):
            assert one == pytest.approx(other)


def test_a_turn_takes_less_than_a_tenth_of_a_millisecond():
    texts = [line.text for line in nominal_lines("ines")]
    for text in texts:
        score(text)
    took = min(_cpu(texts) for _ in range(3))
    assert took / len(texts) < 100e-6


def _cpu(texts):
    began = time.process_time()
    for text in texts:
        score(text)
    return time.process_time() - began


def test_the_bots_of_the_sample_come_out_as_they_were_written():
    means = {
        bot: np.nanmean([score(line.text) for line in nominal_lines(bot) if line.speaker == "bot"], axis=0)
        for bot in BOTS
    }

    def most(trait):
        return max(BOTS, key=lambda bot: means[bot][TRAITS.index(trait)])

    assert most("curiosity") == "ines"
    assert most("formality") == "ines"
    assert most("warmth") == "ines"
    assert most("directness") == "juno"
    assert most("expressiveness") == "juno"
    assert most("self_disclosure") == "marlow"


def test_traits_that_do_not_tell_speakers_apart_are_left_out_with_the_reason():
    assert set(LEFT_OUT) | RELIABLE_TRAITS == set(TRAITS)
    assert not set(LEFT_OUT) & RELIABLE_TRAITS
    assert all(NORMS[trait].reliability >= RELIABLE_FROM for trait in RELIABLE_TRAITS)
    assert all(f"{NORMS[trait].reliability:.2f}" in reason for trait, reason in LEFT_OUT.items())
    assert len(RELIABLE_TRAITS) > len(TRAITS) / 2


def test_the_recorded_norms_are_those_of_the_sample_as_it_is_scored_now():
    spoken: dict[tuple[str, bool], list] = {}
    for bot in BOTS:
        for line in nominal_lines(bot):
            if line.speaker != "reaction":
                who = (bot, True) if line.speaker == "bot" else (line.user, False)
                spoken.setdefault(who, []).append(score(render(line.text, line.at.date())))
    turns = [np.array(scores) for scores in spoken.values()]
    for column, trait in enumerate(TRAITS):
        shown_from, share = usual(turns, column)
        assert NORMS[trait].shown_from == shown_from, "run benchmarks/traits.py --write"
        assert NORMS[trait].usual_share == pytest.approx(share, abs=1e-4)


def test_the_norms_file_names_its_version():
    text = (
        resources.files("whisper_enrich.strategic").joinpath("priors", "trait_norms.json").read_text(encoding="utf-8")
    )
    assert json.loads(text)["version"] == 1


def test_spearman_brown_steps_a_half_up_to_the_whole():
    odd = np.array([1.0, 2.0, 3.0, 4.0])
    assert stepped_up(odd, odd) == pytest.approx(1.0)
    even = np.array([2.0, 1.0, 4.0, 3.0])
    assert stepped_up(odd, even) == pytest.approx(2 * 0.6 / 1.6)
    assert math.isnan(stepped_up(odd[:2], odd[:2]))
    assert math.isnan(stepped_up(odd, np.ones(4)))


def test_what_another_trait_foretells_is_taken_out():
    other = np.array([0.0, 1.0, 2.0, 3.0])
    assert without(2 * other + 5, other) == pytest.approx(np.zeros(4))
