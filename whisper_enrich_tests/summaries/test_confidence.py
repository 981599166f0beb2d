from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, groupby
from statistics import mean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.summaries.candidates import Candidate, candidates
from whisper_enrich.summaries.confidence import TOLD_APART, confidence
from whisper_enrich.summaries.selection import Content
from whisper_enrich_tests.summaries.builders import START, message, summary_of, talk

NAMES = ("Ana", "Marlow")
SUBJECTS = tuple(
    line.split()
    for line in (
        "boat harbour sail keel tide mooring",
        "surgery clinic knee doctor scan crutches",
        "garden tomatoes basil seedlings compost trellis",
        "guitar chords rehearsal amplifier concert setlist",
        "thesis chapter supervisor deadline footnotes library",
        "kitchen oven dough flour bakery crust",
        "bicycle puncture saddle brakes helmet commute",
        "recital violin daughter teacher classroom exam",
    )
)


def words_of(number: int) -> str:
    """A word that nothing else has."""
    letters = "bcdfghjklmnpqrst"
    return "zu" + letters[number // 256 % 16] + "o" + letters[number // 16 % 16] + "e" + letters[number % 16] + "x"


def busy_talk(count: int) -> tuple[list[Message], list[int]]:
    """``count`` messages about eight subjects, one of which names all there is to each; and the places of these eight."""
    chance = random.Random(count)
    said = [f"I told them of {', '.join(subject)}." for subject in SUBJECTS]
    while len(said) < count:
        one, other = chance.sample(chance.choice(SUBJECTS), 2)
        said.append(f"I spoke of the {one}, the {other} and the {words_of(len(said))}.")
    order = chance.sample(range(count), count)
    messages = [message(said[k], number=n, at=START + timedelta(seconds=n)) for n, k in enumerate(order)]
    return messages, [n for n, k in enumerate(order) if k < len(SUBJECTS)]


def judged(messages: list[Message], picked: list[int], most_words: int = 100) -> float | None:
    """The confidence in the sentences of the messages at the places ``picked``."""
    found = candidates(messages, NAMES)
    chosen = [candidate for candidate in found if candidate.message in picked]
    return confidence(found, chosen, Content(messages, found), most_words=most_words)


def at_random(messages: list[Message], count: int, draws: int = 20) -> list[float]:
    chance = random.Random(count)
    return [judged(messages, chance.sample(range(len(messages)), count)) for _ in range(draws)]


@pytest.mark.parametrize("count", [12, 30, 80, 200, 600])
def test_the_best_selection_scores_high_whatever_the_size_of_the_talk(count: int) -> None:
    messages, best = busy_talk(count)
    assert judged(messages, best) > 0.9


@pytest.mark.parametrize("count", [30, 80, 200, 600])
def test_a_random_selection_scores_clearly_lower_whatever_the_size_of_the_talk(count: int) -> None:
    messages, best = busy_talk(count)
    assert mean(at_random(messages, len(best))) < 0.45


@pytest.mark.parametrize("count", [30, 80, 200, 600])
def test_the_score_falls_with_every_good_sentence_that_gives_way_to_another(count: int) -> None:
    messages, best = busy_talk(count)
    others = [n for n in range(count) if n not in best]
    scores = [judged(messages, others[:swapped] + best[swapped:]) for swapped in (0, 2, 4, 6, 8)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] + 0.4


def test_saying_one_thing_twice_scores_lower_than_saying_two_things() -> None:
    messages = talk(
        "u: My sister bought a red boat in Lisbon.",
        "u: In Lisbon my sister really bought a red boat.",
        "u: The surgery on my knee starts in March.",
        "u: My neighbour planted beans behind the chapel.",
        "u: Our teacher played the violin at the concert.",
    )
    assert judged(messages, [0, 2]) > judged(messages, [0, 1])


def test_everything_chosen_is_certain() -> None:
    assert judged(talk("u: I planted tomatoes.", "u: The surgery is in March.", "b: My lamp is old."), [0, 1, 2]) == 1.0


def test_where_every_selection_says_as_much_each_is_as_good_as_can_be() -> None:
    messages = talk("u: I planted tomatoes.", "u: We inherited lanterns.", "u: They repaired bicycles.")
    assert judged(messages, [1]) == pytest.approx(1.0)


def test_there_is_no_score_without_content_or_without_a_choice() -> None:
    assert judged(talk("u: hello you", "u: ok then"), [0, 1]) is None
    assert judged(talk("u: I planted tomatoes."), []) is None
    assert judged([], []) is None


def direction(*parts: float) -> list[float]:
    return [*parts, *([0.0] * (8 - len(parts)))]


def test_what_is_close_in_meaning_counts_as_covered_where_vectors_tell() -> None:
    vectors = [direction(1), direction(0.9, 0.4), direction(0.9, -0.4), direction(0, 0, 1)]
    said = ["I planted tomatoes.", "Seedlings stand outside.", "Basil fills two pots.", "Bicycles rust."]
    messages = [message(text, number=n, vector=v) for n, (text, v) in enumerate(zip(said, vectors, strict=True))]
    assert judged(messages, [0]) > 0.9 > 0.3 > judged(messages, [3])


def test_a_sentence_without_content_covers_nothing_by_the_vector_of_its_message() -> None:
    vectors = [direction(1), direction(0.9, 0.4)]
    said = ["Oh well then, so there.", "I planted tomatoes."]
    messages = [message(text, number=n, vector=v) for n, (text, v) in enumerate(zip(said, vectors, strict=True))]
    assert judged(messages, [0]) < 0.1


def by_definition(messages: list[Message], chosen: list[Candidate], most_words: int) -> float:
    """The docstring's formula, over all selections one by one; without vectors."""
    found = candidates(messages, NAMES)
    stems = [set().union(*(c.stems for c in found if c.message == n)) for n in {c.message for c in found}]
    weight = {w: math.log(1 + len(stems) / sum(w in s for s in stems)) for s in stems for w in s}
    told = {c: sum(weight[w] for w in c.stems) for c in found}

    def covered(one: Candidate, other: Candidate) -> float:
        return 1.0 if one == other else sum(weight[w] for w in one.stems & other.stems) / told[one]

    def f(selection: tuple[Candidate, ...]) -> float:
        return sum(told[c] * max(covered(c, s) for s in selection) for c in found if told[c]) / sum(told.values())

    by_chance = mean(f(selection) for selection in combinations(found, len(chosen)))
    greedy: tuple[Candidate, ...] = ()
    while len(greedy) < len(chosen) and sum(c.size for c in greedy) < most_words:
        greedy += (max(found, key=lambda c: f((*greedy, c))),)
    reached = f(tuple(chosen))
    best = max(reached, by_chance, f(greedy))
    relative = max(0.0, (reached - by_chance + TOLD_APART) / (best - by_chance + TOLD_APART))
    return relative + (1 - relative) * reached**2


VOCABULARY = ("boat", "harbour", "clinic", "garden", "guitar", "thesis", "kitchen", "bicycle")
SENTENCES = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4, unique=True).map(" ".join)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(SENTENCES, min_size=2, max_size=7, unique=True), st.data())
def test_the_score_is_the_one_of_the_formula(said: list[str], data: st.DataObject) -> None:
    messages = [message(text, number=n) for n, text in enumerate(said)]
    found = candidates(messages, NAMES)
    chosen = data.draw(st.lists(st.sampled_from(found), min_size=1, max_size=len(found), unique=True))
    most_words = data.draw(st.integers(1, 20))
    score = confidence(found, chosen, Content(messages, found), most_words=most_words)
    assert score == pytest.approx(by_definition(messages, chosen, most_words), abs=1e-4)


