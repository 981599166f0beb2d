"""What is to be asked about messages that wait for facts, and what is settled without asking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from whisper_enrich.asking.batches import Batch, batches, parts, with_context
from whisper_enrich.asking.questions import Question, Talk, question, version
from whisper_enrich.asking.timing import Patience, facts_due, summary_due
from whisper_enrich.facts.trivial import is_trivial
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.types import OF_TALK, Purpose
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import Extracted
from whisper_enrich.stages.reading import read_messages
from whisper_enrich.storage import enrichment_requests, ledger, model_batches, profiles
from whisper_enrich.storage.ledger import Progress, Row
from whisper_enrich.storage.model_batches import Held
from whisper_enrich.storage.summaries import WindowKey, stored_windows
from whisper_enrich.summaries.asked import input_hash
from whisper_enrich.summaries.stretches import Points, points_of, stretches
from whisper_enrich.summaries.windows import assign

MESSAGES_FOR_BOTH = 6
"""Messages that a stretch must have for one call to ask for its summary, too, before the talk has paused."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A batch whose facts are wanted of the points ``waiting``; ``both`` asks for the summary as well.

    ``other`` is the other part of a batch that got no usable answer: to be asked about unless this part gets one, for then
    it holds the message that is to blame.
    """

    talk: Talk
    batch: Batch
    waiting: frozenset[str]
    both: bool
    other: Ask | None = None

    @property
    def alone(self) -> str | None:
        """The point, where it is about one alone."""
        points = {message.point_id for message in self.batch.messages}
        return next(iter(points)) if len(points) == 1 and not self.batch.context else None

    def question(self, ctx: StageContext) -> Question:
        """What the model is asked."""
        purpose = Purpose.COMBINED if self.both else Purpose.FACTS
        return question(purpose, self.talk.chunk(self.batch.messages, self.batch.context), ctx.settings, ctx.run_id)

    def parts(self, *, one_to_blame: bool) -> list[Ask]:
        """What to ask next where this got no usable answer; empty where its one message is to blame.

        Where the batch is not at fault as a whole (``one_to_blame``), one part at a time.
        """
        smaller = parts(self.batch, self.waiting)
        found = [replace(self, batch=b, waiting=_waiting_in(b, self.waiting), other=None) for b in smaller]
        return [replace(found[0], other=found[1])] if one_to_blame and len(found) > 1 else found

    def taken_to_fail(self) -> list[Ask]:
        """What to ask instead, as it holds what is to blame; what is of one message alone is asked all the same."""
        return self.parts(one_to_blame=True) or [self]


@dataclass
class Plan:
    """One look at what waits: the rows by point, what is settled without asking, and what is to be asked."""

    rows: Mapping[str, Row]
    settled: list[Extracted] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FactsPlanner:
    """Plans for one bot. With ``combines``, one question asks for facts and summary where both are due."""

    ctx: StageContext
    bot: BotCollection
    gateway: Gateway
    combines: bool

    def plan(self, rows: Sequence[Row]) -> Plan:
        """Nothing is written. Rows whose points changed in the store meanwhile are in no part of the plan."""
        planned = Plan({row.point_id: row for row in rows})
        open_rows = [row for row in rows if row.left_out_reason is None]
        planned.settled += [_left_out(row, row.left_out_reason) for row in rows if row.left_out_reason is not None]
        users = sorted({str(row.user_id) for row in open_rows})
        with self.ctx.database.connect() as connection:
            people = profiles.persons(connection, users)
            names = profiles.names_of(connection, users)
            bot_name = profiles.display_name_of_bot(connection, self.bot.bot_name)
            held = model_batches.held(connection, self.bot.bot_name, users, self.ctx.clock())
            at_once = enrichment_requests.requested_users(connection, self.bot.bot_name)
        waiting: dict[str, list[Row]] = defaultdict(list)
        for row in open_rows:
            if people[str(row.user_id)].model_opt_out:
                planned.settled.append(_left_out(row, "model_opt_out"))
            else:
                waiting[str(row.user_id)].append(row)
        for user_id in waiting:
            in_batch, waiting[user_id] = self._apart(user_id, waiting[user_id], held)
            planned.settled += in_batch
        wanted = [row for mine in waiting.values() for row in mine]
        timelines, stored = self._timelines(wanted), self._stored_windows(wanted)
        for user_id, mine in waiting.items():
            talk = Talk(self.bot.bot_name, bot_name, user_id, names[user_id], people[user_id].zone)
            person = _User(self, talk, mine, timelines.get(user_id, {}), held, stored[user_id], user_id in at_once)
            person.plan(planned)
        return planned

    def _stored_windows(self, rows: Sequence[Row]) -> dict[str, dict[WindowKey, str]]:
        """By user, the windows of these rows' days that have a summary, with the hash of what each was made from."""
        with self.ctx.database.connect() as connection:
            found = stored_windows(connection, self.bot.bot_name, sorted({(str(row.user_id), row.day) for row in rows}))
        stored: dict[str, dict[WindowKey, str]] = defaultdict(dict)
        for (user_id, _), windows in found.items():
            stored[user_id] |= windows
        return stored

    def _apart(self, user_id: str, rows: Sequence[Row], held: Held) -> tuple[list[Extracted], list[Row]]:
        """Rows whose answer is to come with a batch, and the others."""
        kinds = [(purpose, version(purpose, self.ctx.settings)) for purpose in (Purpose.FACTS, Purpose.COMBINED)]
        until = held.until(user_id, kinds)
        in_batch, others = [], []
        for row in rows:
            when = until.get((row.point_id, row.content_hash))
            if when is None:
                others.append(row)
            else:
                in_batch.append(waits(row, "in_batch", when))
        return in_batch, others

    def _timelines(self, rows: Sequence[Row]) -> dict[str, dict[Scope, list[Message]]]:
        """By user and scope, what was said on the days of these rows and the day before, in order."""
        wanted = {(str(row.user_id), day) for row in rows for day in (row.day, row.day - timedelta(days=1))}
        with self.ctx.database.connect() as connection:
            found = ledger.rows_of_user_days(connection, self.bot.bot_name, sorted(wanted))
        read = read_messages(self.ctx, self.bot, [row for group in found.values() for row in group])
        timelines: dict[str, dict[Scope, list[Message]]] = defaultdict(lambda: defaultdict(list))
        for message in (m for messages in read.messages.values() for m in messages):
            timelines[message.user_id][message.scope].append(message)
        for scopes in timelines.values():
            for messages in scopes.values():
                messages.sort(key=lambda message: message.order)
        return timelines


