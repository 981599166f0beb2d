"""Cosines to what was said before, and sums from which centroids come."""

from __future__ import annotations

from array import array
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.store import VECTOR_SIZE
from whisper_enrich.strategic.history import SPACES
from whisper_enrich.strategic.vector_features import coherence, unit_vectors, vector_sums

DAY = date(2026, 3, 2)
USER, BOT = True, False


def towards(degrees: float, length: float = 1.0) -> np.ndarray:
    """A vector in the plane of the first two axes."""
    vector = np.zeros(VECTOR_SIZE)
    vector[:2] = length * np.cos(np.radians(degrees)), length * np.sin(np.radians(degrees))
    return vector


def content(degrees: float, length: float = 1.0) -> dict[str, np.ndarray]:
    return {"content": towards(degrees, length)}


class TestCoherence:
    def test_each_turn_is_held_against_the_last_of_the_other_speaker(self):
        found = coherence([USER, BOT, BOT, USER], [content(0), content(60), content(90), content(90)])
        assert np.isnan(found[0])
        assert found[1:] == pytest.approx([0.5, 0.0, 1.0], abs=1e-6)
        assert found.dtype == np.float32

    def test_length_does_not_matter(self):
        assert coherence([USER, BOT], [content(0, 7.0), content(60, 0.01)])[1] == pytest.approx(0.5, abs=1e-6)

    def test_opposite_turns_are_at_minus_one(self):
        assert coherence([USER, BOT], [content(0), content(180)])[1] == pytest.approx(-1.0)

    def test_a_turn_without_a_vector_has_none_and_gives_none(self):
        vectors = [content(0), None, content(0), content(0)]
        assert np.isnan(coherence([USER, USER, BOT, USER], vectors)).tolist() == [True, True, True, False]

    def test_a_monologue_has_none(self):
        assert np.isnan(coherence([USER] * 3, [content(0)] * 3)).all()

    def test_a_day_without_turns_is_empty(self):
        assert coherence([], []).shape == (0,)

    @pytest.mark.parametrize(
        "broken",
        [{}, {"emotion": towards(0)}, content(0, 0.0), {"content": [1.0, 2.0]}, {"content": []},
         {"content": np.full(VECTOR_SIZE, np.nan)}, {"content": np.full(VECTOR_SIZE, np.inf)}, {"content": None}],
        ids=["none", "another space", "zero", "too short", "empty", "not a number", "infinite", "null"],
    )  # fmt: skip
    def test_what_is_no_vector_counts_as_none(self, broken):
        assert np.isnan(coherence([USER, BOT], [content(0), broken])).all()

    @pytest.mark.parametrize("form", [list, tuple, np.asarray, lambda v: array("f", v)])
    def test_every_sequence_of_numbers_is_a_vector(self, form):
        assert coherence([USER, BOT], [content(0), {"content": form(towards(60))}])[1] == pytest.approx(0.5, abs=1e-6)

    def test_speakers_and_vectors_must_be_as_many(self):
        with pytest.raises(ValueError, match="1 speakers and 2 vectors"):
            coherence([USER], [None, None])

    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(st.booleans(), st.one_of(st.none(), st.integers(0, 359))), max_size=12))
    def test_it_is_a_cosine_wherever_both_have_one(self, turns):
        found = coherence([user for user, _ in turns], [None if d is None else content(d) for _, d in turns])
        for i, (user, degrees) in enumerate(turns):
            before = [d for other, d in turns[:i] if other != user]
            if degrees is None or not before or before[-1] is None:
                assert np.isnan(found[i])
            else:
                assert found[i] == pytest.approx(np.cos(np.radians(degrees - before[-1])), abs=1e-5)


class TestVectorSums:
    def test_unit_vectors_are_summed_by_speaker_and_space(self):
        vectors = [content(0, 5.0), content(90), content(90, 3.0), {"emotion": towards(0)}]
        sums = {(one.from_user, one.space): one for one in vector_sums(DAY, [USER, USER, BOT, BOT], vectors)}
        assert set(sums) == {(USER, "content"), (BOT, "content"), (BOT, "emotion")}
        assert sums[USER, "content"].total[:2] == pytest.approx([1.0, 1.0])
        assert (sums[USER, "content"].count, sums[BOT, "content"].count) == (2, 1)
        assert sums[BOT, "content"].day == DAY

    def test_the_order_is_always_the_same(self):
        vectors = [dict.fromkeys(SPACES, towards(n)) for n in range(2)]
        found = [(one.from_user, one.space) for one in vector_sums(DAY, [BOT, USER], vectors)]
        assert found == [(u, s) for u in (USER, BOT) for s in ("content", "emotion", "semantic")]

    def test_nothing_summed_is_nothing(self):
        assert vector_sums(DAY, [USER, BOT], [None, content(0, 0.0)]) == []
        assert vector_sums(DAY, [], []) == []

    def test_as_many_speakers_as_vectors(self):
        with pytest.raises(ValueError, match="speakers"):
            vector_sums(DAY, [USER], [])

    def test_no_sum_is_longer_than_its_count(self):
        rng = np.random.default_rng(1)
        vectors = [{"semantic": rng.standard_normal(VECTOR_SIZE)} for _ in range(50)]
        (one,) = vector_sums(DAY, [BOT] * 50, vectors)
        assert 0 < np.linalg.norm(one.total) <= 50


def test_huge_vectors_are_normalised_too():
    vectors = unit_vectors([{"content": np.full(VECTOR_SIZE, 1e30)}], "content")
    assert np.linalg.norm(vectors[0]) == pytest.approx(1.0)
