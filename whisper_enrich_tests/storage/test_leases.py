"""Leases: one worker at a time, and a slow one that was replaced writes nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

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
