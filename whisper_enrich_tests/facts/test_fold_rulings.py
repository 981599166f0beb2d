"""What a person has ruled about a fact, and what the fold makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_enrich.facts.fold import Fact, fold, held_on, known_by
from whisper_enrich.facts.rulings import CONFIDENCE, Ruling, RulingKind
from whisper_enrich.messages.model import Scope
from whisper_enrich_tests.facts.fold_builders import history, in_dm, now, said
from whisper_enrich_tests.facts.test_fold_properties import ALWAYS, talks


def ruled(fact: Fact, on: str, statement: str | None = None, value: str | None = None, number: int = 1) -> Ruling:
    """A rejection of the fact, or a correction where a statement is given, made at noon."""
    return Ruling(
        number=number,
        bot_name="marlow",
        user_id="nadia",
        kind=RulingKind.REJECT if statement is None else RulingKind.CORRECT,
        category=fact.category,
        attribute=fact.attribute,
        value=fact.value,
        statement=fact.statement,
        tense=fact.tense,
        scope=fact.scope,
        holds_from=fact.valid_from,
        point_ids=tuple({piece.point_id for piece in fact.evidence}),
        ruled_at=datetime.fromisoformat(f"{on}T12:00+00:00"),
        ruled_by="operator",
        corrected_statement=statement,
        corrected_value=value,
    )


def known(*lines: str) -> Fact:
    (fact,) = fold(said(*lines)).facts
    return fact


def test_a_rejected_fact_is_gone_and_its_history_says_so():
    talk = said("2025-01-05 has_pet=dog: rex", "2025-01-06 likes=tea")
    (dog,) = [f for f in fold(talk).facts if f.attribute == "has_pet"]
    folded = fold(talk, rulings=[ruled(dog, "2025-02-01")])
    assert now(folded) == ["likes=tea"]
    assert history(folded) == ["has_pet=dog: rex rejected 2025-01-05 2025-01-05"]
    (version,) = [v for v in folded.versions if v.reason == "rejected"]
    assert version.known_to == datetime(2025, 2, 1, 12, tzinfo=UTC)
    assert held_on(folded.versions, date(2025, 1, 20)) == tuple(v for v in folded.versions if v.value == "tea")


def test_what_a_rejected_fact_had_replaced_holds_again():
    talk = said("2025-01-05 lives_in=leeds", "2025-03-05 lives_in=york")
    (york,) = fold(talk).facts
    assert now(fold(talk, rulings=[ruled(york, "2025-04-01")])) == ["lives_in=leeds"]


@pytest.mark.parametrize(
    "line",
    [
        "2025-01-05 has_pet=Dog: Rex",
        '2025-01-05 has_pet=dog: rex : "{user} owns a dog named Rex"',
        '2025-01-05 owns=dog named rex : "{user} has dog: rex"',
        '2025-01-05 : "{user} has pet dog: rex"',
    ],
)
def test_a_rejection_holds_for_whatever_another_engine_reads_out_of_the_same_messages(line):
    rejection = ruled(known("2025-01-05 has_pet=dog: rex"), "2025-02-01")
    assert now(fold(said(line), rulings=[rejection])) == []


@pytest.mark.parametrize(
    "line",
    ["2025-01-05 has_pet=cat: rex", "2025-01-05 lives_in=leeds", "2025-01-05 plan has_pet=dog: rex"],
)
def test_a_rejection_leaves_what_else_the_message_says(line):
    rejection = ruled(known("2025-01-05 has_pet=dog: rex"), "2025-02-01")
    assert len(fold(said(line), rulings=[rejection]).facts) == 1


def test_what_is_said_after_a_rejection_counts_anew():
    talk = said("2025-01-05 has_pet=dog: rex", "2025-03-05 has_pet=dog: rex")
    (fact,) = fold(talk, rulings=[ruled(known("2025-01-05 has_pet=dog: rex"), "2025-02-01")]).facts
    assert (fact.mentions, fact.confidence, fact.valid_from) == (1, 0.8, date(2025, 3, 5))


def test_a_late_message_from_before_the_rejection_does_not():
    talk = said("2025-01-05 has_pet=dog: rex", "2025-01-20 has_pet=dog: rex")
    assert fold(talk, rulings=[ruled(known("2025-01-05 has_pet=dog: rex"), "2025-02-01")]).facts == ()


def test_a_corrected_fact_says_what_the_person_said():
    wrong = known("2025-01-05 lives_in=leicester")
    folded = fold(
        said("2025-01-05 lives_in=leicester", "2025-01-09 lives_in=leicester"),
        rulings=[ruled(wrong, "2025-02-01", "{user} lives in Leeds", "leeds")],
    )
    (fact,) = folded.facts
    assert (fact.value, fact.statement, fact.confidence) == ("leeds", "{user} lives in Leeds", CONFIDENCE)
    assert fact.valid_from == date(2025, 1, 5)
    assert [piece.point_id for piece in fact.evidence] == ["ruling:1"]
    assert history(folded) == ["lives_in=leicester corrected 2025-01-05 2025-01-05"]
    (former,) = [v for v in folded.versions if v.reason == "corrected"]
    assert former.superseded_by == fact.key
    assert len(former.evidence) == 2


def test_a_correction_stays_when_no_engine_finds_the_fact_any_more():
    correction = ruled(known("2025-01-05 lives_in=leicester"), "2025-02-01", "{user} lives in Leeds", "leeds")
    assert now(fold([], rulings=[correction])) == ["lives_in=leeds"]


def test_a_move_after_the_correction_replaces_it():
    correction = ruled(known("2025-01-05 lives_in=leicester"), "2025-02-01", "{user} lives in Leeds", "leeds")
    assert now(fold(said("2025-05-05 lives_in=york"), rulings=[correction])) == ["lives_in=york"]


def test_a_correction_of_the_words_alone_keeps_the_evidence():
    talk = said("2025-01-05 has_pet=dog: rex", "2025-01-09 has_pet=dog: rex")
    (dog,) = fold(talk).facts
    folded = fold(talk, rulings=[ruled(dog, "2025-02-01", "{user} has a dog called Rex", "dog: rex")])
    (fact,) = folded.facts
    assert (fact.statement, fact.mentions) == ("{user} has a dog called Rex", 3)
    assert history(folded) == []


def test_what_was_corrected_can_be_rejected():
    talk = said("2025-01-05 lives_in=leicester")
    first = ruled(known("2025-01-05 lives_in=leicester"), "2025-02-01", "{user} lives in Leeds", "leeds")
    (leeds,) = fold(talk, rulings=[first]).facts
    folded = fold(talk, rulings=[first, ruled(leeds, "2025-03-01", number=2)])
    assert folded.facts == ()
    assert {v.value: v.reason.value for v in folded.versions} == {"leicester": "corrected", "leeds": "rejected"}


def test_the_last_of_several_rulings_decides():
    talk = said("2025-01-05 lives_in=leicester")
    wrong = known("2025-01-05 lives_in=leicester")
    rejection = ruled(wrong, "2025-02-01")
    correction = ruled(wrong, "2025-03-01", "{user} lives in Leeds", "leeds", number=2)
    for rulings in ([rejection, correction], [correction, rejection]):
        assert now(fold(talk, rulings=rulings)) == ["lives_in=leeds"]


def test_a_plan_can_be_rejected_and_the_state_stays():
    talk = said("2025-01-05 lives_in=york", "2025-01-06 plan lives_in=york")
    (plan,) = [f for f in fold(talk).facts if f.tense == "future"]
    folded = fold(talk, rulings=[ruled(plan, "2025-02-01")])
    assert now(folded) == ["lives_in=york"]
    assert history(folded) == ["plan lives_in=york rejected ? ?"]


def test_a_ruling_is_known_from_its_own_time():
    talk = said("2025-01-05 has_pet=dog: rex")
    rejection = ruled(known("2025-01-05 has_pet=dog: rex"), "2025-02-01")
    before, after = (datetime(2025, month, 15, tzinfo=UTC) for month in (1, 2))
    assert now(known_by(talk, before, rulings=[rejection])) == ["has_pet=dog: rex"]
    assert now(known_by(talk, after, rulings=[rejection])) == []


def test_a_correction_of_what_was_said_in_a_dm_stays_in_the_dm():
    (wrong,) = fold(map(in_dm, said("2025-01-05 lives_in=leicester"))).facts
    correction = ruled(wrong, "2025-02-01", "{user} lives in Leeds", "leeds")
    assert fold([], rulings=[correction], scope=Scope.SHARED).facts == ()
    assert now(fold([], rulings=[correction])) == ["lives_in=leeds"]


@st.composite
def talks_with_rulings(draw):
    """A talk, and rulings on facts of parts of it, some of them corrections."""
    talk = draw(talks)
    rulings: list[Ruling] = []
    for number in range(draw(st.integers(0, 3))):
        facts = fold(talk[: draw(st.integers(0, len(talk)))], rulings=rulings).facts
        if facts:
            fact = draw(st.sampled_from(facts))
            value = draw(st.sampled_from(["leeds", "olive", fact.value])) if fact.value else None
            statement = draw(st.none() | st.just(f"{{user}}, it was said, {value}"))
            at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 24 * 40)))
            ruling = ruled(fact, "2025-01-01", statement, value if statement else None, number)
            rulings.append(replace(ruling, ruled_at=at))
    return talk, rulings


@ALWAYS
@given(talks_with_rulings(), st.randoms(use_true_random=False))
def test_the_order_of_assertions_and_rulings_does_not_matter(case, random):
    talk, rulings = case
    shuffled = fold(random.sample(talk, len(talk)), rulings=random.sample(rulings, len(rulings)))
    assert shuffled == fold(talk, rulings=rulings)
    assert fold(talk + talk, rulings=rulings) == shuffled


@ALWAYS
@given(talks_with_rulings())
def test_every_fact_has_a_statement_of_its_own_and_every_version_its_number_with_rulings_too(case):
    talk, rulings = case
    folded = fold(talk, rulings=rulings)
    assert len({fact.statement for fact in folded.facts}) == len(folded.facts)
    identities = [(v.key, v.number) for v in folded.versions]
    assert len(set(identities)) == len(identities)
    assert all(v.known_to is None or v.known_from <= v.known_to for v in folded.versions)


@ALWAYS
@given(talks_with_rulings())
def test_nothing_that_was_rejected_rests_on_evidence_from_before(case):
    talk, rulings = case
    rejected = [r for r in rulings if r.kind is RulingKind.REJECT and r.value]
    for fact in fold(talk, rulings=rulings).facts:
        for ruling in rejected:
            later = [r for r in rulings if (r.ruled_at, r.number) > (ruling.ruled_at, ruling.number)]
            same = (fact.attribute, fact.value, fact.tense) == (ruling.attribute, ruling.value, ruling.tense)
            if same and not later:
                assert fact.last_said_at > ruling.ruled_at
