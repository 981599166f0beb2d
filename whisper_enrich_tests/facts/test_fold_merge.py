"""Which assertions are of one fact, and which only look like it."""

from __future__ import annotations

from itertools import permutations

import pytest

from whisper_enrich.facts.belief import CEILING
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.merge import inflection_stem, statement_key
from whisper_enrich_tests.facts.fold_builders import now, said

SAME_VALUE = {
    "case": ("likes", "Olives", "olives"),
    "plural": ("likes", "dog", "dogs"),
    "plural in y": ("has_pet", "canary", "canaries"),
    "article": ("owns", "a boat", "boat"),
    "verb form": ("hobby", "hike", "hiking"),
    "doubled consonant": ("hobby", "run", "running"),
    "punctuation": ("likes", "rock'n'roll!", "rock'n'roll"),
    "typographic apostrophe": ("works_at", "McDonald’s", "McDonald's"),
    "hyphen": ("owns", "t-shirt press", "t shirt press"),
    "one word or two": ("likes", "videogames", "video games"),
    "white space": ("likes", "green   tea", "green tea"),
    "accent": ("lives_in", "Málaga", "malaga"),
    "composed and decomposed letters": ("lives_in", "Z\u00fcrich", "Zu\u0308rich"),
    "full-width letters": ("lives_in", "ｏｓａｋａ", "osaka"),
    "city left out": ("lives_in", "new york", "new york city"),
    "country left out": ("lives_in", "leeds", "leeds, uk"),
    "legal form left out": ("works_at", "acme", "acme inc."),
    "letters swapped": ("lives_in", "edinburgh", "edinbrugh"),
    "letter doubled": ("from", "massachusetts", "massachusets"),
    "letter left out": ("lives_in", "philadelphia", "philadelpia"),
    "wrong vowel": ("likes", "independent films", "independant films"),
    "figures and number words": ("has_child", "two boys", "2 boys"),
    "a pastime with its verb": ("likes", "playing chess", "chess"),
    "a pastime with its verb and article": ("hobby", "listening to the radio", "radio"),
}

DIFFERENT_VALUE = {
    "a word more in front": ("visited", "york", "new york"),
    "a capital and its country": ("visited", "mexico", "mexico city"),
    "two of one name": ("visited", "portland, oregon", "portland, maine"),
    "one letter": ("hobby", "painting", "printing"),
    "short words": ("hobby", "hiking", "biking"),
    "a detail more": ("likes", "rock", "rock, pop and jazz"),
    "programming languages": ("can", "c", "c++"),
    "programming languages with a hash": ("can", "c", "c#"),
    "derivation": ("likes", "organ", "organization"),
    "names that differ by a swap": ("has_friend", "christina berg", "christian berg"),
    "names that differ by an s": ("has_friend", "james", "jame"),
    "kind and name": ("has_pet", "dog: rex", "dog: bella"),
    "numbers": ("has_child", "1 2", "12"),
    "vowel signs of other scripts": ("likes", "कि", "का"),
    "voicing marks": ("has_friend", "かく", "がく"),
    "only symbols": ("likes", "😀", "😡"),
    "number words": ("has_pet", "two cats", "three cats"),
    "figures": ("has_pet", "12 cats", "13 cats"),
    "a negation": ("thinks", "vaccines work", "vaccines do not work"),
    "a negation in another language": ("thinks", "das wird gut", "das wird nicht gut"),
    "a consonant more": ("likes", "public contracts", "public contacts"),
    "another consonant": ("hobby", "snowboarding", "snowboarting"),
    "two pastimes with one object": ("likes", "watching football", "playing football"),
    "a verb by itself": ("likes", "reading", "reading room"),
    "one language and another": ("likes", "cats", "katzen"),
}