def sample_conversations() -> list[tuple[str, str, list[Message]]]:
    """Each conversation of the sample with the names of its two speakers."""
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    found = []
    for bot, points in sample_points(now).items():
        messages = messages_of(parse_point(bot, point, now=now, first_day=date(2020, 1, 1)) for point in points)
        messages.sort(key=lambda m: (m.user_id, m.scope, m.order))
        for (user_id, _), own in groupby(messages, lambda m: (m.user_id, m.scope)):
            found.append((sample_names().get(user_id, user_id), bot.title(), list(own)))
    return found


def in_one_day(messages: list[Message]) -> list[Message]:
    return [replace(m, at=START + timedelta(seconds=20 * n), scope=Scope.DM) for n, m in enumerate(messages)]


def test_busy_days_of_the_sample_score_like_quiet_ones() -> None:
    quiet, busy = [], []
    for user, bot, messages in sample_conversations():
        quiet += [summary_of(in_one_day(messages[k : k + 8]), user=user, bot=bot) for k in range(0, len(messages), 8)]
        if len(messages) >= 50:
            busy.append(summary_of(in_one_day(messages), user=user, bot=bot))
    scores = [[s.confidence_score for s in some if s.confidence_score is not None] for some in (quiet, busy)]
    assert len(scores[1]) >= 8
    assert abs(median(scores[0]) - median(scores[1])) < 0.2
    assert min(scores[1]) > 0.5


def test_the_speaker_of_a_sentence_does_not_change_what_it_covers() -> None:
    messages, best = busy_talk(30)
    swapped = [message(m.text, by=Speaker.BOT, number=n, at=m.at) for n, m in enumerate(messages)]
    assert judged(swapped, best) == judged(messages, best)
