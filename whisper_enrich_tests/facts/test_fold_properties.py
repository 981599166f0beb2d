"""What holds of every fold, whatever was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.belief import CEILING
from whisper_enrich.facts.fold import fold, held_on, known_by
from whisper_enrich.facts.merge import statement_key
from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Tense
from whisper_enrich.messages.model import Scope
from whisper_enrich_tests.facts.fold_builders import in_dm

START = datetime(2025, 1, 1, tzinfo=UTC)
ALWAYS = settings(max_examples=150, derandomize=True, deadline=None)

VALUES = {
    "lives_in": ["leeds", "york", "new york", "new york city", "leeds, uk", "philadelphia", "philadelpia", ""],
    "partner": ["sam", "girlfriend", ""],
    "relationship_status": ["single", "engaged"],
    "works_as": ["nurse", "paediatric nurse", "retired"],
    "lost": ["rex", "girlfriend"],
    "birthday": ["05-03", "05-04"],
    "likes": ["olives", "olive", "videogames", "video games", ""],
    "dislikes": ["olives", "video game", ""],
    "has_pet": ["dog", "dog: rex", "dog: bella", "cats", ""],
    "event": ["ran a marathon", "moved house"],
    "": ["", "olives", "trip to york"],
}
UNRELATED = {"plays": ["chess", "the violin", ""], "studies_at": ["acme", "bolt", ""]}


MOMENTS = list(product(range(24 * 40 + 1), range(3), Scope))
"""Hours since the start, which of the messages of that hour, and who may see it."""
SPANS = [
    *[(None, None)] * 150, *product(range(-90, 61), [None]), *product([None], range(-30, 61)),
    *product(range(-90, 61, 7), range(-30, 61, 7)),
]  # fmt: skip
"""Days from when to when it holds, counted from when it is said."""


def assertions_of(values: dict[str, list[str]]) -> st.SearchStrategy[Assertion]:
    """Three draws from lists of combinations: a draw takes longer than a fold, so one for each field is too many."""
    claims = product(
        [(attribute, value) for attribute in values for value in values[attribute]], [True, False],
        [Polarity.AFFIRM, Polarity.AFFIRM, Polarity.RETRACT], [Tense.PRESENT, Tense.PRESENT, Tense.PAST, Tense.FUTURE],
        [0.3, 0.8, 0.95], ["a", "b"],
    )  # fmt: skip
    return st.builds(_assertion, st.sampled_from(list(claims)), st.sampled_from(MOMENTS), st.sampled_from(SPANS))


def _assertion(claim: tuple, moment: tuple[int, int, Scope], span: tuple[int | None, int | None]) -> Assertion:
    (attribute, value), with_value, polarity, tense, confidence, rule = claim
    hours, number, scope = moment
    at = START + timedelta(hours=hours)
    holds_from, holds_to = (None if days is None else at.date() + timedelta(days=days) for days in span)
    return Assertion(
        bot_name="marlow",
        user_id="nadia",
        category=ATTRIBUTES[attribute].category if attribute else Category.PERSONAL,
        statement=f"{{user}}: {attribute} {value}" if with_value else f"{{user}} says {attribute}",
        attribute=attribute,
        value=value,
        polarity=polarity,
        tense=tense,
        holds_from=holds_from,
        holds_to=holds_to,
        confidence=confidence,
        evidence=Evidence(f"{at:%m%d%H}-{number}", 0, 9, "some words", at, scope),
        rule=rule,
    )


talks = st.lists(assertions_of(VALUES), max_size=14)


@ALWAYS
@given(talks, st.randoms(use_true_random=False))
def test_the_order_of_assertions_does_not_matter(talk, random):
    shuffled = random.sample(talk, len(talk))
    assert fold(shuffled) == fold(talk)


@ALWAYS
@given(talks)
def test_the_same_assertions_twice_say_nothing_more(talk):
    assert fold(talk + talk) == fold(talk)


@ALWAYS
@given(talks, st.lists(assertions_of(UNRELATED), max_size=8))
def test_unrelated_assertions_change_no_other_fact(talk, unrelated):
    talk = [a for a in talk if a.attribute or a.polarity is Polarity.AFFIRM]
    alone, together = fold(talk), fold(talk + unrelated)
    assert tuple(f for f in together.facts if f.attribute not in UNRELATED) == alone.facts
    assert tuple(v for v in together.versions if v.attribute not in UNRELATED) == alone.versions
    assert tuple(a for a in together.unmatched_retractions if a.attribute not in UNRELATED) == (
        alone.unmatched_retractions
    )


@ALWAYS
@given(talks, st.integers(0, 40), st.integers(0, 40))
def test_what_was_once_known_is_never_forgotten(talk, one, other):
    early, late = (known_by(talk, START + timedelta(days=day)) for day in sorted((one, other)))
    assert {v.key for v in early.versions} <= {v.key for v in late.versions}
    evidence = [{piece for v in told.versions for piece in v.evidence} for told in (early, late)]
    assert evidence[0] <= evidence[1]


@ALWAYS
@given(talks)
def test_in_the_end_everything_said_is_known(talk):
    assert known_by(talk, START + timedelta(days=50)) == fold(talk)


@ALWAYS
@given(talks)
def test_every_affirmation_is_evidence_of_a_version_and_nothing_else_is(talk):
    affirmed = {a.evidence for a in talk if a.polarity is Polarity.AFFIRM}
    assert {piece for v in fold(talk).versions for piece in v.evidence} == affirmed


@ALWAYS
@given(talks)
def test_every_retraction_ends_something_or_is_reported(talk):
    folded = fold(talk)
    ended_by = {piece for v in folded.versions for piece in v.ended_by}
    unmatched = {a.evidence for a in folded.unmatched_retractions}
    assert {a.evidence for a in talk if a.polarity is Polarity.RETRACT} <= ended_by | unmatched


@ALWAYS
@given(talks)
def test_every_fact_has_evidence_and_a_confidence_that_is_neither_nothing_nor_certainty(talk):
    folded = fold(talk)
    for told in (*folded.facts, *folded.versions):
        assert told.evidence
        assert 0 < told.confidence <= CEILING
    for fact in folded.facts:
        assert 1 <= fact.mentions <= len(fact.evidence)
        assert fact.first_said_at <= fact.last_said_at


@ALWAYS
@given(talks)
def test_no_two_facts_share_a_statement(talk):
    facts = fold(talk).facts
    assert len({fact.statement for fact in facts}) == len(facts)
    without_value = [statement_key(fact.statement) for fact in facts if not fact.value]
    with_value = {statement_key(fact.statement) for fact in facts if fact.value}
    assert len(set(without_value)) == len(without_value)
    assert with_value.isdisjoint(without_value)


@ALWAYS
@given(talks)
def test_facts_are_current_versions(talk):
    folded = fold(talk)
    current = [v.key for v in folded.versions if v.reason == "current"]
    assert len(set(current)) == len(current)
    assert {fact.key for fact in folded.facts} <= set(current)


@ALWAYS
@given(talks)
def test_one_value_at_a_time_and_no_opposites(talk):
    standing = [v for v in fold(talk).versions if v.reason == "current" and v.tense is not Tense.FUTURE and v.value]
    assert sum(v.attribute == "lives_in" for v in standing) <= 1
    assert sum(v.attribute == "birthday" for v in standing) <= 1
    assert sum(v.attribute in ("likes", "dislikes") and v.value.startswith("olive") for v in standing) <= 1


@ALWAYS
@given(talks, st.integers(-100, 110))
def test_on_no_day_two_homes(talk, day):
    held = held_on(fold(talk).versions, date(2025, 1, 1) + timedelta(days=day))
    assert sum(v.attribute == "lives_in" and bool(v.value) and v.reason != "past" for v in held) <= 1


@ALWAYS
@given(talks)
def test_versions_run_forwards_and_are_numbered_without_a_gap(talk):
    versions = fold(talk).versions
    for v in versions:
        assert v.known_to is None or v.known_from <= v.known_to
        if v.tense is Tense.PRESENT and v.valid_from and v.valid_to:
            assert v.valid_from <= v.valid_to
    for key in {v.key for v in versions}:
        numbers = [v.number for v in versions if v.key == key]
        assert numbers == list(range(1, len(numbers) + 1))


@ALWAYS
@given(talks, st.lists(assertions_of(VALUES), max_size=8))
def test_nothing_said_in_a_dm_changes_what_others_see(talk, secrets):
    assert fold([*talk, *map(in_dm, secrets)], scope=Scope.SHARED) == fold(talk, scope=Scope.SHARED)


@ALWAYS
@given(talks)
def test_what_others_see_is_the_fold_of_what_was_shared(talk):
    shared = [a for a in talk if a.evidence.scope is Scope.SHARED]
    assert fold(talk, scope=Scope.SHARED) == fold(shared)
    assert all(piece.scope is Scope.SHARED for f in fold(shared).facts for piece in f.evidence)


@ALWAYS
@given(talks)
def test_keys_do_not_depend_on_bot_and_user(talk):
    elsewhere = [replace(a, bot_name="juno", user_id="theo") for a in talk]
    assert [f.key for f in fold(elsewhere).facts] == [f.key for f in fold(talk).facts]
