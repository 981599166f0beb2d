"""The fault campaign of the model pipeline: nothing lost, nothing twice, nothing paid twice, whatever dies or fails.

    python benchmarks/model_faults.py                      10,000 messages, deaths at 40 random commit points and every place
    python benchmarks/model_faults.py --points all         a death at each of the 4,600 commit points of a run: some hours
    python benchmarks/model_faults.py --messages 1000 --points 40

Messages of several users, days and both scopes, some trivial, some broken, some of a user who opted out, some that the
model never answers, are enriched on embedded engines with a scripted model on a real socket.

1. A clean run, without any fault, gives the rows that everything is compared with, and the commit points there are.
2. The same messages elsewhere: the model fails at random (429 with Retry-After, 500, reset, a body that breaks off, a
   time-out, half JSON, wrong schema, empty, refusal, too long), is slow, or adds facts with invented quotes; at each place
   where we read or write the database, the store or the model, an error is raised at one random occurrence; and at the
   chosen commit points (before the commit, and after it) the process of the worker kills itself by SIGKILL, some more
   being killed from outside at a random moment. A new worker follows each, the clock going on, until nothing is due.
3. A second run over everything; then the dead letters are replayed, with the fault gone.

Equal seeds give equal messages, plans and replies to a question; the order of threads and the random moments are not held.
Ends with 1 and the list of violations, if there are any.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

# As the command line and the definitions do, before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from model_faults_world import MOST_RUNS, FaultyModel, World, points

from whisper_enrich.storage import ledger
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich_tests.builders import contents
from whisper_enrich_tests.scripted_model import ScriptedModel
from whisper_enrich_tests.stages.model_workers import Act, Plan, Rows, results, without_words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--points", default="40", help="commit points to die at, or: all")
    parser.add_argument("--moments", type=int, default=8, help="workers killed from outside at a random moment")
    parser.add_argument("--keep", action="store_true", help="leave the databases behind, for a look at them")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-faults-"))
    home.chmod(0o711)
    try:
        violations = Campaign(home, options).run()
    finally:
        if options.keep:
            print(f"kept: {home}")
        else:
            EmbeddedPostgres(home / "state").remove(force=True)
            shutil.rmtree(home)
    for violation in violations:
        print(f"VIOLATION: {violation}")
    print("no violation" if not violations else f"{len(violations)} violations")
    sys.exit(1 if violations else 0)


class Campaign:
    """All parts, and what was found wrong."""

    def __init__(self, home: Path, options: argparse.Namespace) -> None:
        self.home = home
        self.options = options
        self.rng = random.Random(f"campaign {options.seed}")
        self.violations: list[str] = []
        self.started = time.perf_counter()

    def run(self) -> list[str]:
        """The violations."""
        script = FaultyModel(self.options.seed)
        messages = points(self.options)
        with ScriptedModel(script) as served:
            clean = World(self.home, "clean", served.url, messages)
            self.clean_run(clean, script)
            plan = self.plan(clean.journal.seen())
            world = World(self.home, "faulty", served.url, messages)
            self.faulty_runs(world, script, plan)
            self.check_rows(world, clean)
            self.check_payments(world, script)
            self.second_run(world, script)
            self.replay(world, clean, script)
            for each in (clean, world):
                each.pipeline.close()
        self.say(f"{len(messages):,} messages")
        return self.violations

    def say(self, words: str) -> None:
        """A line with the time that has passed."""
        print(f"[{time.perf_counter() - self.started:6.1f} s] {words}", flush=True)

    def demand(self, holds: bool, otherwise: str) -> None:
        """Something that must be so."""
        if not holds:
            self.violations.append(otherwise)
            print(f"  VIOLATION: {otherwise}", flush=True)

    def clean_run(self, world: World, script: FaultyModel) -> None:
        """The rows as they are when nothing fails."""
        script.start(faulty=False, poisoned=False)
        world.drain(Plan())
        self.demand(not world.journal.lines("failed"), f"the clean run failed: {world.journal.lines('failed')[:3]}")
        states = world.rows("SELECT state, count(*) FROM conversation_summaries GROUP BY 1 ORDER BY 1")
        facts = world.rows("SELECT count(*) FROM user_facts")[0][0]
        done = f"{script.requests} calls, {facts:,} facts, summaries {dict(states)}"
        self.say(f"clean: {len(world.all_days())} days, {world.runs} runs, {done}")
        condemned = world.rows("SELECT count(*) FROM model_calls WHERE outcome <> 'answered'")[0][0]
        self.demand(condemned == 0, f"{condemned} calls of the clean run brought no usable answer")

    def plan(self, seen: Counter[str]) -> Plan:
        """One error at each place, one death at each commit place, and deaths at the chosen commit points."""
        acts: dict[str, dict[int, Act]] = defaultdict(dict)
        deadly = [place for place in sorted(seen) if not place.endswith((": before", ": reading"))]
        deadly += ["model: before", "store.mark: before"]
        commits = [(place, nth) for place in deadly for nth in range(1, seen[place] + 1)]
        chosen = commits
        if self.options.points != "all":
            chosen = self.rng.sample(commits, min(int(self.options.points), len(commits)))
            chosen += [(place, self._early(seen[place])) for place in deadly]
        for place, nth in chosen:
            acts[place][nth] = "kill"
        for place in sorted(seen):
            # Not where a death is planned: the error comes one occurrence later then.
            nth = self._early(seen[place])
            while acts[place].get(nth) == "kill" and nth <= seen[place]:
                nth += 1
            acts[place][nth] = "raise"
        kills = sum(act == "kill" for mine in acts.values() for act in mine.values())
        self.say(
            f"plan: {kills} deaths by kill -9 of {len(commits)} commit points at {len(deadly)} places, "
            f"{len(seen)} errors at {len(seen)} places"
        )
        return Plan(acts, otherwise={1: "kill", 2: "raise"})

    def _early(self, occurrences: int) -> int:
        """One of the first quarter: a run with faults may not come by as often as one without."""
        return self.rng.randint(1, max(1, occurrences // 4))

    def faulty_runs(self, world: World, script: FaultyModel, plan: Plan) -> None:
        """Faults and deaths until nothing is due."""
        script.start(faulty=True, poisoned=True)
        started = time.perf_counter()
        moments = (self.rng.uniform(0.2, 2.0) for _ in range(self.options.moments))
        world.drain(plan, moments, MOST_RUNS)
        while self._left_at(world, plan, "completion.complete_days") and world.runs < MOST_RUNS:
            # They come at the end of a run that got so far.
            world.run(plan, days=world.all_days())
        world.drain(plan)
        killed, raised = world.journal.lines("kill"), world.journal.lines("raise")
        self.say(
            f"faulty: {world.runs} runs in {time.perf_counter() - started:.0f} s, {script.requests} requests; killed "
            f"{len(killed)} times at {len(set(killed))} places and {world.killed_from_outside} times from outside; errors "
            f"raised {len(raised)} times at {len(set(raised))} places"
        )
        self.say(f"what the model answered: {dict(script.kinds.most_common())}")
        self.say(f"how runs failed: {dict(Counter(line.split(chr(9))[0] for line in world.journal.lines('failed')))}")
        missed = self._left_at(world, plan)
        self.say(f"planned and not come by: {missed.total()} at {sorted(missed)}")
        swallowed = world.journal.swallowed()
        self.demand(not swallowed, f"errors were swallowed at {swallowed[:5]}")
        outcomes = world.rows("SELECT outcome, count(*) FROM model_calls GROUP BY 1 ORDER BY 1")
        self.say(f"the ledger of calls: {dict(outcomes)}")

    def _left_at(self, world: World, plan: Plan, beginning: str = "") -> Counter[str]:
        """How much of the plan has not happened yet, by place."""
        planned = Counter({place: len(mine) for place, mine in plan.acts.items() if place.startswith(beginning)})
        return planned - Counter(world.journal.lines("kill") + world.journal.lines("raise"))

    def check_rows(self, world: World, clean: World) -> None:
        """Everybody accounted for, and the rows those of the clean run but for what was set aside."""
        total = self.options.messages
        done, aside, left_out = world.rows(
            """
            SELECT count(*) FILTER (WHERE talk AND NOT dead), count(*) FILTER (WHERE talk AND dead),
                count(*) FILTER (WHERE NOT talk)
            FROM (SELECT disposition = 'conversation' AS talk, 'dead' IN (facts_state, summary_state, mark_state) AS dead
                  FROM message_ledger WHERE 'waiting' NOT IN (facts_state, summary_state, mark_state)) x
            """
        )[0]
        self.say(f"done {done:,} + set aside {aside:,} + left out {left_out:,} = {done + aside + left_out:,}")
        self.demand(done + aside + left_out == total, f"{done} + {aside} + {left_out} is not {total}")
        unmarked = world.ctx.store.count(world.bot.collection, unmarked_for=world.ctx.ledger_id)
        self.demand(unmarked == 0, f"{unmarked} messages bear no mark in the store")
        dead_facts = world.column("SELECT point_id FROM message_ledger WHERE facts_state = 'dead'")
        dead = world.column("SELECT point_id FROM message_ledger WHERE 'dead' IN (facts_state, summary_state)")
        users = world.column("SELECT DISTINCT user_id FROM message_ledger WHERE facts_state = 'dead'")
        windows = world.column(
            "SELECT DISTINCT user_id || ' ' || scope || ' ' || CAST(day AS timestamp) FROM message_ledger "
            "WHERE summary_state = 'dead'"
        )
        reasons = world.rows(
            "SELECT coalesce(facts_reason, '') || '/' || coalesce(summary_reason, ''), count(*) FROM message_ledger "
            "WHERE 'dead' IN (facts_state, summary_state) GROUP BY 1 ORDER BY 2 DESC"
        )
        self.say(
            f"set aside: facts of {len(dead_facts)} messages of {len(users)} users, summaries of {len(windows)} windows; "
            f"facts/summary for the reason {dict(reasons)}"
        )
        aside_of = {
            "fact_assertions": dead_facts, "user_facts": users, "fact_evidence": users, "fact_versions": users,
            "conversation_summaries": windows, "message_ledger": dead,
        }  # fmt: skip
        self.compare(world, clean, aside_of, "after the faults")

    def compare(self, world: World, clean: World, aside: Mapping[str, set[str]], when: str) -> None:
        """Both alike, where the key is not among those set aside.

        A stretch of talk with no usable answer is asked about in halves, and its summary is made of theirs: where that
        may have happened, the words of the summary are not compared, but all else about it is.
        """
        retold = world.column(
            "SELECT DISTINCT user_id || ' ' || s || ' ' || CAST(day AS timestamp) "
            "FROM model_calls, unnest(ARRAY['dm', 'shared']) s "
            "WHERE outcome IN ('invalid', 'refused', 'too_long', 'unavailable')"
        )
        found, wanted = results(world.ctx), results(clean.ctx)
        for table in found:
            mine, theirs = (self._comparable(rows[table], aside.get(table, set()), retold) for rows in (found, wanted))
            lost, added = theirs - mine, mine - theirs
            self.say(f"{when}: {table}: {mine.total():,} rows compared")
            self.demand(
                not lost and not added,
                f"{when}: {table}: {lost.total()} rows lost or changed, {added.total()} others instead: "
                f"{sorted({row[0] for row in (lost + added)})[:5]}",
            )
            twice = [row for row, n in found[table].items() if n > 1]
            self.demand(not twice, f"{when}: {table}: {len(twice)} rows are there twice")
        summaries = found["conversation_summaries"]
        told = sum(1 for row in summaries if row[0] in retold)
        self.say(
            f"{when}: the words of {len(summaries) - told} summaries compared, {told} are of days with unusable answers"
        )

    def _comparable(self, rows: Rows, aside: set[str], retold: set[str]) -> Rows:
        """Without the rows set aside, and without the words of summaries that may have been told otherwise."""
        kept = Counter({row: times for row, times in rows.items() if row[0] not in aside})
        return without_words(kept, retold)

    def check_payments(self, world: World, script: FaultyModel) -> None:
        """No answer paid twice, but where the worker died, or its database failed, before the answer was stored."""
        calls = world.rows("SELECT request_key, outcome, model_answered FROM model_calls WHERE purpose <> 'probe'")
        answered = Counter(key for key, outcome, _ in calls if outcome == "answered")
        twice = {key: n for key, n in answered.items() if n > 1}
        self.demand(not twice, f"{len(twice)} questions have more than one answered call")
        paid: dict[str, list[str]] = defaultdict(list)
        for key, _, serial in calls:
            if serial in script.good:
                paid[key].append(serial)
        again = {key: serials for key, serials in paid.items() if len(serials) > 1}
        self.demand(not again, f"{len(again)} questions were well answered and paid for more than once")
        self._check_unexplained(world, script, calls)
        spent = world.rows(
            """
            SELECT holder, period, name FROM (
                SELECT v.holder, v.period, v.name, sum(tokens_in + tokens_out) AS tokens
                FROM model_calls, LATERAL (SELECT ((called_at AT TIME ZONE 'UTC')::date)::text AS utc) d,
                LATERAL (VALUES ('day', utc, ''), ('bot', utc, bot_name), ('user', utc, user_id), ('run', '', run_id))
                    v (holder, period, name) GROUP BY 1, 2, 3) c
            FULL JOIN model_spending s USING (holder, period, name) WHERE c.tokens IS DISTINCT FROM s.tokens
            """
        )
        self.demand(not spent, f"{len(spent)} sums of spending are not those of the calls: {spent[:2]}")

    def _check_unexplained(self, world: World, script: FaultyModel, calls: Sequence[tuple]) -> None:
        """Good answers beyond the first to a question: each must be of a call that never got to store it."""
        settled = {serial for _, _, serial in calls}
        cut_off = Counter(key for key, outcome, _ in calls if outcome in ("reserved", "lost"))
        came = dict(line.split("\t") for line in world.journal.lines("got"))
        not_stored = Counter(came[serial] for serial in script.good if serial in came and serial not in settled)
        for key, times in not_stored.items():
            self.demand(
                times <= cut_off[key], f"{times} answers to a question came and were not stored, {cut_off[key]} calls"
            )
        questions = len(set(script.good.values()))
        never = sum(1 for serial in script.good if serial not in came)
        self.say(
            f"{questions:,} questions were well answered, {len(script.good) - questions} good answers beyond the first to one: "
            f"{never} answers never came back to a client, {not_stored.total()} came to one that died or failed before storing"
        )
        self.demand(
            len(script.good) - questions <= never + not_stored.total(),
            "good answers were served again without a reason",
        )

    def second_run(self, world: World, script: FaultyModel) -> None:
        """Over all days once more: no call, no row changed."""
        script.start(faulty=False, poisoned=True)
        before = contents(world.ctx, with_clocks=True)
        world.run(days=world.all_days())
        after = contents(world.ctx, with_clocks=True)
        changed = [table for table in before if before[table] != after[table]]
        self.demand(script.requests == 0, f"the second run made {script.requests} calls")
        self.demand(not changed, f"the second run changed {changed}")
        self.say(f"second run: {script.requests} calls, {len(changed)} tables changed")

    def replay(self, world: World, clean: World, script: FaultyModel) -> None:
        """With the fault gone, the dead letters end like everybody else."""
        script.start(faulty=False, poisoned=False)
        with world.ctx.database.begin() as connection:
            replayed = ledger.replay_dead_letters(connection, None, None)
        world.drain(Plan())
        self.say(f"replayed {replayed} dead letters: {script.requests} calls")
        dead = world.rows(
            "SELECT count(*) FROM message_ledger WHERE 'dead' IN (facts_state, summary_state, mark_state)"
        )[0][0]
        self.demand(dead == 0, f"{dead} messages are set aside after the replay")
        self.compare(world, clean, {}, "after the replay")


if __name__ == "__main__":
    main()
