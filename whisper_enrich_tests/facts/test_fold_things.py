"""Retractions that name a thing, or nothing, and what one statement ends of others."""

from __future__ import annotations

import pytest

from whisper_enrich.facts.fold import fold
from whisper_enrich_tests.facts.fold_builders import history, joked, now, said

TATTOO = ['2025-01-05 10:00 past acquired=whale tattoo : "{user} got a whale tattoo on her arm"']
ROME = ['2025-01-05 plan visited=rome from 2025-04-01 : "{user} is going to Rome in April"']

TAKEN_BACK = {
    "a joke": (TATTOO, "2025-01-05 10:05 not =the tattoo", []),
    "a joke admitted the next morning": (TATTOO, "2025-01-06 09:00 not =tattoo", []),
    "a joke admitted weeks later": (TATTOO, "2025-01-28 not =tattoo", []),
    "a lie confessed months later": (TATTOO, "2025-06-06 not =tattoo", []),
    "another thing": (TATTOO, "2025-01-05 10:05 not =piercing", ["past acquired=whale tattoo"]),
    "every telling word must fit": (TATTOO, "2025-01-05 10:05 not =dragon tattoo", ["past acquired=whale tattoo"]),
    "a trip cancelled": (ROME, "2025-02-20 not =my trip to rome", []),
    "a trip cancelled under the attribute of plans": (ROME, "2025-02-20 not plans_to=trip to rome", []),
    "a trip cancelled in the future tense": (ROME, "2025-02-20 not plan =rome", []),
    "a trip to another place": (ROME, "2025-02-20 not =trip to paris", ["plan visited=rome"]),
    "a trip cancelled leaves the earlier visit": (
        [*ROME, '2025-01-06 past visited=rome from 2019-05-01 : "{user} was in Rome in 2019"'],
        "2025-02-20 not =trip to rome",
        ["past visited=rome"],
    ),
    "a trip that is cancelled where only a visit is known": (
        ['2025-01-06 past visited=rome from 2019-05-01 : "{user} was in Rome in 2019"'],
        "2025-02-20 not =trip to rome",
        ["past visited=rome"],
    ),
    "the wedding is off": (
        ['2025-01-06 plan plans_to=get married in june : "{user} plans a wedding in June"', "2025-01-06 likes=cake"],
        "2025-02-20 not =wedding",
        ["likes=cake"],
    ),
    "a hobby without an attribute, given up years later": (
        ['2020-01-05 : "{user} collects stamps"', "2020-01-05 likes=tea"],
        "2025-02-20 not =collecting stamps",
        ["likes=tea"],
    ),
    "a value under two attributes": (
        ["2024-01-05 plays=piano", "2024-01-05 learning=the piano", '2024-01-05 : "{user} has a piano at home"'],
        "2025-02-20 not =piano",
        ["{user} has a piano at home"],
    ),
    "of two states that speak of it neither is meant clearly": (
        ['2024-01-05 : "{user} has a red car"', '2024-01-05 : "{user} washes the car on Sundays"'],
        "2025-02-20 not =car",
        ["{user} has a red car", "{user} washes the car on Sundays"],
    ),
    "a thing named more shortly than it was": (
        ["2024-01-05 owns=red car"], "2025-02-20 not owns=car", [],
    ),
    "a thing named in words that fit two": (
        ["2024-01-05 owns=red car", "2024-01-05 owns=company car"],
        "2025-02-20 not owns=car",
        ["owns=company car", "owns=red car"],
    ),
    "more than was said": (["2024-01-05 likes=pineapple"], "2025-02-20 not likes=pineapple on pizza", ["likes=pineapple"]),
    "a condition named more shortly": (["2024-01-05 diagnosed_with=stomach ulcer"], "2025-02-20 not diagnosed_with=ulcer", []),
    "a pet by name under another kind": (
        ["2024-01-05 has_pet=golden retriever: sunny", "2024-01-05 has_pet=dog: rex"],
        "2025-02-20 not has_pet=dog: sunny",
        ["has_pet=dog: rex"],
    ),
    "a derivation": (["2024-01-05 plan plans_to=propose to mia"], "2025-02-20 not plan plans_to=proposal", []),
    "an irregular past": (
        ["2024-01-05 plan promises_to=ring their mother"], "2025-02-20 not plan promises_to=rang their mother", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "retraction", "left"), TAKEN_BACK.values(), ids=TAKEN_BACK.keys())
def test_a_retraction_that_names_a_thing_ends_what_was_said_about_it(before, retraction, left):
    lines = [*before, retraction]
    assert now(fold(said(*lines))) == sorted(left)
    assert fold(said(*reversed(lines))) == fold(said(*lines))


