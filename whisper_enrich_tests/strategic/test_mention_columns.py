"""Mentions as columns are the mentions they were made of; terms found in columns are those found one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.engines import ENGINES, Surroundings, compute
from whisper_enrich.strategic.history import Mention, Mentions, Turns
from whisper_enrich.strategic.memories import memory_key, talk_of
from whisper_enrich_tests.strategic.talkative import history_of_mentions, talkative_history

TURNS = 6
mentions = st.lists(
    st.builds(
        Mention,
        st.sampled_from(["toyota", "garden", "gardens", "new york"]),
        st.sampled_from(["a", "A"]),
        st.sampled_from(["entity", "topic"]),
        st.integers(0, TURNS - 1),
    ),
    max_size=12,
)


def named_one_by_one(found: Sequence[Mention], private: Sequence[bool]) -> dict[str, str]:
    """Labels by key, by the rule: said in the open before private, names before words, then the latest."""
    ranks: dict[str, int] = {}
    labels: dict[str, str] = {}
    for mention in found:
        key = memory_key(mention.key)
        rank = 2 * (not private[mention.turn]) + (mention.kind == "entity")
        if rank >= ranks.setdefault(key, 0):
            ranks[key] = rank
            labels[key] = mention.label
    return labels


class TestColumns:
    @settings(max_examples=50, derandomize=True, deadline=None)
    @given(mentions)
    def test_one_by_one_they_are_what_they_were_made_of(self, found):
        named = Mentions.of(found)
        assert list(named) == found == [named[i] for i in range(len(named))]
        assert [named.keys[i] for i in named.key] == [mention.key for mention in found]
        assert named.entity.tolist() == [mention.kind == "entity" for mention in found]
        assert named.turn.tolist() == [mention.turn for mention in found]

    @settings(max_examples=50, derandomize=True, deadline=None)
    @given(mentions, st.slices(12))
    def test_a_slice_and_an_array_of_indices_choose_as_from_a_list(self, found, part):
        named = Mentions.of(found)
        assert list(named[part]) == found[part]
        assert list(named[np.arange(len(found))[part]]) == found[part]
        assert [named[part].keys[i] for i in named[part].key] == [mention.key for mention in found[part]]

    def test_they_equal_a_list_of_the_same_mentions_and_no_other(self):
        found = [Mention("rex", "Rex", "entity", 0), Mention("walk", "walk", "topic", 1)]
        assert Mentions.of(found) == found == Mentions.of(found)
        assert Mentions.of(found) != found[::-1]
        assert Mentions.of(found) != 2

    def test_columns_stay_columns(self):
        named = Mentions.of([Mention("rex", "Rex", "entity", 0)])
        assert Mentions.of(named) is named

    def test_what_engines_share_is_computed_once_for_the_same_turns(self):
        calls: list[Turns] = []

        def derive(turns: Turns, named: Mentions) -> int:
            calls.append(turns)
            return len(calls)

        history = talkative_history(turns=10, mentions=5)
        other = replace(history.turns, private=~history.turns.private)
        assert [history.named.once(turns, derive) for turns in (history.turns, history.turns, other)] == [1, 1, 2]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(mentions, st.lists(st.booleans(), min_size=TURNS, max_size=TURNS))
def test_terms_and_their_labels_are_those_found_mention_by_mention(found, private):
    said = [(float(TURNS - i), "user", "") for i in range(TURNS)]
    history = history_of_mentions(said, private=[i for i, one in enumerate(private) if one], mentions=found)
    talk = talk_of(history)
    expected = named_one_by_one(found, private)
    assert dict(zip(talk.keys, talk.labels, strict=True)) == expected
    assert list(talk.keys) == list(expected)
    assert [talk.keys[term] for term in talk.mention_term] == [memory_key(mention.key) for mention in found]
    names = {memory_key(mention.key) for mention in found if mention.kind == "entity"}
    assert {key for key, entity in zip(talk.keys, talk.known.entity, strict=True) if entity} == names


def test_talk_is_that_of_the_turns_at_hand_when_mentions_are_used_again():
    history = talkative_history(turns=50, mentions=40)
    history = replace(history, mentions=history.named)
    in_private = replace(history, turns=replace(history.turns, private=np.ones(50, dtype=bool)))
    assert not talk_of(history).private.any()
    assert talk_of(in_private).private.all()


def test_engines_make_the_same_of_columns_as_of_a_list():
    history = talkative_history(turns=300, mentions=400)
    columns = replace(history, mentions=Mentions.of(history.mentions))
    for cache in ENGINES:
        assert compute(cache, columns, Surroundings()) == compute(cache, history, Surroundings())
