"""The simulation behind `freshness.py`: users, sensor, schedule, queue and runs over two days, as events in the order of time."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from whisper_enrich.sample.lines import nominal_lines
from whisper_enrich.sample.people import BOTS
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS
from whisper_enrich.strategic.validity import RENEWAL_MARGIN, lifetime, pulled_in

DAY = 86_400.0
MOST_UNREAD = 20
"""CACHE_MAX_UNREAD_MESSAGES as it comes."""
EPOCH = datetime(2026, 6, 1, tzinfo=UTC)
ZONES = (-8, -7, -6, -5, -5, -4, -3, 0, 0, 1, 1, 1, 2, 2, 3, 5.5, 7, 8, 9, 10)
"""Hours from UTC, in which as many users live each."""


@dataclass(frozen=True)
class World:
    """Sizes; the settings by their defaults; seconds of CPU that were measured."""

    bots: int = 5
    users: int = 500
    new_share: float = 0.05
    sensor_seconds: float = 30.0
    bots_a_tick: int = 25
    renewal_seconds: float = 300.0
    max_age_seconds: float = 86_400.0
    ttl_seconds: float = 300.0
    runs_at_once: int = 4
    dequeue_seconds: float = 5.0
    cores: int = 2
    launch_seconds: float = 3.0
    start_cpu: float = 5.5
    message_cpu: float = 0.003
    row_cpu: float = 0.04


SLOWER = ("start_cpu", "row_cpu", "message_cpu", "launch_seconds")


def slower(world: World, times: float) -> World:
    """Every part of a run takes so many times as long."""
    return replace(world, **{name: times * getattr(world, name) for name in SLOWER})


@dataclass(frozen=True)
class Policy:
    """When rows are computed. ``every`` is the pause between two cycles over everybody; None: by news and age, as we do."""

    name: str
    every: float | None = None


OURS = Policy("by news, at most a day old (ours)")
EVERYBODY = Policy("everybody every 5 minutes", 300.0)
PLATFORM = Policy("everybody every 11 minutes", 660.0)


@dataclass(frozen=True)
class Score:
    """Of the second day: shares of reads, and what was spent. ``lag`` and ``long_lag`` are median and 95th percentile of the time
    from a message to a row that has read it; seconds."""

    reads: int
    fresh: float
    stored: float
    rows: int
    runs: int
    cpu: float
    longest_run: float
    lag: float
    long_lag: float


@dataclass
class User:
    """``said`` are the times of all messages, ``rows`` the rows in the order in which they could be read."""

    key: str
    bot: int
    said: list[float]
    life: float
    rows: list[Row] = field(default_factory=list)


@dataclass
class Row:
    """When it could first be read, when it was computed, up to when it has read all messages, and what was stored as its end
    from when on: it is pulled in."""

    visible: float
    computed: float
    read: float
    ends: list[tuple[float, float]]

    @property
    def end(self) -> float:
        """As stored at last."""
        return self.ends[-1][1]

    def end_at(self, now: float) -> float:
        """As stored at that time."""
        return next(end for known, end in reversed(self.ends) if known <= now)


@dataclass
class Run:
    """``wait`` is what is left of its launch, ``left`` the CPU that its present phase still needs, ``due`` the users whose
    rows it makes, once that is known."""

    bot: int
    renewal: bool
    queued: float
    wait: float = 0.0
    left: float = 0.0
    due: list[User] | None = None
    began: float = 0.0


@cache
def patterns() -> tuple[tuple[np.ndarray, ...], tuple[float, ...]]:
    """Of the sample: the user-days as seconds after midnight, and each pair's share of days with a message."""
    days: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for bot in BOTS:
        for line in nominal_lines(bot):
            if line.speaker == "user":
                days[bot, line.user][line.at.toordinal()].append(line.at.timestamp() % DAY)
    span = 1 + max(max(own) for own in days.values()) - min(min(own) for own in days.values())
    return tuple(np.array(said) for own in days.values() for said in own.values()), tuple(
        len(own) / span for own in days.values()
    )


def arrivals(rng: np.random.Generator, active: float, first: int, zone: float) -> list[float]:
    """Times of a user's messages on the days from ``first`` on of two, in seconds."""
    found: list[float] = []
    user_days, _ = patterns()
    for day in range(first, 2):
        if day > first and rng.random() > active:
            continue
        said = user_days[rng.integers(len(user_days))]
        gaps = np.diff(said) * rng.lognormal(0.0, 0.3, len(said) - 1)
        begin = (said[0] + rng.normal(0.0, 2700.0) - zone * 3600.0) % DAY
        found += (day * DAY + begin + np.concatenate([[0.0], np.cumsum(gaps)])).tolist()
    return sorted(at for at in found if at < 2 * DAY)


