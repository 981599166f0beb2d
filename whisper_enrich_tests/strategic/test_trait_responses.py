"""What the user did after turns with a trait and without."""

import math

import numpy as np
import pytest

from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, TRAITS
from whisper_enrich.strategic.trait_norms import NORMS
from whisper_enrich.strategic.trait_responses import compare, exchanges, shown, stands_beside
from whisper_enrich_tests.strategic.trait_turns import START, history, talk, turns

WARMTH = TRAITS.index("warmth")
CURIOSITY, ATTENTIVENESS = TRAITS.index("curiosity"), TRAITS.index("attentiveness")


def found_in(rows, as_of=10**9):
    return exchanges(turns(rows), START.timestamp() + as_of)


def test_a_trait_is_shown_from_its_norm_on_and_unknown_stays_unknown():
    norm = NORMS["curiosity"].shown_from
    scores = np.repeat(np.array([[norm], [norm - 0.01], [np.nan]], dtype=np.float32), len(TRAITS), axis=1)
    marks = shown(scores)[:, CURIOSITY]
    assert marks[:2].tolist() == [1.0, 0.0]
    assert math.isnan(marks[2])


def test_a_reply_within_the_session_counts_and_one_after_it_does_not():
    rows = [(0, True, {}), (1, False, {}), (61, True, {}), (62, False, {}), (62 + SESSION_GAP_SECONDS + 1, True, {})]
    found = found_in(rows)
    assert found.reply[:, CURIOSITY].tolist() == [1.0, 0.0]
    assert found.latency[0] == pytest.approx(math.log(60))
    assert math.isnan(found.latency[1])


def test_an_exchange_that_is_still_open_does_not_count():
    rows = [(0, True, {}), (1, False, {})]
    assert math.isnan(found_in(rows, as_of=60).reply[0, CURIOSITY])
    assert found_in(rows, as_of=SESSION_GAP_SECONDS + 2).reply[0, CURIOSITY] == 0.0


def test_turns_of_the_bot_in_a_row_are_one_exchange_that_shows_what_any_of_them_shows():
    rows = [(0, True, {}), (1, False, {"traits": {"curiosity": 1.0}}), (2, False, {}), (50, True, {})]
    found = found_in(rows)
    assert len(found) == 1
    assert found.shown[0, CURIOSITY] == 1.0
    assert found.latency[0] == pytest.approx(math.log(48))


def test_a_pause_between_two_turns_of_the_bot_makes_two_exchanges():
    rows = [(0, False, {}), (SESSION_GAP_SECONDS + 5, False, {}), (SESSION_GAP_SECONDS + 30, True, {})]
    assert found_in(rows).reply[:, CURIOSITY].tolist() == [0.0, 1.0]


def test_one_time_for_all_turns_gives_replies_but_no_latency():
    rows = [(0, user, {}) for user in (True, False, True, False, True)]
    found = found_in(rows)
    assert found.reply[:, CURIOSITY].tolist() == [1.0, 1.0]
    assert np.isnan(found.latency).all()


def test_an_exchange_is_private_as_soon_as_a_part_of_it_is():
    rows = [(0, True, {"private": True}), (1, False, {}), (9, True, {}), (10, False, {}), (20, True, {})]
    assert found_in(rows).private.tolist() == [True, False]


def test_silence_ranks_lowest_and_a_quick_long_bright_reply_highest():
    rows = []
    for number, answer in enumerate([None, (300, 3, -0.5), (100, 10, 0.0), (20, 40, 0.5)]):
        at = number * 86400.0
        rows += [(at, True, {"valence": 0.0}), (at + 1, False, {})]
        if answer:
            rows.append((at + 1 + answer[0], True, {"words": answer[1], "valence": answer[2]}))
    response = found_in(rows).response[:, CURIOSITY]
    assert np.argsort(response).tolist() == [0, 1, 2, 3]
    assert ((response >= 0) & (response <= 1)).all()


def test_a_mood_that_brightens_by_itself_is_not_put_down_to_the_bot():
    """The bot asks when the user is low, and moods return to the middle whatever it does."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(200):
        before = float(rng.uniform(-1, 1))
        at = number * 86400.0
        rows += [
            (at, True, {"valence": before}),
            (at + 1, False, {"traits": {"curiosity": float(before < 0)}}),
            (at + 60, True, {"valence": 0.3 * before + float(rng.normal(0, 0.1))}),
        ]
    assert compare(found_in(rows))["mood"].p[CURIOSITY] > 0.05


def test_a_difference_that_is_only_the_shadow_of_another_does_not_stand_beside_it():
    rng = np.random.default_rng(1)

    def exchange(number):
        asks = number % 2
        addresses = asks if rng.random() < 0.8 else 1 - asks
        answers = rng.random() < (0.95 if asks else 0.3)
        return {"curiosity": asks, "attentiveness": addresses}, (60, {}) if answers else None

    found = found_in(talk(120, exchange))
    assert compare(found)["reply"].p[ATTENTIVENESS] < 0.01
    assert not stands_beside(found, "reply", ATTENTIVENESS, [CURIOSITY])
    assert stands_beside(found, "reply", CURIOSITY, [ATTENTIVENESS])
    assert stands_beside(found, "reply", ATTENTIVENESS, [])


def test_thanks_and_leave_taking_say_nothing_of_replies():
    warm = {"traits": {"warmth": 1.0}}
    rows = [
        (0, True, {}),
        (1, False, warm),
        (90000, True, warm),
        (90001, False, {}),
        (180000, True, {}),
        (180001, False, {}),
    ]
    reply = found_in(rows).reply[:, CURIOSITY]
    assert np.isnan(reply).tolist() == [True, True, False]


def test_of_warmth_itself_only_the_replies_that_came_are_compared():
    warm = {"traits": {"warmth": 1.0}}
    rows = [(0, True, {}), (1, False, warm), (60, True, {}), (61, False, warm), (90000, True, {}), (90001, False, {})]
    found = found_in(rows)
    assert np.isnan(found.reply[:, WARMTH]).all()
    assert np.isfinite(found.response[:, WARMTH]).tolist() == [True, False, False]


def test_no_turns_are_no_exchanges():
    assert len(exchanges(history([]).turns, 0.0)) == 0
    assert len(found_in([(0, True, {})])) == 0