JUST_KIDDING = {
    "in the next message": (["2025-01-05 10:00 works_as=astronaut"], joked("2025-01-05 10:01"), []),
    "in the same message": (["2025-01-05 10:00 works_as=astronaut"], joked("2025-01-05 10:00", start=40), []),
    "only the last message": (
        ["2025-01-05 09:58 lives_in=leeds", "2025-01-05 10:00 works_as=astronaut"],
        joked("2025-01-05 10:01"),
        ["lives_in=leeds"],
    ),
    "too late to be about that": (
        ["2025-01-05 10:00 works_as=astronaut"], joked("2025-01-05 10:06"), ["works_as=astronaut"],
    ),
    "after other words of its message": (
        ["2025-01-05 10:00 lives_in=leeds"], joked("2025-01-05 10:01", start=40), ["lives_in=leeds"],
    ),
    "without anything before it": ([], joked("2025-01-05 10:01"), []),
}  # fmt: skip


@pytest.mark.parametrize(("before", "joke", "left"), JUST_KIDDING.values(), ids=JUST_KIDDING.keys())
def test_just_kidding_is_about_what_was_said_just_before(before, joke, left):
    assert now(fold([*said(*before), joke])) == left


UNDONE = {
    "by its name on the same day": [
        "2025-01-05 lives_in=kiel", "2025-01-21 10:00 lives_in=moon", "2025-01-21 10:01 not lives_in=moon",
    ],
    "without attribute on the next day": [
        "2025-01-05 lives_in=kiel", "2025-04-01 lives_in=transylvania", "2025-04-02 10:00 not =transylvania",
    ],
    "a slip of taste": ["2025-01-05 lives_in=kiel", "2025-02-01 dislikes=fish", "2025-02-01 12:01 not dislikes=fish"],
}  # fmt: skip


@pytest.mark.parametrize("lines", UNDONE.values(), ids=UNDONE.keys())
def test_what_is_taken_back_at_once_leaves_what_it_had_replaced_uninterrupted(lines):
    folded = fold(said(*lines))
    assert now(folded) == ["lives_in=kiel"]
    (undone,) = [v for v in folded.versions if v.reason != "current"]
    assert (undone.reason, undone.valid_from) == ("retracted", undone.valid_to)


def test_a_break_up_on_the_first_day_brings_nobody_back():
    lines = ["2025-01-05 partner=sam", "2025-02-05 10:00 partner=alex", "2025-02-05 18:00 not partner="]
    assert now(fold(said(*lines))) == []


def test_what_was_taken_back_meanwhile_does_not_come_back():
    lines = [
        "2025-01-05 lives_in=kiel", "2025-02-05 10:00 lives_in=york", "2025-02-05 10:01 not lives_in=kiel",
        "2025-02-05 10:02 not lives_in=york",
    ]  # fmt: skip
    assert now(fold(said(*lines))) == []


def test_a_joke_put_right_leaves_what_it_had_replaced_ended():
    folded = fold([*said("2025-01-05 10:00 works_as=astronaut"), joked("2025-01-05 10:01")])
    assert history(folded) == ["works_as=astronaut retracted 2025-01-05 2025-01-05"]
    assert folded.unmatched_retractions == ()


