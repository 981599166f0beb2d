"""The hand-made update cases: the fold of an ideal extraction must end in what is true.

The thresholds are the aims of the project. What fails is printed, and printed in full by
``pytest whisper_enrich_tests/facts/test_update_cases.py -s``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import pytest

from whisper_enrich.facts.attributes import ATTRIBUTES, normalise
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Polarity
from whisper_enrich.messages.model import Speaker
from whisper_enrich_tests.facts.update_cases import UpdateCase, update_cases

CASES = update_cases()
MIN_CASES = 300
MIN_RIGHT = 0.95
MAX_WRONGLY_RETIRED = 0.02


def _by_id(case: UpdateCase) -> str:
    return f"{case.theme}/{case.id}"


def test_there_are_at_least_three_hundred_cases_each_with_a_name_of_its_own():
    assert len(CASES) >= MIN_CASES
    assert [name for name, count in Counter(case.id for case in CASES).items() if count > 1] == []


def test_every_case_expects_something():
    assert [case.id for case in CASES if not (case.now or case.gone or case.kept)] == []


def test_only_the_user_asserts_and_values_are_in_their_comparable_form():
    for case in CASES:
        speakers = {message.point_id: message.speaker for message in case.messages}
        for assertion in case.assertions:
            assert speakers[assertion.evidence.point_id] is Speaker.USER, case.id
            # Normalising also drops a closing full stop, which belongs to a legal form.
            assert normalise(assertion.value) == assertion.value.rstrip("."), (case.id, assertion.value)


def test_values_are_made_of_words_that_were_said():
    """An extraction may not say more than its message; a bare yes or no is read with the question before it."""
    for case in CASES:
        for assertion in case.assertions:
            if assertion.value not in ("yes", "no") and assertion.attribute != "birthday":
                said = _letters(_heard(case, assertion.evidence.point_id))
                assert not [w for w in _letters(assertion.value).split() if _beginning(w) not in said], (
                    case.id,
                    assertion,
                )


def _heard(case: UpdateCase, point_id: str) -> str:
    place = next(i for i, message in enumerate(case.messages) if message.point_id == point_id)
    text = case.messages[place].text
    return text if len(text.split()) > 1 or not place else f"{case.messages[place - 1].text} {text}"


def _letters(text: str) -> str:
    """Without accents and punctuation; what is spelt of the writer reads as of them."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"\b(?:my|our)\b", "their", re.sub(r"\bme\b", "them", re.sub(r"\W+", " ", plain)))


def _beginning(word: str) -> str:
    """Enough of it to be known again in another form."""
    return word[:4]


def test_what_must_be_kept_was_asserted():
    for case in CASES:
        affirmed = {a.attribute for a in case.assertions if a.polarity is Polarity.AFFIRM}
        for expected in (*case.now, *case.kept):
            attribute = expected.line.removeprefix("plan ").partition("=")[0]
            assert attribute in affirmed or expected.line.startswith(":"), (case.id, expected)


def test_the_cases_use_most_of_the_vocabulary():
    used = {assertion.attribute for case in CASES for assertion in case.assertions}
    assert len(used & ATTRIBUTES.keys()) >= 0.8 * len(ATTRIBUTES)


@pytest.mark.parametrize("case", CASES, ids=_by_id)
def test_the_end_state_does_not_depend_on_the_order_of_arrival(case):
    assert fold(case.assertions) == fold(case.assertions[::-1])


def test_end_states_are_right_and_little_is_wrongly_retired():
    folds = [(case, fold(case.assertions)) for case in CASES]
    wrong = {_by_id(case): failures for case, folded in folds if (failures := case.failures(folded))}
    for name, failures in wrong.items():
        print(f"{name}: {'; '.join(failures)}")
    retired = sum(len(case.wrongly_retired(folded)) for case, folded in folds)
    to_keep = sum(len(case.kept) for case in CASES)
    right = 1 - len(wrong) / len(CASES)
    print(f"right end states {right:.3f} of {len(CASES)}; wrongly retired {retired} of {to_keep}")
    assert right >= MIN_RIGHT, wrong
    assert retired <= MAX_WRONGLY_RETIRED * to_keep, wrong