@pytest.mark.parametrize(("attribute", "one", "other"), SAME_VALUE.values(), ids=SAME_VALUE.keys())
def test_spellings_of_one_value_are_one_fact_with_both_as_evidence(attribute, one, other):
    for first, second in permutations([one, other]):
        facts = fold(said(f"2025-01-05 {attribute}={first}", f"2025-02-05 {attribute}={second}")).facts
        assert [(fact.mentions, len(fact.evidence)) for fact in facts] == [(2, 2)]


@pytest.mark.parametrize(("attribute", "one", "other"), DIFFERENT_VALUE.values(), ids=DIFFERENT_VALUE.keys())
def test_values_that_only_look_alike_stay_apart(attribute, one, other):
    for first, second in permutations([one, other]):
        facts = fold(said(f"2025-01-05 {attribute}={first}", f"2025-02-05 {attribute}={second}")).facts
        assert len(facts) == 2


def test_a_respelled_home_is_no_move():
    folded = fold(said("2025-01-05 lives_in=new york", "2025-02-05 lives_in=New York City"))
    assert [v.reason for v in folded.versions] == ["current"]


def test_a_spelling_must_agree_with_all_that_have_joined_before():
    lines = ["2025-01-05 visited=portland", "2025-01-06 visited=portland, oregon", "2025-01-07 visited=portland, maine"]
    assert sorted(fact.mentions for fact in fold(said(*lines)).facts) == [1, 2]


def test_a_wording_between_two_others_joins_the_one_that_was_said_first_however_they_arrive():
    lines = ["2025-01-05 likes=playing football", "2025-01-06 likes=football", "2025-01-07 likes=watching football"]
    for arrived in permutations(said(*lines)):
        assert {f.value: f.mentions for f in fold(arrived).facts} == {"football": 2, "watching football": 1}


def test_a_value_in_two_languages_of_statement_is_one_fact():
    lines = ['2025-01-05 lives_in=köln : "{user} wohnt in Köln"', '2025-02-05 lives_in=Koln : "{user} lives in Koln"']
    (fact,) = fold(said(*lines)).facts
    assert (fact.statement, fact.mentions) == ("{user} lives in Koln", 2)


def test_the_same_value_under_another_attribute_is_another_fact():
    assert len(fold(said("2025-01-05 plays=chess", "2025-01-05 likes=chess")).facts) == 2


def test_the_key_depends_on_what_is_said_and_not_on_who_says_it_when():
    (early,) = fold(said("2020-01-05 likes=dogs sure 0.5")).facts
    (late,) = fold(said("2025-02-07 dm likes=Dog")).facts
    assert early.key == late.key
    assert len(early.key) == 16


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{user} has a dog", "{user} has dogs."),
        ("{user} collects stamps", "{user}  COLLECTS the stamp!"),
        ("{user}'s sister plays chess", "{user}’s sisters play chess"),
        ("{user} is currently learning to sail", "{user} is learning to sail now"),
        ("{user} doesn't eat meat", "{user} does not eat meat"),
        ("{user} has two cats", "{user} has 2 cats"),
        ("{user} can't swim", "{user} cannot swim"),
        ("{user} collects typewriters", "{user} collects typewritters"),
        ("{user} repairs accordions", "{user} repairs acordions"),
        ("{user} sammelt Briefmarken", "{user} sammelt briefmarken."),
    ],
)
def test_statements_without_a_value_merge_by_their_words(one, other):
    (fact,) = fold(said(f'2025-01-05 : "{one}"', f'2025-02-05 : "{other}"')).facts
    assert fact.mentions == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{user} does not eat meat", "{user} does eat meat"),
        ("{user} does eat meat", "{user} doesn't eat meat"),
        ("{user} taught Sam", "Sam taught {user}"),
        ("{user} has two cats", "{user} has three cats"),
        ("{user} likes olives", "{user} dislikes olives"),
        ("{user} never smokes", "{user} smokes"),
        ("{user} was a teacher", "{user} is a teacher"),
        ("{user} met Christina Berg", "{user} met Christian Berg"),
        ("{user} can swim", "{user} can't swim"),
        ("{user} tiene gatos", "{user} no tiene gatos"),
        ("{user} isst Fleisch", "{user} isst kein Fleisch"),
        ("{user} speaks to her mother every day", "{user} speaks to her mother every other day"),
        ("{user} paints landscapes", "{user} prints landscapes"),
    ],
)
def test_statements_of_other_words_stay_apart(one, other):
    assert len(fold(said(f'2025-01-05 : "{one}"', f'2025-02-05 : "{other}"')).facts) == 2


