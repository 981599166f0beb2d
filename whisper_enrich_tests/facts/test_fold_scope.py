"""What was said in a dm stays there, in its words and in its effects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whisper_enrich.facts.fold import fold
from whisper_enrich.messages.model import Scope
from whisper_enrich_tests.facts.fold_builders import history, now, said

MOVE_TOLD_IN_A_DM = ["2025-01-05 lives_in=leeds", "2025-05-01 dm lives_in=york"]


def test_a_fact_of_a_dm_is_dm():
    (fact,) = fold(said("2025-01-05 dm likes=tea")).facts
    assert fact.scope is Scope.DM


def test_one_shared_mention_makes_a_fact_shared():
    (fact,) = fold(said("2025-01-05 dm likes=tea", "2025-01-06 likes=tea", "2025-01-07 dm likes=tea")).facts
    assert fact.scope is Scope.SHARED


def test_a_dm_reader_sees_the_move_told_in_a_dm():
    assert now(fold(said(*MOVE_TOLD_IN_A_DM))) == ["lives_in=york"]


def test_a_shared_reader_sees_the_old_home_as_if_nothing_had_been_said():
    shared = fold(said(*MOVE_TOLD_IN_A_DM), scope=Scope.SHARED)
    assert shared == fold(said(MOVE_TOLD_IN_A_DM[0]))
    assert history(shared) == []


@pytest.mark.parametrize(
    ("ending", "scope"),
    [
        (["2025-05-01 dm lives_in=york"], Scope.DM),
        (["2025-05-01 lives_in=york"], Scope.SHARED),
        (["2025-05-01 dm lives_in=york", "2025-06-01 lives_in=york"], Scope.SHARED),
        (["2025-05-01 dm not lives_in=leeds"], Scope.DM),
        (["2025-05-01 not lives_in=leeds"], Scope.SHARED),
        (["2025-05-01 dm not lives_in=leeds", "2025-06-01 not lives_in=leeds"], Scope.SHARED),
    ],
)
def test_a_version_says_whether_its_end_is_known_from_dms_only(ending, scope):
    versions = fold(said("2025-01-05 lives_in=leeds", *ending)).versions
    (ended,) = [v for v in versions if v.value == "leeds"]
    assert ended.ended_scope is scope


def test_a_slip_put_right_in_a_dm_is_known_from_the_dm_only():
    lines = ["2025-01-05 lives_in=york", "2025-02-05 10:00 lives_in=leeds", "2025-02-05 10:05 dm lives_in=york"]
    (slip,) = [v for v in fold(said(*lines)).versions if v.value == "leeds"]
    assert slip.ended_scope is Scope.DM
    assert slip.known_to == slip.known_from.replace(minute=5)


def test_a_current_version_has_no_end():
    (version,) = fold(said("2025-01-05 lives_in=leeds")).versions
    assert (version.ended_scope, version.ended_by, version.known_to, version.superseded_by) == (None, (), None, None)


def test_a_home_taken_up_again_in_a_dm_is_not_shared_by_what_was_said_before():
    lines = ["2025-01-05 lives_in=leeds", "2025-05-01 lives_in=york", "2025-09-01 dm lives_in=leeds"]
    (fact,) = fold(said(*lines)).facts
    assert (fact.value, fact.scope) == ("leeds", Scope.DM)


def test_a_retraction_in_a_dm_is_not_listed_for_others():
    lines = ["2025-01-05 dm not lives_in=leeds"]
    assert fold(said(*lines)).unmatched_retractions == tuple(said(*lines))
    assert fold(said(*lines), scope=Scope.SHARED).unmatched_retractions == ()


def test_the_facts_of_two_people_are_never_folded_together():
    (mine,) = said("2025-01-05 lives_in=leeds")
    with pytest.raises(ValueError, match="several people"):
        fold([mine, replace(mine, user_id="theo")])


def test_the_same_person_with_another_bot_is_folded_by_itself():
    (mine,) = said("2025-01-05 lives_in=leeds")
    with pytest.raises(ValueError, match="several people"):
        fold([mine, replace(mine, bot_name="juno")])
