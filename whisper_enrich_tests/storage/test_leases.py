"""Leases: one worker at a time, and a slow one that was replaced writes nothing."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from whisper_enrich.errors import LeaseHeld, LeaseLost
from whisper_enrich.storage import leases


def held_by(ctx, holder, seconds=300):
    """Give the lease on "work" to somebody else."""
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO leases VALUES ('work', 7, :holder, now() + make_interval(secs => :seconds)) "
                "ON CONFLICT (resource) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, "
                "token = leases.token + 1"
            ),
            {"holder": holder, "seconds": seconds},
        )


def test_a_lease_that_is_held_elsewhere_is_refused_after_a_while(ctx):
    held_by(ctx, "another-host/1/1")
    with pytest.raises(LeaseHeld, match="another-host"), ctx.lease("work"):
        pytest.fail("the lease was given twice")


def test_a_lease_that_ran_out_is_taken_over(ctx):
    held_by(ctx, "another-host/1/1", seconds=-1)
    with ctx.lease("work") as lease:
        assert lease.token == 8


def test_the_lease_of_a_process_of_this_machine_that_died_is_taken_over_at_once(ctx):
    script = "from whisper_enrich.storage.leases import holder; print(holder())"
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    held_by(ctx, dead)
    with ctx.lease("work") as lease:
        assert lease.token == 8


def test_a_worker_that_was_replaced_finds_out_when_it_writes(ctx):
    with ctx.lease("work") as lease:
        held_by(ctx, "another-host/1/1")
        with pytest.raises(LeaseLost), ctx.database.begin() as connection:
            ctx.confirm(connection, lease)


def test_a_replaced_worker_does_not_release_the_lease_of_the_other(ctx):
    with ctx.lease("work"):
        held_by(ctx, "another-host/1/1")
    with ctx.database.connect() as connection:
        assert connection.execute(text("SELECT holder FROM leases")).scalar() == "another-host/1/1"


def test_of_sixteen_workers_at_once_one_gets_it(ctx):
    def attempt(_):
        try:
            with ctx.database.begin() as connection:
                leases.acquire(connection, "work", 60)
            return True
        except LeaseHeld:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_what_urgent_work_waits_for_no_other_work_takes(ctx):
    with ctx.database.begin() as connection:
        held = leases.acquire(connection, "elena/facts", 60, urgent=False)
        leases.want(connection, "elena/facts", 5)
        leases.release(connection, held)
    with pytest.raises(LeaseHeld, match="Live work waits for elena/facts"), ctx.database.begin() as connection:
        leases.acquire(connection, "elena/facts", 60, urgent=False)
    with ctx.database.begin() as connection:
        leases.release(connection, leases.acquire(connection, "elena/facts", 60))
        leases.acquire(connection, "elena/facts", 60, urgent=False)


def test_who_no_longer_waits_keeps_nobody_out(ctx):
    with ctx.database.begin() as connection:
        leases.release(connection, leases.acquire(connection, "elena/facts", 60))
        leases.want(connection, "elena/facts", -1)
        leases.acquire(connection, "elena/facts", 60, urgent=False)


def test_live_work_comes_between_two_blocks_of_a_backfill_that_never_pauses(ctx):
    backfill = replace(ctx, urgent=False, lease_wait_seconds=30)
    order, begun = [], threading.Event()

    def work_through_a_year():
        for block in range(8):
            with backfill.lease("elena/facts"):
                order.append(block)
                begun.set()
                time.sleep(0.2)

    with ThreadPoolExecutor(1) as pool:
        year = pool.submit(work_through_a_year)
        begun.wait(10)
        with replace(ctx, lease_wait_seconds=30).lease("elena/facts"):
            order.append("live")
        year.result(30)
    assert order.index("live") <= 3
    assert [one for one in order if one != "live"] == list(range(8))