@dataclass(frozen=True)
class _User:
    """What one user's waiting rows need; ``scopes`` is what was said around them, ``stored`` what their windows' summaries
    were made from. With ``at_once`` none of them waits for company: the bot has asked for them."""

    planner: FactsPlanner
    talk: Talk
    rows: Sequence[Row]
    scopes: Mapping[Scope, list[Message]]
    held: Held
    stored: Mapping[WindowKey, str]
    at_once: bool

    @property
    def _summary_version(self) -> str:
        return version(Purpose.SUMMARY, self.planner.ctx.settings)

    def plan(self, planned: Plan) -> None:
        """Settle what is trivial, let wait what is not due, ask for the rest."""
        by_point = {row.point_id: row for row in self.rows}
        mine = [
            (before, message)
            for timeline in self.scopes.values()
            for before, message in zip((None, *timeline), timeline, strict=False)
            if message.point_id in by_point and message.speaker is Speaker.USER
        ]
        trivial = {message.point_id for before, message in mine if is_trivial(message, before)}
        asked = [message for _, message in mine if message.point_id not in trivial]
        planned.settled += [_trivial(by_point[point]) for point in sorted(trivial)]
        if not asked:
            return
        ctx = self.planner.ctx
        now = ctx.clock()
        last_at = max(timeline[-1].at for timeline in self.scopes.values() if timeline)
        look_again = facts_due(asked, last_at, Patience.of(ctx.settings), now)
        if look_again is not None and not self.at_once and not any(row.attempts for row in self.rows):
            planned.settled += [waits(by_point[m.point_id], enrichment_requests.GATHERING, look_again) for m in asked]
            return
        for timeline in self.scopes.values():
            points = {m.point_id for m in asked} & {m.point_id for m in timeline}
            if points:
                planned.asks += self._asks(timeline, points, now)

    def _asks(self, timeline: Sequence[Message], points: Collection[str], now: datetime) -> list[Ask]:
        settings = self.planner.ctx.settings
        # Who got no usable answer before is asked about alone: the neighbours have theirs, or are to get it.
        suspects = {m.point_id for m in timeline if (m.point_id, m.content_hash) in self._suspects}
        asks = self._combined(timeline, points, suspects, now) if self.planner.combines else []
        left = set(points).difference(*(ask.waiting for ask in asks))
        others = [message for message in timeline if message.point_id not in suspects]
        hints = self._groups(Purpose.FACTS)
        found = batches(others, left, settings.enrichment_batch_size, settings.llm_chunk_tokens, hints)
        found += [Batch((m,), ()) for m in timeline if m.speaker is Speaker.USER and m.point_id in suspects & left]
        return asks + [Ask(self.talk, batch, _waiting_in(batch, left), both=False) for batch in found]

    def _combined(
        self, timeline: Sequence[Message], points: Collection[str], suspects: Collection[str], now: datetime
    ) -> list[Ask]:
        """Stretches of windows whose summary is due as well as the facts of messages in them."""
        settings = self.planner.ctx.settings
        patience = Patience.of(settings)
        apart = [points_of([message]) for message in timeline if message.point_id in suspects]
        groups = self._groups(Purpose.COMBINED) + apart + self._groups(Purpose.SUMMARY)
        asks = []
        for (window, scope), held in assign(timeline, settings.time_window_hours).items():
            if len(held) < settings.min_messages_for_summary or not points & {m.point_id for m in held}:
                continue
            if self.stored.get((window.start, window.end, scope)) == input_hash(held, self._summary_version):
                continue
            rests = summary_due(window, held[-1].at, patience, now) is None
            start = 0
            for stretch in stretches(held, groups, settings.enrichment_pause_seconds, settings.llm_chunk_tokens):
                alone = all(message.point_id in suspects for message in stretch)
                batch = Batch(stretch, ()) if alone else with_context(held, start, stretch, suspects)
                start += len(stretch)
                waiting = _waiting_in(batch, points)
                users = {m.point_id for m in stretch if m.speaker is Speaker.USER}
                # Where most facts are there already, both would send them all again.
                worth = 2 * len(waiting) >= len(users) and (rests or len(stretch) >= MESSAGES_FOR_BOTH)
                if waiting and worth:
                    asks.append(Ask(self.talk, batch, waiting, both=True))
        return asks

    @cached_property
    def _suspects(self) -> set[tuple[str, str]]:
        """(point id, content hash) of messages that got no usable answer though they were asked about alone, or failed
        otherwise."""
        ctx = self.planner.ctx
        asked = self.planner.gateway.given_up_for(
            self.talk.bot_name, self.talk.user_id, [version(purpose, ctx.settings) for purpose in OF_TALK], OF_TALK
        )
        return {one.points[0] for one in asked if len(one.points) == 1} | {
            (row.point_id, row.content_hash) for row in self.rows if row.attempts
        }

    def _groups(self, purpose: Purpose) -> list[Points]:
        """What was asked about together before, newest first: asked so again, the answer is there, or on its way."""
        name = version(purpose, self.planner.ctx.settings)
        answers = self.planner.gateway.answers_for(self.talk.bot_name, self.talk.user_id, name, {purpose})
        return self.held.together(self.talk.user_id, purpose, name) + [answer.points for answer in answers]


def _waiting_in(batch: Batch, points: Collection[str]) -> frozenset[str]:
    return frozenset(m.point_id for m in batch.messages if m.speaker is Speaker.USER and m.point_id in points)


def _left_out(row: Row, reason: str | None) -> Extracted:
    return Extracted(row, Progress(row.point_id, row.revision, "left_out", reason))


def _trivial(row: Row) -> Extracted:
    return Extracted(row, Progress(row.point_id, row.revision, "done", "trivial", row.attempts))


def waits(row: Row, reason: str, next_at: datetime) -> Extracted:
    """Without an attempt counted; what was derived before stays."""
    progress = Progress(row.point_id, row.revision, "waiting", reason, row.attempts, next_at)
    return Extracted(row, progress, assertions=None)
