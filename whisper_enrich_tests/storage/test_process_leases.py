"""Leases end with their processes, and the lock excludes processes, threads and nobody for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from whisper_enrich.storage.process_leases import (
    Lease,
    LeaseBook,
    LockTimeout,
    exclusive_lock,
    new_lease,
    process_birth,
    try_lock,
)


@pytest.fixture
def book(tmp_path: Path) -> LeaseBook:
    return LeaseBook(tmp_path / "leases.json")


def lease_of(pid: int) -> Lease:
    birth = process_birth(pid)
    assert birth is not None
    return Lease(f"token-{pid}", pid, birth, "test")


def test_a_process_keeps_its_birth_and_a_later_one_has_another() -> None:
    birth = process_birth(os.getpid())
    assert birth is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as later:
        assert process_birth(later.pid) != birth
        later.kill()
    assert process_birth(later.pid) is None
    assert process_birth(os.getpid()) == birth


def test_leases_of_one_process_are_told_apart_by_their_tokens(book: LeaseBook) -> None:
    first, second = new_lease(), new_lease()
    book.add(first)
    book.add(second)
    assert book.live() == (first, second)
    assert book.others(first) == (second,)
    book.remove(first)
    assert book.live() == (second,)


def test_a_later_process_with_the_same_pid_does_not_hold_the_lease(book: LeaseBook) -> None:
    book.add(Lease("token", os.getpid(), "an earlier birth", "test"))
    assert book.live() == ()


def test_a_killed_process_holds_nothing_even_as_a_zombie(book: LeaseBook) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lease = lease_of(child.pid)
        book.add(lease)
        assert book.live() == (lease,)
        child.kill()
        deadline = time.monotonic() + 10
        while process_birth(child.pid) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert child.returncode is None, "nobody has reaped it yet"
        assert book.live() == ()


def test_adding_forgets_the_dead(book: LeaseBook, tmp_path: Path) -> None:
    book.add(Lease("dead", os.getpid(), "an earlier birth", "test"))
    book.add(new_lease())
    assert "dead" not in (tmp_path / "leases.json").read_text()


@pytest.mark.parametrize("damage", ["", "[{", '[{"pid": 1}]', "7"])
def test_a_damaged_list_is_taken_as_empty_and_said_so(
    tmp_path: Path, book: LeaseBook, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "leases.json").write_text(damage)
    assert book.live() == ()
    assert "leases.json is damaged" in caplog.text


def test_the_lock_excludes_another_thread_and_names_its_holder(tmp_path: Path) -> None:
    failures: list[LockTimeout] = []

    def try_it() -> None:
        try:
            with exclusive_lock(tmp_path / "lock", 0.05):
                pass
        except LockTimeout as timeout:
            failures.append(timeout)

    with exclusive_lock(tmp_path / "lock", 1):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert [failure.holder for failure in failures] == [os.getpid()]


def test_the_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from whisper_enrich.storage.process_leases import exclusive_lock\n"
        "with exclusive_lock(Path(sys.argv[1]), 1): print('held', flush=True); input()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        assert try_lock(tmp_path / "lock") is None
        holder.kill()
        with exclusive_lock(tmp_path / "lock", 5):
            assert try_lock(tmp_path / "lock") is None


def test_a_child_forked_while_the_lock_is_held_does_not_keep_it(tmp_path: Path) -> None:
    # In a process of its own: a process with threads, as the test runner may be, should not fork.
    code = (
        "import os, sys; from pathlib import Path\n"
        "from whisper_enrich.storage.process_leases import exclusive_lock, try_lock\n"
        "path = Path(sys.argv[1]); stay, go = os.pipe()\n"
        "with exclusive_lock(path, 1):\n"
        "    if os.fork() == 0:\n"
        "        os.close(go); os.read(stay, 1); os._exit(0)\n"
        "print(try_lock(path) is not None)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout == "True\n"


def test_whoever_waited_for_a_removed_folder_locks_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    free_meanwhile: list[bool] = []

    def wait_for_it() -> None:
        with exclusive_lock(path, 5):
            free_meanwhile.append(try_lock(path) is not None)

    with exclusive_lock(path, 1):
        waiter = threading.Thread(target=wait_for_it)
        waiter.start()
        time.sleep(0.05)
        path.unlink()
        path.touch()
    waiter.join()
    assert free_meanwhile == [False]