def test_the_surest_statement_is_shown_and_of_equals_the_latest():
    lines = [
        '2025-01-05 likes=tea sure 0.7 : "{user} likes tea"',
        '2025-01-06 likes=tea sure 0.9 : "{user} loves tea"',
        '2025-01-07 likes=tea sure 0.9 : "{user} enjoys tea"',
        '2025-01-08 likes=tea sure 0.8 : "{user} is fond of tea"',
    ]
    (fact,) = fold(said(*lines)).facts
    assert fact.statement == "{user} enjoys tea"


def test_two_facts_of_one_statement_show_different_ones_where_they_can():
    lines = [
        '2025-01-05 lives_with=mila sure 0.8 : "{user} lives with her sister Mila"',
        '2025-01-05 has_sibling=mila sure 0.9 : "{user} lives with her sister Mila"',
        '2025-01-09 lives_with=mila sure 0.7 : "{user} shares a flat with Mila"',
    ]
    shown = {fact.attribute: fact.statement for fact in fold(said(*lines)).facts}
    assert shown == {
        "has_sibling": "{user} lives with her sister Mila",
        "lives_with": "{user} shares a flat with Mila",
    }


def test_a_fact_without_a_statement_of_its_own_lends_its_evidence_and_keeps_its_history():
    lines = [
        '2025-01-05 dm likes=tea : "{user} likes tea"',
        '2025-02-05 : "{user} likes tea."',
        '2025-03-05 : "{user} likes teas"',
    ]
    folded = fold(said(*lines))
    assert [(fact.scope, fact.confidence) for fact in folded.facts] == [("shared", CEILING)]
    assert [(fact.attribute, fact.mentions, len(fact.evidence)) for fact in folded.facts] == [("likes", 3, 3)]
    assert sorted(len(v.evidence) for v in folded.versions) == [1, 2]


def test_a_long_statement_is_cut_between_words():
    (fact,) = fold(said(f'2025-01-05 : "{{user}} {"walks on " * 80}"')).facts
    assert len(fact.statement) <= 500
    assert fact.statement.endswith(("walks…", "on…"))


def test_an_endless_word_is_cut_too():
    (fact,) = fold(said(f'2025-01-05 : "{"x" * 900}"')).facts
    assert len(fact.statement) == 500


@pytest.mark.parametrize(
    ("word", "same"), [("studies", "study"), ("boxes", "box"), ("universities", "university"), ("tried", "try")]
)
def test_inflections_share_a_stem(word, same):
    assert inflection_stem(word) == inflection_stem(same)


@pytest.mark.parametrize(
    ("word", "other"),
    [("university", "universe"), ("friendly", "friend"), ("organization", "organ"), ("glass", "glas")],
)
def test_derivations_do_not(word, other):
    assert inflection_stem(word) != inflection_stem(other)


def test_a_statement_of_articles_and_signs_still_has_a_key():
    assert statement_key("The The") == "the the"
    assert statement_key("!!!") == "!!!"


def test_facts_are_listed_by_category_and_attribute():
    lines = ["2025-01-05 lives_in=leeds", "2025-01-05 likes=tea", "2025-01-05 likes=olives", "2025-01-05 age=34"]
    assert [fact.attribute for fact in fold(said(*lines)).facts] == ["age", "lives_in", "likes", "likes"]
    assert now(fold(said(*lines))) == ["age=34", "likes=olives", "likes=tea", "lives_in=leeds"]
