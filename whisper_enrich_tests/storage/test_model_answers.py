"""Raw answers, versions of engines and traits of servers: what is kept, found again, and erased."""

from datetime import timedelta

import pytest

from whisper_enrich.llm.types import Purpose
from whisper_enrich.storage import model_answers, model_calls, model_traits, model_versions
from whisper_enrich.storage.model_answers import Erased
from whisper_enrich.storage.model_traits import Traits
from whisper_enrich_tests.builders import at, column, scalar
from whisper_enrich_tests.storage.model_builders import errand, prompt, sums_by_call, sums_held

NOW = at("2026-03-20 12:00")


def keep(ctx, material="a question", answer="{}", *, now=NOW, purpose=Purpose.FACTS, **whose):
    """A settled call with its answer; returns the question's key."""
    asked, whose_errand = prompt(material, purpose=purpose), errand(**whose)
    with ctx.database.begin() as connection:
        call_id = model_calls.reserve(connection, whose_errand, asked, 100, ctx.settings, now)
        model_answers.store(connection, whose_errand, asked, call_id, answer, now)
    return asked.key


def found(ctx, key):
    with ctx.database.connect() as connection:
        return model_answers.find(connection, key)


def test_an_answer_is_found_again_word_for_word_with_the_messages_that_it_is_about(ctx):
    text = '{"facts": ["sagt \\"ça va\\" {\\\\} , 😀"]}\n\t'
    key = keep(ctx, answer=text, points=2)
    stored = found(ctx, key)
    assert stored.answer == text
    assert stored.points == (("point-0", "hash-0"), ("point-1", "hash-1"))
    assert (stored.request_key, stored.purpose, stored.received_at) == (key, Purpose.FACTS, NOW)


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d pair"])
def test_an_answer_with_characters_that_postgresql_cannot_hold_is_stored_without_them(ctx, text):
    stored = found(ctx, keep(ctx, answer=text)).answer
    assert "\0" not in stored
    assert stored.encode("utf-8")
    assert len(stored) >= len(text) - 1


def test_a_question_without_messages_of_its_own_has_an_answer_too(ctx):
    assert found(ctx, keep(ctx, points=0)).points == ()


def test_an_answer_that_was_found_unusable_is_not_given_again_until_a_new_one_takes_its_place(ctx):
    key = keep(ctx, answer="bad")
    given_up(ctx)
    assert found(ctx, key) is None
    with ctx.database.connect() as connection:
        assert model_answers.answers_for(connection, "elena", "ana", "v1", [Purpose.FACTS]) == []
        (known,) = model_answers.given_up_for(connection, "elena", "ana", ["v1", "v0"], [Purpose.FACTS])
    assert (known.request_key, known.points) == (key, errand().points)
    keep(ctx, answer="good")
    assert found(ctx, key).answer == "good"
    with ctx.database.connect() as connection:
        assert model_answers.given_up_for(connection, "elena", "ana", ["v1"], [Purpose.FACTS]) == []


def given_up(ctx, call_id=None, reason="invalid"):
    with ctx.database.begin() as connection:
        model_answers.give_up(connection, errand(), prompt("a question"), call_id, reason, NOW)


def tries(ctx):
    return column(ctx, "SELECT tries FROM model_answers")


def test_it_is_counted_how_often_a_question_was_put_in_vain_until_it_is_to_be_put_afresh(ctx):
    with ctx.database.begin() as connection:
        call_id = model_calls.reserve(connection, errand(), prompt(), 10, ctx.settings, NOW)
    given_up(ctx, call_id, "refused")
    given_up(ctx, call_id, "refused")
    with ctx.database.begin() as connection:
        (known,) = model_answers.given_up(connection, [prompt("a question").key, "other"]).values()
        assert (known.failure, known.tries) == ("refused", 2)
        assert model_answers.forget_given_up(connection, "elena", ["other"]) == 0
        assert model_answers.forget_given_up(connection, "elena", [errand().points[0][0]]) == 1
        assert model_answers.given_up(connection, [prompt("a question").key]) == {}


def test_of_a_user_who_was_erased_meanwhile_it_is_not_remembered_what_was_given_up_on(ctx):
    with ctx.database.begin() as connection:
        call_id = model_calls.reserve(connection, errand(), prompt(), 10, ctx.settings, NOW)
        model_answers.erase_user(connection, "ana")
    given_up(ctx, call_id, "refused")
    assert tries(ctx) == []