ENDED = {
    "who is single has no partner": (
        ["2025-01-05 partner=sam", "2025-05-05 relationship_status=single"], ["relationship_status=single"],
    ),
    "who is not single keeps the partner": (
        ["2025-01-05 partner=sam", "2025-05-05 relationship_status=not single"],
        ["partner=sam", "relationship_status=not single"],
    ),
    "a break-up ends the engagement": (
        ["2025-01-05 partner=sam", "2025-02-05 relationship_status=engaged", "2025-05-05 not partner="], [],
    ),
    "a break-up by name ends it too": (
        ["2025-01-05 partner=sam", "2025-02-05 relationship_status=in a relationship", "2025-05-05 not partner=sam"], [],
    ),
    "breaking up with 'my girlfriend' is breaking up with her": (
        ["2025-01-05 partner=mia", "2025-05-05 not partner=girlfriend"], [],
    ),
    "making up again": (
        [
            "2025-01-05 partner=sam", "2025-02-05 relationship_status=in a relationship", "2025-05-05 not partner=sam",
            "2025-05-05 relationship_status=single", "2025-06-05 partner=sam",
        ],
        ["partner=sam"],
    ),
    "making up again told as a status": (
        ["2025-01-05 relationship_status=dating", "2025-05-05 not partner=", "2025-06-05 relationship_status=dating"],
        ["relationship_status=dating"],
    ),
    "somebody new ends being single": (
        ["2025-01-05 relationship_status=single", "2025-05-05 partner=alex"], ["partner=alex"],
    ),
    "who is divorced may have somebody": (
        ["2025-01-05 partner=alex", "2025-05-05 relationship_status=divorced"],
        ["partner=alex", "relationship_status=divorced"],
    ),
    "a divorce ends a known marriage": (
        [
            "2025-01-05 married_to=sam", "2025-01-05 partner=husband", "2025-01-05 relationship_status=married",
            "2025-05-05 relationship_status=divorced",
        ],
        ["relationship_status=divorced"],
    ),
    "a divorce in the past touches nobody new": (
        ["2025-01-05 married_to=sam", "2025-05-05 past relationship_status=divorced from 2010-01-01"], ["married_to=sam"],
    ),
    "breaking up and meeting somebody in one message": (
        ["2025-01-05 partner=sam", "2025-05-05 relationship_status=single", "2025-05-05 partner=alex"],
        ["partner=alex", "relationship_status=single"],
    ),
    "widowed": (["2025-01-05 partner=sam", "2025-05-05 past lost=sam"], ["past lost=sam"]),
    "my wife died": (["2025-01-05 married_to=mia", "2025-05-05 past lost=wife"], ["past lost=wife"]),
    "the dog died": (
        ["2025-01-05 has_pet=dog: rex", "2025-01-05 has_pet=cat: tom", "2025-05-05 past lost=rex"],
        ["has_pet=cat: tom", "past lost=rex"],
    ),
    "who is separated is still married": (
        ["2025-01-05 married_to=sam", "2025-05-05 relationship_status=separated"],
        ["married_to=sam", "relationship_status=separated"],
    ),
    "the job is lost and the trade stays": (
        ["2025-01-05 works_at=acme", "2025-01-05 works_as=nurse", "2025-05-05 past job_change=lost the job"],
        ["past job_change=lost the job", "works_as=nurse"],
    ),
    "a job left by name": (
        ["2025-01-05 works_at=acme", "2025-05-05 past job_change=left acme"], ["past job_change=left acme"],
    ),
    "another job left by name": (
        ["2025-01-05 works_at=acme", "2025-05-05 past job_change=left bolt"],
        ["past job_change=left bolt", "works_at=acme"],
    ),
    "a promotion ends no job": (
        ["2025-01-05 works_at=acme", "2025-05-05 past job_change=got promoted"],
        ["past job_change=got promoted", "works_at=acme"],
    ),
    "quitting and starting in one message": (
        [
            "2025-01-05 works_at=acme", "2025-05-05 10:00 works_at=bolt", "2025-05-05 10:00 not works_at=",
            "2025-05-05 10:00 past job_change=quit my job",
        ],
        ["past job_change=quit my job", "works_at=bolt"],
    ),
    "retired": (["2025-01-05 works_at=acme", "2025-05-05 works_as=retired"], ["works_as=retired"]),
    "a move ends the old home": (
        ["2025-01-05 lives_in=leeds", "2025-05-05 past moved_to=york from 2025-05-01"], ["past moved_to=york"],
    ),
    "a move long ago ends no home": (
        ["2025-01-05 lives_in=leeds", "2025-05-05 past moved_to=york from 2012-01-01"],
        ["lives_in=leeds", "past moved_to=york"],
    ),
    "a move to a new flat is within the town": (
        ["2025-01-05 lives_in=leeds", "2025-05-05 past moved_to=bigger flat"],
        ["lives_in=leeds", "past moved_to=bigger flat"],
    ),
    "a planned break-up ends nothing": (
        ["2025-01-05 partner=sam", "2025-05-05 not plan partner="], ["partner=sam"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "left"), ENDED.values(), ids=ENDED.keys())
def test_a_statement_ends_what_cannot_hold_beside_it(lines, left):
    assert now(fold(said(*lines))) == sorted(left)
    assert fold(said(*reversed(lines))) == fold(said(*lines))


OVER = {
    "an undated past of a home known as present": (["2025-01-05 lives_in=leeds", "2025-05-05 past lives_in=leeds"], []),
    "a dated past of it": (
        ["2025-01-05 lives_in=leeds", "2025-05-05 past lives_in=leeds from 2001-01-01 to 2004-12-31"], ["lives_in=leeds"],
    ),
    "a past that was told first": (["2025-01-05 past smokes=yes", "2025-05-05 smokes=yes"], ["smokes=yes"]),
    "present again": (
        ["2025-01-05 smokes=yes", "2025-03-05 past smokes=yes", "2025-05-05 smokes=yes"], ["smokes=yes"],
    ),
    "the past of a taste is that of an evening": (["2025-01-05 likes=tea", "2025-05-05 past likes=tea"], ["likes=tea"]),
    "a favourite of the same kind": (
        ["2025-01-05 favourite=film: stalker", "2025-01-06 favourite=colour: red", "2025-05-05 favourite=film: paterson"],
        ["favourite=colour: red", "favourite=film: paterson"],
    ),
    "a growing family": (
        ["2025-01-05 has_child=two", "2025-01-05 has_child=mila", "2025-05-05 has_child=drei"],
        ["has_child=drei", "has_child=mila"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "left"), OVER.values(), ids=OVER.keys())
def test_what_is_over(lines, left):
    assert now(fold(said(*lines))) == left


def test_a_bare_retraction_ends_plans_whose_day_has_come_and_no_others():
    lines = ["2025-02-20 diet=no meat from 2025-03-05", "2025-02-20 diet=vegan from 2026-01-01", "2025-04-25 not diet="]
    assert now(fold(said(*lines))) == ["plan diet=vegan"]


COME_TRUE = {
    "a move told as an event": (["2025-01-05 plan lives_in=fulda", "2025-05-05 past moved_to=fulda"], ["past moved_to=fulda"]),
    "a trip": (
        ["2025-01-05 plan plans_to=go to rome this spring", "2025-05-05 past visited=rome"], ["past visited=rome"],
    ),
    "a visit is no move": (
        ["2025-01-05 plan plans_to=move to rome", "2025-01-05 plan lives_in=rome", "2025-05-05 past visited=rome"],
        ["past visited=rome", "plan lives_in=rome", "plan plans_to=move to rome"],
    ),
    "a visit before the plan": (
        ["2025-01-05 plan visited=rome", "2025-05-05 past visited=rome from 2019-05-01"],
        ["past visited=rome", "plan visited=rome"],
    ),
    "an event": (
        ["2025-01-05 plan plans_to=run the kassel marathon", "2025-05-05 past event=ran the kassel marathon"],
        ["past event=ran the kassel marathon"],
    ),
    "another event": (
        ["2025-01-05 plan plans_to=run the kassel marathon", "2025-05-05 past event=ran the bonn marathon"],
        ["past event=ran the bonn marathon", "plan plans_to=run the kassel marathon"],
    ),
    "one word is not enough": (
        ["2025-01-05 plan plans_to=swim", "2025-05-05 past event=saw seals swim"],
        ["past event=saw seals swim", "plan plans_to=swim"],
    ),
    "a pet by its name": (
        ["2025-01-05 plan has_pet=cat: fergus", "2025-05-05 has_pet=fergus"], ["has_pet=fergus"],
    ),
    "what was there before is not what was planned": (
        ["2025-01-01 has_pet=dog", "2025-01-05 plan has_pet=second dog", "2025-05-05 has_pet=dog"],
        ["has_pet=dog", "plan has_pet=second dog"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "left"), COME_TRUE.values(), ids=COME_TRUE.keys())
def test_a_plan_ends_when_what_is_said_is_what_was_planned(lines, left):
    assert now(fold(said(*lines))) == sorted(left)
    assert fold(said(*reversed(lines))) == fold(said(*lines))


SAYS_LESS = {
    "the kind of a partner with a name": (["2025-01-05 partner=sam", "2025-05-05 partner=boyfriend"], "sam"),
    "a name for a kind": (["2025-01-05 partner=boyfriend", "2025-05-05 partner=sam"], "sam"),
    "another kind": (["2025-01-05 partner=boyfriend", "2025-05-05 partner=husband"], "husband"),
    "an occupation": (["2025-01-05 works_as=paediatric nurse", "2025-05-05 works_as=nurse"], "paediatric nurse"),
    "an occupation more exactly": (["2025-01-05 works_as=nurse", "2025-05-05 works_as=paediatric nurse"], "paediatric nurse"),
    "an occupation reached": (["2025-01-05 works_as=student nurse", "2025-05-05 works_as=nurse"], "nurse"),
    "another occupation": (["2025-01-05 works_as=paediatric nurse", "2025-05-05 works_as=teacher"], "teacher"),
    "a place within a name is another place": (["2025-01-05 lives_in=new york", "2025-05-05 lives_in=york"], "york"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "value"), SAYS_LESS.values(), ids=SAYS_LESS.keys())
def test_what_says_less_of_the_same_replaces_nothing(lines, value):
    assert [fact.value for fact in fold(said(*lines)).facts] == [value]


def test_what_says_less_is_evidence_all_the_same():
    lines = ["2025-01-05 works_as=paediatric nurse sure 0.6", "2025-05-05 works_as=nurse sure 0.9"]
    (fact,) = fold(said(*lines)).facts
    assert (fact.value, fact.mentions) == ("paediatric nurse", 2)
    assert fact.confidence > 0.9
