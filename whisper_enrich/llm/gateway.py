"""The one way to the model: nothing is paid twice, nothing overspent, every call on record.

A question that was answered before is answered from the store. Otherwise the most that the call may take is reserved, the
call is made without any transaction open, and what came back is stored and settled in one transaction before anybody
parses it. An answer that does not pass the checks is asked for once more, with what was wrong about it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from whisper_enrich.errors import AnswerUnusable, BudgetReserved, ModelUnavailable
from whisper_enrich.llm.budgets import tokens_in_at_most
from whisper_enrich.llm.client import AsksModel, StructuredOutputUnsupported
from whisper_enrich.llm.prices import cost_of
from whisper_enrich.llm.request import MODES
from whisper_enrich.llm.structured import read_json
from whisper_enrich.llm.types import Answer, Doubt, Errand, Prompt, Purpose, Usage
from whisper_enrich.settings import Settings, utc_now
from whisper_enrich.storage import model_answers, model_calls, model_traits
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.model_answers import Answered
from whisper_enrich.storage.model_calls import Outcome

T = TypeVar("T")

_COMPLAINTS = 8
INVALID_IN_A_ROW = 20
"""Questions without a usable answer, one after the other, after which the model is taken to be unable."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a gateway has asked so far.

    ``messages`` were sent as content in ``calls`` of which ``failed`` brought no usable answer; ``reused`` questions were
    answered from the store. ``cost`` in US dollars is of the calls whose price is known; ``unpriced`` are the others.
    """

    calls: int = 0
    failed: int = 0
    messages: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    reused: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Spent)))

    def __sub__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Spent)))


@dataclass
class _Asking:
    """Threads that have the same question; one of them asks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


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
        self._asking: dict[str, _Asking] = {}
        self._modes: dict[str, str | None] = {}
        self._spent: dict[date, Spent] = {}
        self._reserving = threading.Lock()
        self._under_way = 0
        self._ended = 0
        self._looked_for_lost = False
        self._down: str | None = None
        self._invalid_in_a_row = 0

    def ask(self, errand: Errand, prompt: Prompt, parse: Callable[[Any], T]) -> T:
        """What ``parse`` makes of the answer's JSON.

        ``parse`` raises `pydantic.ValidationError` or `ValueError` with a sentence for the model where the answer is not what
        was asked for: then it is asked once more with that complaint. Where it raises `Doubt`, likewise, but in the end the
        doubtful answer is taken. Raises `AnswerUnusable` where the second is none either, was refused or is too long;
        `ModelUnavailable`, `BudgetSpent` and `ConfigurationError` where nothing was asked. After any of the latter the same
        question goes on from where it stopped: a first answer that did not pass is not paid again.
        """
        with self._alone_with(prompt.key):
            try:
                parsed = self._ask(errand, prompt, parse)
            except AnswerUnusable as error:
                if error.reason == "invalid":
                    self._note_invalid(prompt)
                raise
        with self._state:
            self._invalid_in_a_row = 0
        return parsed

    def _note_invalid(self, prompt: Prompt) -> None:
        """A model that never answers as asked is no fault of the messages: to halve batches for it would only cost."""
        with self._state:
            self._invalid_in_a_row += 1
            if self._invalid_in_a_row >= INVALID_IN_A_ROW:
                self._down = (
                    f"The model {prompt.model} gave no usable answer to {INVALID_IN_A_ROW} questions in a row; it may not be "
                    "able to answer as JSON. Name another in LLM_CHAT_MODEL (or LLM_FACT_EXTRACTION_MODEL)."
                )

    def answers_for(self, bot_name: str, user_id: str, version: str, purposes: Collection[Purpose]) -> list[Answered]:
        """What has a stored answer that nobody found unusable, newest first; whoever parses it may still find it so."""
        with self._database.connect() as connection:
            return model_answers.answers_for(connection, bot_name, user_id, version, purposes)

    def structured_mode(self, model: str) -> str:
        """How this model is asked for a structured answer: the way that worked last, else the best there is."""
        return self._mode(model)

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
            complaint, doubted = _for_the_model(doubt), doubt
        except ValueError as error:
            complaint = _for_the_model(error)
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
        try:
            call_id, answer = self._call(errand, prompt, correction)
        except AnswerUnusable:
            self._mark_unusable(prompt)
            raise
        try:
            parsed = parse(read_json(answer))
        except Doubt as doubt:
            self._count(errand, Spent(messages=len(errand.points)))
            return doubt.answer
        except ValueError as error:
            kinds = _for_people(error)
        else:
            self._count(errand, Spent(messages=len(errand.points)))
            return parsed
        self._condemn(errand, call_id)
        self._mark_unusable(prompt)
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
        except (ModelUnavailable, StructuredOutputUnsupported) as error:
            self._down = str(error)
            self._settle(errand, prompt, call_id, Outcome.UNAVAILABLE, None, time.perf_counter() - started)
            raise
        except AnswerUnusable as error:
            self._settle(errand, prompt, call_id, Outcome(error.reason), error.answer, time.perf_counter() - started)
            raise
        finally:
            with self._state:
                self._under_way -= 1
                self._ended += 1
                self._state.notify_all()
        self._remember(prompt.model, mode)
        return call_id, answer.text

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
        mode = self._mode(prompt.model)
        while True:
            try:
                return self._client.ask(prompt, mode, correction), mode
            except StructuredOutputUnsupported:
                if mode == MODES[-1]:
                    raise
                mode = MODES[MODES.index(mode) + 1]

    def _mode(self, model: str) -> str:
        with self._state:
            if model in self._modes:
                return self._modes[model] or MODES[0]
        with self._database.connect() as connection:
            stored = model_traits.structured_output(connection, self._settings.llm_chat_api_url, model)
        with self._state:
            return self._modes.setdefault(model, stored) or MODES[0]

    def _remember(self, model: str, mode: str) -> None:
        """The way that worked. Never back to a better one: behind one address may be servers of several kinds."""
        with self._state:
            known = self._modes[model]
            if known is not None and MODES.index(mode) <= MODES.index(known):
                return
            self._modes[model] = mode
        url = self._settings.llm_chat_api_url
        with self._database.begin() as connection:
            model_traits.remember_structured_output(connection, url, model, mode, self._clock())

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
            if outcome is Outcome.ANSWERED and answer is not None and user_id == errand.user_id:
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

    def _mark_unusable(self, prompt: Prompt) -> None:
        with self._database.begin() as connection:
            model_answers.mark_unusable(connection, prompt.key)

    def _count(self, errand: Errand, more: Spent) -> None:
        with self._state:
            self._spent[errand.day] = self._spent.get(errand.day, Spent()) + more

    @contextmanager
    def _alone_with(self, key: str) -> Iterator[None]:
        """Two threads with the same question: the second waits, and finds the first one's answer."""
        with self._state:
            asking = self._asking.setdefault(key, _Asking())
            asking.threads += 1
        try:
            with asking.lock:
                yield
        finally:
            with self._state:
                asking.threads -= 1
                if not asking.threads:
                    del self._asking[key]


def _for_the_model(error: ValueError) -> str:
    """What is wrong with its answer, for the model to mend: the first few complaints, by place."""
    if isinstance(error, ValidationError):
        complaints = error.errors(include_url=False, include_context=False, include_input=False)
        listed = [f"{'.'.join(map(str, c['loc'])) or 'the answer'}: {c['msg']}" for c in complaints[:_COMPLAINTS]]
        what = "; ".join(listed)
    else:
        what = str(error) or type(error).__name__
    return f"This answer cannot be used. {what}. Answer the same question again, in full, as JSON that fits the schema."


def _for_people(error: ValueError) -> str:
    """The same for an error text: kinds alone, as places and messages can repeat what somebody said."""
    if isinstance(error, ValidationError):
        kinds = Counter(c["type"] for c in error.errors(include_url=False, include_context=False, include_input=False))
        return ", ".join(
            f"{kind} {count} times" if count > 1 else kind for kind, count in kinds.most_common(_COMPLAINTS)
        )
    return type(error).__name__
