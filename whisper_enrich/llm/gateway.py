"""The one way to the model: nothing is paid twice, nothing overspent, every call on record.

A question that was answered before is answered from the store. Otherwise the most that the call may take is reserved, the
call is made without any transaction open, and what came back is stored and settled in one transaction before anybody
parses it. An answer that does not pass the checks is asked for once more, with what was wrong about it. A question that in
the end got none is remembered as given up on. Where the provider fails at a question, something tiny is asked: is it the
provider, or this question?
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from whisper_enrich.errors import AnswerUnusable, BudgetReserved, BudgetSpent, ModelError, ModelUnavailable
from whisper_enrich.llm.budgets import tokens_in_at_most
from whisper_enrich.llm.client import AsksModel, Faltered, StructuredOutputUnsupported
from whisper_enrich.llm.complaints import for_people, for_the_model
from whisper_enrich.llm.prices import cost_of
from whisper_enrich.llm.probe import probe_prompt
from whisper_enrich.llm.request import MODES
from whisper_enrich.llm.spent import Spent
from whisper_enrich.llm.structured import read_json
from whisper_enrich.llm.turns import Turns
from whisper_enrich.llm.types import Answer, Doubt, Errand, Prompt, Purpose, Usage
from whisper_enrich.settings import Settings, utc_now
from whisper_enrich.storage import model_answers, model_calls, model_traits
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.model_answers import Answered
from whisper_enrich.storage.model_calls import Outcome
from whisper_enrich.storage.model_traits import Traits

T = TypeVar("T")

USELESS_IN_A_ROW = 20
"""Questions without a usable answer, one after the other, after which the model is taken to be unable."""


@dataclass(frozen=True, slots=True)
class _First:
    """The first answer to a question, the call that brought it, and whether it was stored before; no text for none."""

    call_id: int | None
    text: str | None
    stored: bool


class Gateway:
    """Asks on behalf of one run. Safe to call from several threads at once.

    Once the provider was down or refused (`ModelUnavailable`), no further call is made: the same error answers every
    question that the store does not. The next run has a gateway of its own.
    """

    def __init__(
        self, client: AsksModel, database: Database, settings: Settings, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._client = client
        self._database = database
        self._settings = settings
        self._clock = clock
        self._state = threading.Condition()
        self._turns = Turns()
        self._traits: dict[str, Traits] = {}
        self._spent: dict[date, Spent] = {}
        self._reserving = threading.Lock()
        self._under_way = 0
        self._ended = 0
        self._looked_for_lost = False
        self._down: str | None = None
        self._useless_in_a_row = 0
        self._probing = threading.Lock()
        self._probes_answered = 0

    def ask(self, errand: Errand, prompt: Prompt, parse: Callable[[Any], T], *, given_up_after: int | None = None) -> T:
        """What ``parse`` makes of the answer's JSON.

        ``parse`` raises `pydantic.ValidationError` or `ValueError` with a sentence for the model where the answer is not what
        was asked for: then it is asked once more with that complaint. Where it raises `Doubt`, likewise, but in the end the
        doubtful answer is taken. Raises `AnswerUnusable` where the second is none either, was refused or is too long, or
        where the provider fails at this question and at no other; `ModelUnavailable`, `BudgetSpent` and `ConfigurationError`
        where nothing was asked. After any of the latter the same question goes on from where it stopped: a first answer that
        did not pass is not paid again.

        With ``given_up_after``, a question that was given up on more often than that is not put again: its `AnswerUnusable`
        is raised at once.
        """
        with self._turns.alone_with(prompt.key):
            if given_up_after is not None:
                self._refuse_given_up(prompt, given_up_after)
            try:
                parsed = self._ask(errand, prompt, parse)
            except AnswerUnusable as error:
                with self._database.begin() as connection:
                    model_answers.give_up(connection, errand, prompt, error.call_id, error.reason, self._clock())
                if error.reason in ("invalid", "failed"):
                    self._note_useless(prompt)
                raise
        with self._state:
            self._useless_in_a_row = 0
        return parsed

    def _refuse_given_up(self, prompt: Prompt, most: int) -> None:
        with self._database.connect() as connection:
            known = model_answers.given_up(connection, [prompt.key]).get(prompt.key)
        if known is not None and known.tries > most:
            raise AnswerUnusable(known.failure, "This question got no usable answer before, and was not put again.")

    def _note_useless(self, prompt: Prompt) -> None:
        """A model that never answers as asked is no fault of the messages: to part batches for it would only cost."""
        with self._state:
            self._useless_in_a_row += 1
            if self._useless_in_a_row >= USELESS_IN_A_ROW:
                self._down = (
                    f"The model {prompt.model} gave no usable answer to {USELESS_IN_A_ROW} questions in a row; it may not be "
                    "able to answer as JSON, or not within LLM_TIMEOUT_SECONDS. Name another in LLM_CHAT_MODEL (or "
                    "LLM_FACT_EXTRACTION_MODEL)."
                )

    def answers_for(self, bot_name: str, user_id: str, version: str, purposes: Collection[Purpose]) -> list[Answered]:
        """What has a stored answer that nobody found unusable, newest first; whoever parses it may still find it so."""
        with self._database.connect() as connection:
            return model_answers.answers_for(connection, bot_name, user_id, version, purposes)

    def given_up_for(
        self, bot_name: str, user_id: str, versions: Collection[str], purposes: Collection[Purpose]
    ) -> list[Answered]:
        """What was asked and got no usable answer, newest first."""
        with self._database.connect() as connection:
            return model_answers.given_up_for(connection, bot_name, user_id, versions, purposes)

    def manner(self, model: str) -> tuple[str, frozenset[str]]:
        """How this model is asked for a structured answer (the way that worked last, else the best there is), and without
        which parameters of a request."""
        traits = self._traits_of(model)
        return traits.structured_output or MODES[0], traits.without

    @property
    def spent(self) -> Spent:
        """All calls of this gateway so far."""
        with self._state:
            return sum(self._spent.values(), Spent())

    @property
    def spent_by_day(self) -> Mapping[date, Spent]:
        """The same by the day of the errand: the partition that a call was for."""
        with self._state:
            return dict(self._spent)

    def _ask(self, errand: Errand, prompt: Prompt, parse: Callable[[Any], T]) -> T:
        first = self._first_answer(errand, prompt)
        if first.text is None:
            return self._ask_again(errand, prompt, parse, None)
        doubted: Doubt | None = None
        try:
            parsed = parse(read_json(first.text))
        except Doubt as doubt:
            # A stored answer is the second one, or its run ended before it was doubted: it is not paid for again.
            if first.stored:
                self._count(errand, Spent(reused=1))
                return doubt.answer
            complaint, doubted = for_the_model(doubt), doubt
        except ValueError as error:
            complaint = for_the_model(error)
        else:
            self._count(errand, Spent(reused=1) if first.stored else Spent(messages=len(errand.points)))
            return parsed
        # That of a stored answer was another run's, which ended before it could.
        self._condemn(errand, first.call_id, counts=not first.stored)
        try:
            return self._ask_again(errand, prompt, parse, (first.text, complaint))
        except AnswerUnusable:
            if doubted is None:
                raise
            return doubted.answer

    def _first_answer(self, errand: Errand, prompt: Prompt) -> _First:
        """The stored answer (without a call), else that of a call; no text where that one is empty."""
        with self._database.connect() as connection:
            stored = model_answers.find(connection, prompt.key)
        if stored is not None:
            return _First(stored.call_id, stored.answer, stored=True)
        try:
            return _First(*self._call(errand, prompt), stored=False)
        except AnswerUnusable as error:
            if error.reason != "invalid":
                raise
        return _First(None, None, stored=False)

    def _ask_again(
        self, errand: Errand, prompt: Prompt, parse: Callable[[Any], T], correction: tuple[str, str] | None
    ) -> T:
        """The second and last time; without ``correction`` where the first answer was empty."""
        call_id, answer = self._call(errand, prompt, correction)
        try:
            parsed = parse(read_json(answer))
        except Doubt as doubt:
            self._count(errand, Spent(messages=len(errand.points)))
            return doubt.answer
        except ValueError as error:
            kinds = for_people(error)
        else:
            self._count(errand, Spent(messages=len(errand.points)))
            return parsed
        self._condemn(errand, call_id)
        raise AnswerUnusable(
            "invalid", f"The model's answer is not what was asked for, nor is its second one ({kinds})."
        )

    def _call(self, errand: Errand, prompt: Prompt, correction: tuple[str, str] | None = None) -> tuple[int, str]:
        """One call on record; returns its id and the answer, which is stored.

        An error of the client that is none of the model's leaves the reservation: nobody knows what was billed.
        """
        call_id = self._reserve(errand, prompt, correction)
        started = time.perf_counter()
        try:
            answer, mode = self._answer(prompt, correction)
            self._settle(errand, prompt, call_id, Outcome.ANSWERED, answer, answer.latency_seconds)
        except Faltered as error:
            self._settle(errand, prompt, call_id, Outcome.UNAVAILABLE, None, time.perf_counter() - started)
            if prompt.purpose is Purpose.PROBE:
                raise
            faltered, seen = error, self._probes_answered
        except (ModelUnavailable, StructuredOutputUnsupported) as error:
            self._down = str(error)
            self._settle(errand, prompt, call_id, Outcome.UNAVAILABLE, None, time.perf_counter() - started)
            raise
        except AnswerUnusable as error:
            error.call_id = call_id
            self._settle(errand, prompt, call_id, Outcome(error.reason), error.answer, time.perf_counter() - started)
            raise
        else:
            self._remember(prompt.model, mode, answer.without)
            return call_id, answer.text
        finally:
            with self._state:
                self._under_way -= 1
                self._ended += 1
                self._state.notify_all()
        raise self._whose_fault(errand, prompt.model, faltered, call_id, seen)

    def _whose_fault(
        self, errand: Errand, model: str, faltered: Faltered, call_id: int, probes_seen: int
    ) -> ModelError:
        """The provider's, where it fails at something tiny, too, and so nobody is asked any more; else this question's.

        Of several that failed at once, one asks for all.
        """
        with self._probing:
            if self._down is None and self._probes_answered == probes_seen:
                if self._serves(errand, model):
                    self._probes_answered += 1
                else:
                    self._down = str(faltered)
            if self._down is not None:
                return ModelUnavailable(self._down)
        unusable = AnswerUnusable("failed", f"{faltered} Asked something else, it answers: it fails at this input.")
        unusable.call_id = call_id
        return unusable

    def _serves(self, errand: Errand, model: str) -> bool:
        """Whether the provider answers a probe, whatever it says. Where no budget has room for one, it is not known to."""
        probe = probe_prompt(model, self._settings.llm_max_output_tokens)
        try:
            self._call(replace(errand, version=probe.version, points=()), probe)
        except AnswerUnusable:
            return True
        except (ModelUnavailable, StructuredOutputUnsupported, BudgetSpent):
            return False
        return True

    def _reserve(self, errand: Errand, prompt: Prompt, correction: tuple[str, str] | None) -> int:
        """Reserve the most that the call may take.

        Where a budget lacks only what this gateway's calls under way may give back, they are waited for, one after another.
        """
        tokens = tokens_in_at_most(prompt, correction)
        while True:
            with self._reserving:
                if self._down is not None:
                    raise ModelUnavailable(self._down)
                self._look_for_lost_once()
                with self._state:
                    ended = self._ended
                try:
                    with self._database.begin() as connection:
                        call_id = model_calls.reserve(connection, errand, prompt, tokens, self._settings, self._clock())
                    with self._state:
                        self._under_way += 1
                    return call_id
                except BudgetReserved:
                    with self._state:
                        if ended == self._ended and not self._under_way:
                            raise
            with self._state:
                self._state.wait_for(lambda seen=ended: self._ended != seen)

    def _look_for_lost_once(self) -> None:
        if not self._looked_for_lost:
            with self._database.begin() as connection:
                model_calls.mark_lost(connection, self._settings, self._clock())
            self._looked_for_lost = True

    def _answer(self, prompt: Prompt, correction: tuple[str, str] | None) -> tuple[Answer, str]:
        """The answer, asked for in the best way that the server takes, and that way."""
        mode, without = self.manner(prompt.model)
        while True:
            try:
                return self._client.ask(prompt, mode, correction, without), mode
            except StructuredOutputUnsupported:
                if mode == MODES[-1]:
                    raise
                mode = MODES[MODES.index(mode) + 1]

    def _traits_of(self, model: str) -> Traits:
        with self._state:
            if model in self._traits:
                return self._traits[model]
        with self._database.connect() as connection:
            stored = model_traits.traits_of(connection, self._settings.llm_chat_api_url, model)
        with self._state:
            return self._traits.setdefault(model, stored)

    def _remember(self, model: str, mode: str, without: frozenset[str]) -> None:
        """The way that worked. Never back to a better one: behind one address may be servers of several kinds."""
        with self._state:
            known = self._traits[model]
            worst = max(known.structured_output or mode, mode, key=MODES.index)
            learnt = Traits(worst, known.without | without)
            if learnt == known:
                return
            self._traits[model] = learnt
        url = self._settings.llm_chat_api_url
        with self._database.begin() as connection:
            model_traits.remember(connection, url, model, self._clock(), mode=worst, without=learnt.without)

    def _settle(
        self, errand: Errand, prompt: Prompt, call_id: int, outcome: Outcome, answer: Answer | None, seconds: float
    ) -> None:
        """What the call took, and the answer where there is one to be parsed, in one transaction.

        A user who was erased while the call was under way leaves no answer behind.
        """
        now = self._clock()
        usage = answer.usage if answer is not None else Usage(0, 0, cost=Decimal(0))
        model = answer.model if answer is not None else None
        cost = cost_of(usage, self._settings.llm_prices, prompt.model, *filter(None, [model]))
        with self._database.begin() as connection:
            user_id = model_calls.settle(
                connection, call_id, outcome, now, usage=usage, cost=cost, model_answered=model, latency_seconds=seconds
            )
            keeps = outcome is Outcome.ANSWERED and prompt.purpose is not Purpose.PROBE
            if keeps and answer is not None and user_id == errand.user_id:
                model_answers.store(connection, errand, prompt, call_id, answer.text, now)
        self._count(
            errand,
            Spent(
                calls=1, failed=int(outcome is not Outcome.ANSWERED), tokens_in=usage.tokens_in,
                tokens_cached=usage.tokens_cached, tokens_out=usage.tokens_out, cost=cost or Decimal(0),
                unpriced=int(cost is None),
            ),
        )  # fmt: skip

    def _condemn(self, errand: Errand, call_id: int | None, *, counts: bool = True) -> None:
        if call_id is not None:
            with self._database.begin() as connection:
                model_calls.condemn(connection, call_id)
        if counts:
            self._count(errand, Spent(failed=1))

    def _count(self, errand: Errand, more: Spent) -> None:
        with self._state:
            self._spent[errand.day] = self._spent.get(errand.day, Spent()) + more