def test_answers_are_listed_newest_first_for_one_bot_user_version_and_purpose(ctx):
    for hours, material, more in (
        (0, "one", {}), (2, "two", {}), (1, "three", {"purpose": Purpose.COMBINED}), (3, "four", {"user": "ben"}),
        (4, "five", {"bot": "marcus"}), (5, "six", {"purpose": Purpose.SUMMARY}),
    ):  # fmt: skip
        keep(ctx, material, material, now=NOW + timedelta(hours=hours), **more)
    with ctx.database.connect() as connection:
        both = model_answers.answers_for(connection, "elena", "ana", "v1", {Purpose.FACTS, Purpose.COMBINED})
        told = [model_answers.find(connection, answered.request_key).answer for answered in both]
        assert told == ["two", "three", "one"]
        assert model_answers.answers_for(connection, "elena", "ana", "v2", {Purpose.FACTS}) == []


def test_answers_go_when_their_retention_is_over_and_not_before(ctx):
    key = keep(ctx)
    with ctx.database.begin() as connection:
        assert model_answers.prune(connection, NOW + timedelta(days=30), 30) == 0
        assert model_answers.prune(connection, NOW + timedelta(days=30, seconds=1), 30) == 1
    assert found(ctx, key) is None
    assert scalar(ctx, "SELECT count(*) FROM model_calls") == 1


def erase(ctx, user, bot=None):
    with ctx.database.begin() as connection:
        return model_answers.erase_user(connection, user, bot)


def test_an_erased_user_leaves_no_answer_no_id_and_no_hash_and_what_was_paid_stays(ctx):
    keep(ctx, "one"), keep(ctx, "two", bot="marcus"), keep(ctx, "three", user="ben")
    before = scalar(ctx, "SELECT sum(tokens_in + tokens_out) FROM model_calls")
    assert erase(ctx, "ana") == Erased(answers=2, calls=2)
    assert column(ctx, "SELECT user_id FROM model_answers") == ["ben"]
    assert scalar(ctx, "SELECT count(*) FROM model_calls WHERE user_id = 'ana' OR request_key IN (:a, :b)",
                  a=prompt("one").key, b=prompt("two").key) == 0  # fmt: skip
    assert scalar(ctx, "SELECT count(*) FROM model_spending WHERE name = 'ana'") == 0
    assert scalar(ctx, "SELECT sum(tokens_in + tokens_out) FROM model_calls") == before
    assert sums_held(ctx) == sums_by_call(ctx)
    (pseudonym,) = column(ctx, "SELECT DISTINCT user_id FROM model_calls WHERE user_id <> 'ben'")
    assert pseudonym.startswith("erased-")


def test_a_user_may_be_erased_for_one_bot_alone(ctx):
    keep(ctx, "one"), keep(ctx, "two", bot="marcus")
    assert erase(ctx, "ana", "elena") == Erased(answers=1, calls=1)
    assert column(ctx, "SELECT bot_name FROM model_answers") == ["marcus"]
    assert column(ctx, "SELECT bot_name FROM model_calls WHERE user_id = 'ana'") == ["marcus"]
    assert erase(ctx, "ana", "marcus") == Erased(answers=1, calls=1)
    assert scalar(ctx, "SELECT count(*) FROM model_spending WHERE name = 'ana'") == 0


def test_two_erased_users_are_not_one(ctx):
    keep(ctx, "one"), keep(ctx, "two", user="ben")
    erase(ctx, "ana"), erase(ctx, "ben")
    assert scalar(ctx, "SELECT count(DISTINCT user_id) FROM model_calls") == 2


def test_erasing_somebody_unknown_changes_nothing(ctx):
    keep(ctx)
    assert erase(ctx, "nobody") == Erased(0, 0)


def test_a_version_is_entered_once_and_stays_as_it_was(ctx):
    def enter(model, now):
        with ctx.database.begin() as connection:
            return model_versions.register(
                connection, "v1", purpose=Purpose.FACTS, prompt_version="p1", model=model, settings={"temperature": 0.0}, now=now
            )  # fmt: skip

    assert enter("acme/small", NOW)
    assert not enter("acme/large", NOW + timedelta(days=1))
    assert column(ctx, "SELECT model FROM model_versions") == ["acme/small"]
    assert column(ctx, "SELECT first_used_at FROM model_versions") == [NOW]
    assert column(ctx, "SELECT settings FROM model_versions") == [{"temperature": 0.0}]


def test_a_trait_is_by_server_and_model_and_can_change(ctx):
    with ctx.database.begin() as connection:
        assert model_traits.traits_of(connection, "http://a", "m") == Traits()
        model_traits.remember(connection, "http://a", "m", NOW, without={"temperature"})
        assert model_traits.traits_of(connection, "http://a", "m") == Traits(None, frozenset({"temperature"}))
        model_traits.remember(connection, "http://a", "m", NOW, mode="json_schema")
        model_traits.remember(connection, "http://a", "m", NOW, mode="none", without={"max_tokens"})
        both = frozenset({"temperature", "max_tokens"})
        assert model_traits.traits_of(connection, "http://a", "m") == Traits("none", both)
        assert model_traits.traits_of(connection, "http://b", "m") == Traits()
        assert model_traits.traits_of(connection, "http://a", "n") == Traits()
