"""What is known of people's forgetting in general."""

import numpy as np
import pytest

from whisper_enrich.strategic.forgetting_priors import as_json, from_json, refit, shipped
from whisper_enrich.strategic.remention import BOUNDED, FEATURES
from whisper_enrich_tests.strategic.talkative import history_of_mentions, talkative_history


def test_the_shipped_file_says_what_it_was_fitted_on():
    priors = shipped()
    assert priors.source == "sample conversations of this repository"
    assert priors.users > 0 and priors.items > priors.hits > 0


def test_the_shipped_coefficients_are_finite_and_within_their_bounds():
    priors = shipped()
    for values in (*vars(priors.remention).values(), *vars(priors.curve).values()):
        assert np.isfinite(values).all()
    assert (priors.remention.mean[BOUNDED] >= 0).all() and priors.remention.mean[1] > 0
    assert (priors.remention.spread > 0).all() and (priors.remention.scale > 0).all()
    assert len(priors.remention.mean) == len(FEATURES) + 1
    assert priors.curve.mean[1] > 0


def test_the_file_is_read_as_it_was_written():
    stored = as_json(shipped())
    assert as_json(from_json(stored)) == stored


@pytest.mark.parametrize("change", [{"format": 99}, {"features": ["another"]}])
def test_a_file_of_another_format_or_other_features_is_refused(change):
    with pytest.raises(ValueError, match="Forgetting priors of format"):
        from_json(as_json(shipped()) | change)


def test_refitting_needs_somebody_who_came_back_to_something():
    with pytest.raises(ValueError, match="Nothing to fit"):
        refit([history_of_mentions([(3, "user", "Rex")])], "nobody")


def test_refitting_reads_all_users_in_any_order():
    users = [talkative_history(turns=300, mentions=240, seed=seed) for seed in (1, 2, 3)]
    forwards, backwards = refit(users, "three"), refit(users[::-1], "three")
    assert (forwards.users, forwards.source) == (3, "three")
    np.testing.assert_allclose(forwards.remention.mean, backwards.remention.mean, atol=1e-4)
    np.testing.assert_allclose(forwards.curve.mean, backwards.curve.mean, atol=1e-4)


def test_few_users_leave_the_slopes_near_those_of_the_literature():
    priors = refit([talkative_history(turns=300, mentions=240)], "one")
    assert priors.remention.mean[1] == pytest.approx(priors.remention.scale[0], abs=0.3)