def people(world: World, rng: np.random.Generator) -> list[User]:
    """Users with what they say; those that are not new have a row of a random age that has read everything before."""
    _, shares = patterns()
    found = []
    for number in range(world.users):
        new = rng.random() < world.new_share
        bot = number % world.bots
        key = f"user-{number}"
        life = lifetime(f"bot-{bot}", key, world.max_age_seconds).total_seconds()
        said = arrivals(rng, shares[rng.integers(len(shares))], int(new), ZONES[rng.integers(len(ZONES))])
        user = User(key, bot, said, life)
        if not new:
            computed = -rng.random() * life
            user.rows.append(Row(computed, computed, 0.0, [(computed, computed + life)]))
        found.append(user)
    return found


class Simulation:
    """Sensor, schedule, queue and runs over two days, as events in the order of time."""

    def __init__(self, world: World, policy: Policy, seed: int) -> None:
        self.world, self.policy = world, policy
        rng = np.random.default_rng(seed)
        self.users = people(world, rng)
        self.by_bot: list[list[User]] = [[] for _ in range(world.bots)]
        for user in self.users:
            self.by_bot[user.bot].append(user)
        self.incoming = [sorted((at, u.key, u) for u in users for at in u.said) for users in self.by_bot]
        self.times = [[at for at, _, _ in own] for own in self.incoming]
        self.taken = [0] * world.bots
        """Messages of each bot that intake has entered, and the time of that."""
        self.taken_at = [0.0] * world.bots
        self.queue: list[Run] = []
        self.running: list[Run] = []
        self.in_flight: set[int] = set()
        self.turn = 0
        self.ended: list[tuple[Run, float, int]] = []
        self.cpu = 0.0
        self.phases = rng.random(3)

    def run(self) -> Score:
        """Until the end of the second day."""
        w = self.world
        period = w.sensor_seconds if self.policy.every is None else self.policy.every
        beats = {self._look: period, self._renew: w.renewal_seconds, self._dequeue: w.dequeue_seconds}
        if self.policy.every is not None:
            del beats[self._renew]
        following = {
            beat: float(phase) * every for (beat, every), phase in zip(beats.items(), self.phases, strict=False)
        }
        now = 0.0
        while now < 2 * DAY:
            beat = min(following, key=following.__getitem__)
            upto = min(following[beat], now + self._until_next())
            self._work(upto - now, now)
            now = upto
            for run in [r for r in self.running if r.wait <= 1e-9 and r.left <= 1e-9]:
                self._phase_over(run, now)
            if now >= following[beat]:
                beat(now)
                following[beat] += beats[beat]
            if not self.queue:
                # Its turns in between would find nothing.
                upcoming = min(following[self._look], following.get(self._renew, math.inf))
                late = upcoming - following[self._dequeue]
                following[self._dequeue] += max(0, math.ceil(late / w.dequeue_seconds)) * w.dequeue_seconds
        return self._score()

    def _rate(self) -> float:
        """CPU seconds that a run which computes gets in a second."""
        return min(1.0, self.world.cores / max(sum(run.wait <= 1e-9 for run in self.running), 1))

    def _until_next(self) -> float:
        """Seconds until a launch or a phase is over."""
        rate = self._rate()
        return min((run.wait if run.wait > 1e-9 else run.left / rate for run in self.running), default=math.inf)

    def _work(self, seconds: float, now: float) -> None:
        rate = self._rate()
        for run in self.running:
            if run.wait > 1e-9:
                run.wait -= seconds
                continue
            run.left -= seconds * rate
            if now >= DAY:
                self.cpu += seconds * rate

    def _look(self, now: float) -> None:
        """The sensor's tick, or the cycle over everybody."""
        bots = range(self.world.bots)
        if self.policy.every is None:
            bots = [(self.turn + i) % self.world.bots for i in range(min(self.world.bots_a_tick, self.world.bots))]
            self.turn = (bots[-1] + 1) % self.world.bots
            bots = [bot for bot in bots if bisect_right(self.times[bot], now) > self.taken[bot]]
        self._launch(bots, now, renewal=False)

    def _renew(self, now: float) -> None:
        before = now + RENEWAL_MARGIN.total_seconds()
        bots = [bot for bot, users in enumerate(self.by_bot) if any(u.rows and u.rows[-1].end < before for u in users)]
        self._launch(bots, now, renewal=True)

    def _launch(self, bots: Sequence[int], now: float, *, renewal: bool) -> None:
        for bot in bots:
            if bot not in self.in_flight:
                self.in_flight.add(bot)
                self.queue.append(Run(bot, renewal, now))

    def _dequeue(self, now: float) -> None:
        # Renewals have the lower priority.
        self.queue.sort(key=lambda run: run.renewal)
        while self.queue and len(self.running) < self.world.runs_at_once:
            run = self.queue.pop(0)
            run.wait, run.left = self.world.launch_seconds, self.world.start_cpu
            self.running.append(run)

    def _phase_over(self, run: Run, now: float) -> None:
        if run.due is None:
            messages = 0 if run.renewal else self._intake(run.bot, now)
            run.due = list(self._due(run.bot, now))
            run.began = now
            run.left = self.world.message_cpu * messages + self.world.row_cpu * len(run.due)
            if run.left > 1e-9:
                return
        self._finish(run, now)

    def _intake(self, bot: int, now: float) -> int:
        """Messages up to now enter the ledger; rows of their users end soon."""
        first, last = self.taken[bot], bisect_right(self.times[bot], now)
        newest: dict[str, tuple[float, User]] = {key: (at, user) for at, key, user in self.incoming[bot][first:last]}
        for at, user in newest.values():
            if user.rows:
                user.rows[-1].ends.append((now, _pulled_in(user.rows[-1].end, [at], self.world.ttl_seconds)))
        self.taken[bot], self.taken_at[bot] = last, now
        return last - first

    def _due(self, bot: int, now: float) -> Iterator[User]:
        """As `storage.strategic_caches.due_users`: no row, something unread in the ledger, or close to the end."""
        before = now + RENEWAL_MARGIN.total_seconds()
        for user in self.by_bot[bot]:
            known = bisect_right(user.said, self.taken_at[bot])
            if not user.rows:
                if known:
                    yield user
            elif (
                self.policy.every is not None
                or user.rows[-1].end < before
                or known > bisect_right(user.said, user.rows[-1].read)
            ):
                yield user

    def _finish(self, run: Run, now: float) -> None:
        read = self.taken_at[run.bot]
        for user in run.due or ():
            user.rows.append(Row(now, run.began, read, [(now, run.began + user.life)]))
        self.running.remove(run)
        self.in_flight.discard(run.bot)
        self.ended.append((run, now, len(run.due or ())))

    def _score(self) -> Score:
        fresh, stored, lags = [], [], []
        for user in self.users:
            visible = [row.visible for row in user.rows]
            for at in user.said[_first_conversation(user) :]:
                if at < DAY:
                    continue
                place = bisect_right(visible, at) - 1
                row = user.rows[place] if place >= 0 else None
                fresh.append(row is not None and at < self._end(user, row))
                stored.append(row is not None and at < self._stored_end(row, at))
            lags += [seen - at for at in user.said if at >= DAY and (seen := _seen(user, at)) is not None]
        ended = [(run, at, rows) for run, at, rows in self.ended if at >= DAY]
        return Score(
            len(fresh), float(np.mean(fresh)), float(np.mean(stored)), sum(rows for _, _, rows in ended), len(ended), self.cpu,
            max((at - run.queued for run, at, _ in ended), default=0.0), *np.percentile(lags, [50, 95]).tolist(),
        )  # fmt: skip

    def _end(self, user: User, row: Row) -> float:
        """When a row ends if every message is known at once: the earliest that it has not read decides."""
        if self.policy.every is not None:
            return row.computed + self.world.ttl_seconds
        place = bisect_right(user.said, row.read)
        end = row.computed + user.life
        return _pulled_in(end, user.said[place : place + MOST_UNREAD + 1], self.world.ttl_seconds)

    def _stored_end(self, row: Row, now: float) -> float:
        return row.end_at(now) if self.policy.every is None else row.computed + self.world.ttl_seconds


def _pulled_in(ends: float, said: Sequence[float], ttl: float) -> float:
    """`strategic.validity.pulled_in` over seconds."""
    end = pulled_in(EPOCH + timedelta(seconds=ends), [EPOCH + timedelta(seconds=at) for at in said], ttl, MOST_UNREAD)
    return (end - EPOCH).total_seconds()


def _first_conversation(user: User) -> int:
    """Where it ends: nothing is asked of rows before. Those with a row from the start had theirs long ago."""
    if user.rows and user.rows[0].visible <= 0.0:
        return 0
    gaps = np.flatnonzero(np.diff(user.said) > SESSION_GAP_SECONDS)
    return int(gaps[0]) + 1 if len(gaps) else len(user.said)


def _seen(user: User, at: float) -> float | None:
    """When a row that has read a message could first be read."""
    return next((row.visible for row in user.rows if row.read >= at and row.visible >= at), None)
