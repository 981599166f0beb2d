"""A day's features survive storage, and days put together count over all of them, in whatever order they come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.days import (
    FORMAT,
    Course,
    DayFeatures,
    Joined,
    course_of,
    decode,
    encode,
    join,
    no_turns,
    segment_column,
)
from whisper_enrich.strategic.history import (
    EMOTIONS,
    TRAITS,
    AccessCounts,
    DayTerms,
    Mention,
    OpenItem,
    Reaction,
    Segment,
    Turns,
    VectorSums,
)
from whisper_enrich_tests.strategic.builders import days_of

MONDAY = date(2026, 3, 2)
SIZE = 384


def alike(one: Any, other: Any) -> bool:
    """Equal, NaN to NaN, arrays by type and value, to half precision where they are vectors."""
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return bool(np.allclose(one, other, rtol=1e-3, atol=1e-6, equal_nan=one.dtype.kind == "f"))
    if is_dataclass(one):
        return type(one) is type(other) and all(
            alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(alike(a, b) for a, b in zip(one, other, strict=True))
    return one == other


def stored(features: DayFeatures) -> Mapping[str, Any]:
    """As PostgreSQL gives it back."""
    return json.loads(json.dumps(encode(features), allow_nan=False))


def turns_at(*at: float, segments: tuple[Segment, ...] = ()) -> Turns:
    """Turns by user and bot in turn, everything that can be unknown unknown in every second one."""
    n = len(at)
    unknown = np.where(np.arange(n) % 2, np.nan, 0.5).astype(np.float32)
    return Turns(
        ids=tuple(f"00000000-0000-0000-0000-{int(when) % 10**12:012d}" for when in at),
        at=np.array(at, dtype=np.float64),
        from_user=np.arange(n) % 2 == 0,
        private=np.arange(n) % 3 == 0,
        characters=np.arange(n, dtype=np.int32) * 1000,
        words=np.arange(n, dtype=np.int32),
        emotion=(np.arange(n) % len(EMOTIONS) - 1).astype(np.int8),
        intensity=unknown,
        valence=-unknown,
        question=np.zeros(n, dtype=np.int8),
        opening=np.ones(n, dtype=np.int8),
        traits=np.tile(unknown[:, None], (1, len(TRAITS))),
        coherence=unknown,
        segment=segment_column(segments) if segments else np.zeros(n, dtype=np.int32),
    )


def full_day(day: date = MONDAY, turns: int = 4) -> DayFeatures:
    """A day with something in every part."""
    start = datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()
    rng = np.random.default_rng(day.toordinal())
    segments = (
        Segment(0, 1, "garden", ("garden", "tomato"), None, 0.0, True),
        Segment(2, turns - 1, "", (), False, 0.4321, False),
    )
    return DayFeatures(
        day=day,
        turns=turns_at(*(start + 60.0 * i + 0.001 for i in range(turns)), segments=segments),
        mentions=[
            Mention("clara", "Clara", "entity", 0), Mention("garden", "garden", "topic", 0),
            Mention("clara", "Clara", "entity", turns - 1),
        ],
        segments=segments,
        open_items=[OpenItem(1, "promise_of_bot", "I will look: it: up.", ("look",), day + timedelta(days=3), Scope.DM),
                    OpenItem(2, "question_to_bot", "Why?", (), None, Scope.SHARED)],
        reactions=(Reaction(start + 5, "positive_mild", 0.5, "r1"),),
        vector_sums=[VectorSums(day, from_user, "content", 3 * rng.normal(size=SIZE).astype(np.float32), 2)
                     for from_user in (True, False)],
        day_terms=DayTerms(day, (1, 2**32 - 1), ()),
        access={f"m1 of {day}": AccessCounts(3, start), f"m2 of {day}": AccessCounts(0, None)},
    )  # fmt: skip


def only_reactions(day: date = MONDAY) -> DayFeatures:
    return DayFeatures(day, no_turns(), reactions=(Reaction(1.5, "surprise", 0.0, "r2"),))


class TestCodec:
    @pytest.mark.parametrize("day", [full_day(), only_reactions(), DayFeatures(MONDAY, no_turns())])
    def test_what_is_stored_comes_back_unknown_values_included(self, day):
        back = decode(day.day, stored(day))
        for part in fields(DayFeatures):
            assert alike(_plain(getattr(back, part.name)), _plain(getattr(day, part.name))), part.name

    def test_a_real_day_comes_back_too(self):
        said = [
            (0, "user", "I planted tomatoes with Clara!"),
            (1, "bot", "Lovely. Will they get sun?"),
            (3, "user", "No."),
        ]
        (day,) = days_of(said)
        back = decode(day.day, stored(day))
        assert alike(back.turns, day.turns)
        assert list(back.mentions) == sorted(day.mentions, key=lambda m: (m.turn, m.kind, m.key))
        assert back.last_at() == day.last_at()

    def test_times_keep_their_milliseconds(self):
        day = full_day()
        assert decode(day.day, stored(day)).turns.at.tolist() == day.turns.at.tolist()

    def test_directions_of_vectors_stay_right_to_three_digits(self):
        day = full_day()
        for before, after in zip(day.vector_sums, decode(day.day, stored(day)).vector_sums, strict=True):
            cosine = before.total @ after.total / np.linalg.norm(before.total) / np.linalg.norm(after.total)
            assert cosine == pytest.approx(1.0, abs=1e-5)

    def test_vectors_of_segments_are_not_kept(self):
        day = full_day()
        with_vector = replace(day.segments[0], centroid=np.ones(SIZE, dtype=np.float32))
        same = replace(day, segments=(with_vector, *day.segments[1:]))
        assert stored(same) == stored(day)

    def test_a_day_of_reactions_has_no_last_message(self):
        assert only_reactions().last_at() is None
        assert decode(MONDAY, stored(only_reactions())).last_at() is None

    @pytest.mark.parametrize("other", [FORMAT - 1, FORMAT + 1, None])
    def test_another_format_is_an_error_that_names_it(self, other):
        old = {**stored(full_day()), "format": other}
        with pytest.raises(ValueError, match=f"format {other}"):
            decode(MONDAY, old)
        with pytest.raises(ValueError, match=f"format {other}"):
            course_of([(MONDAY, old)])


def _plain(part: Any) -> Any:
    return list(part) if isinstance(part, tuple) else part


class TestJoining:
    def test_nothing_joined_is_empty(self):
        assert len(join([]).turns) == 0
        assert join([]).turns.traits.shape == (0, len(TRAITS))
        assert alike(course_of([]).joined, join([]))

    def test_indices_count_over_all_days(self):
        joined = join([full_day(MONDAY), full_day(MONDAY + timedelta(days=1))])
        assert [m.turn for m in joined.mentions] == [0, 0, 3, 4, 4, 7]
        assert [(s.first, s.last) for s in joined.segments] == [(0, 1), (2, 3), (4, 5), (6, 7)]
        assert [item.turn for item in joined.open_items] == [1, 2, 5, 6]
        assert joined.turns.segment.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
        assert (np.diff(joined.turns.at) > 0).all()

    @settings(max_examples=20, derandomize=True, deadline=None)
    @given(st.permutations(range(4)))
    def test_the_order_in_which_days_come_makes_no_difference(self, order):
        days = [
            only_reactions(MONDAY + timedelta(days=1)) if i == 1 else full_day(MONDAY + timedelta(days=i), 3 + i)
            for i in range(4)
        ]
        assert alike(join([days[i] for i in order]), join(days))

    def test_stored_days_put_together_at_once_are_what_joining_them_one_by_one_gives(self):
        days = [full_day(), only_reactions(MONDAY + timedelta(days=2)), full_day(MONDAY + timedelta(days=5), 3)]
        assert alike(
            course_of([(d.day, stored(d)) for d in days]).joined, join([decode(d.day, stored(d)) for d in days])
        )

    def test_any_earlier_day_is_a_cut_of_the_course(self):
        days = [full_day(), only_reactions(MONDAY + timedelta(days=2)), full_day(MONDAY + timedelta(days=5), 3)]
        course = course_of([(d.day, stored(d)) for d in days])
        for ahead in range(-1, 7):
            until = MONDAY + timedelta(days=ahead)
            assert alike(course.up_to(until), join([decode(d.day, stored(d)) for d in days if d.day <= until])), until
        assert course.up_to(date.max) is course.joined

    def test_a_course_of_nothing_is_nothing_at_any_day(self):
        assert alike(Course(Joined(no_turns())).up_to(MONDAY), Joined(no_turns()))


def test_segments_say_of_each_turn_where_it_belongs():
    assert segment_column(full_day(turns=5).segments).tolist() == [0, 0, 1, 1, 1]
    assert segment_column(()).tolist() == []
