"""Where the embedded PostgreSQL lives: in the state folder, or outside in a folder that stays with it. No server here."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from whisper_enrich.storage.postgres_home import Home, prepare_home, read_home, remove_home, with_socket_dir
from whisper_enrich.storage.state_dir import state_dir

root_only = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root's server runs as another user, who may be shut out of the state folder"
)


def prepared(state: Path) -> Home:
    (state_dir(state) / "postgres").mkdir(mode=0o700, exist_ok=True)
    return prepare_home(state)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all users may pass through; those of pytest are closed."""
    with ExitStack() as stack:
        yield made_folder(None, stack)


@pytest.fixture(params=["same file system", "other file system"])
def closed_folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that only root may pass through, on the file system of the outside folders or on another one."""
    elsewhere = request.param == "other file system"
    if elsewhere and (not Path("/dev/shm").is_dir() or os.stat("/dev/shm").st_dev == os.stat("/var/lib").st_dev):
        pytest.skip("there is no second file system at /dev/shm")
    if not elsewhere and os.stat(tempfile.gettempdir()).st_dev != os.stat("/var/lib").st_dev:
        pytest.skip("temporary files are not on the file system of /var/lib")
    with ExitStack() as stack:
        folder = made_folder("/dev/shm" if elsewhere else None, stack)
        folder.chmod(0o700)
        yield folder


def made_folder(base: str | None, stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="we-test-", dir=base)).resolve()
    before = set(Path("/var/lib").glob("whisper-enrich-*"))

    def remove_all() -> None:
        for state in folder.rglob(".whisper-enrich"):
            if (home := read_home(state)) is not None:
                remove_home(home)
        for left in set(Path("/var/lib").glob("whisper-enrich-*")) - before:
            if (left / "identity.json").exists() and str(folder) in (left / "identity.json").read_text():
                shutil.rmtree(left)
        shutil.rmtree(folder)

    folder.chmod(0o711)
    stack.callback(remove_all)
    return folder


def test_it_is_in_the_state_folder_where_the_servers_user_can_get_there(open_folder: Path) -> None:
    state = open_folder / ".whisper-enrich"
    home = prepared(state)
    assert home.path == state / "postgres"
    assert home.notice is None
    assert prepared(state) == home == read_home(state)
    for folder in (state, home.path):
        assert mode(folder) in (0o700, 0o710), "at most the server's own group may pass through"


def test_a_start_that_was_killed_before_the_place_was_recorded_is_begun_again(open_folder: Path) -> None:
    state = open_folder / ".whisper-enrich"
    home = prepared(state)
    (home.anchor / "place.json").unlink()
    assert read_home(state) is None
    assert prepared(state).path == home.path


class TestTheSocketsFolder:
    def test_it_is_in_the_home_where_the_path_is_short_and_plain(self, open_folder: Path) -> None:
        home = with_socket_dir(prepared(open_folder / "a project" / ".whisper-enrich"))
        assert home.socket_dir == home.path / "socket"
        assert mode(home.socket_dir) == 0o700

    @pytest.mark.parametrize("name", ["x" * 80, "a,b", 'a"b', "100%", "ü"])
    def test_else_it_is_a_private_temporary_folder_that_stays_the_same(self, open_folder: Path, name: str) -> None:
        state = open_folder / name / ".whisper-enrich"
        home = with_socket_dir(prepared(state))
        assert not home.socket_dir.is_relative_to(open_folder)
        assert mode(home.socket_dir) == 0o700
        assert with_socket_dir(prepared(state)).socket_dir == home.socket_dir
        assert read_home(state) == home

    def test_a_temporary_folder_that_somebody_else_put_in_its_place_is_not_used(self, open_folder: Path) -> None:
        state = open_folder / "a,b" / ".whisper-enrich"
        first = with_socket_dir(prepared(state)).socket_dir
        first.rmdir()
        trap = open_folder / "trap"
        trap.mkdir(mode=0o700)
        first.symlink_to(trap)
        try:
            assert with_socket_dir(prepared(state)).socket_dir != first
        finally:
            first.unlink()


@root_only
class TestOutside:
    def test_it_is_private_and_nothing_above_the_state_folder_is_changed(self, closed_folder: Path) -> None:
        state = closed_folder / ".whisper-enrich"
        home = prepared(state)
        assert not home.path.is_relative_to(closed_folder)
        assert mode(home.path) == 0o710
        assert (mode(closed_folder), mode(state), mode(state / "postgres")) == (0o700, 0o700, 0o700)
        assert {path.stat().st_gid for path in (closed_folder, state, state / "postgres")} == {0}
        assert home.notice is not None and str(home.path) in home.notice
        assert prepared(state) == home == read_home(state)

    def test_a_state_folder_that_holds_other_things_is_not_opened(self, open_folder: Path) -> None:
        somebodys = open_folder / "home"
        somebodys.mkdir(mode=0o700)
        (somebodys / "thesis.tex").write_text("mine")
        home = prepared(somebodys)
        stack_of_modes = (mode(somebodys), somebodys.stat().st_gid)
        remove_home(home)
        assert not home.path.is_relative_to(open_folder)
        assert stack_of_modes == (0o700, 0)

    def test_a_moved_state_folder_keeps_it_also_when_a_new_one_takes_the_old_place(self, closed_folder: Path) -> None:
        state, moved = closed_folder / "a" / ".whisper-enrich", closed_folder / "b" / ".whisper-enrich"
        home = prepared(state)
        moved.parent.mkdir()
        state.rename(moved)
        newcomer = prepared(state)
        assert newcomer.path != home.path
        assert prepared(moved).path == home.path
        assert prepared(state) == newcomer

    def test_a_copied_state_folder_gets_its_own(self, closed_folder: Path) -> None:
        state, copy = closed_folder / "a" / ".whisper-enrich", closed_folder / "b" / ".whisper-enrich"
        home = prepared(state)
        shutil.copytree(state, copy)
        assert read_home(copy) is None
        assert prepared(copy).path != home.path
        assert prepared(state) == home

    def test_a_state_folder_moved_to_another_file_system_keeps_it(self, closed_folder: Path) -> None:
        state, moved = closed_folder / "a" / ".whisper-enrich", closed_folder / "b" / ".whisper-enrich"
        home = prepared(state)
        shutil.copytree(state, moved)  # what a move between file systems does
        shutil.rmtree(state)
        assert prepared(moved).path == home.path
        assert prepared(state).path != home.path
        assert prepared(moved).path == home.path

    def test_what_a_removed_state_folder_left_is_never_used_again(
        self, closed_folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        state = closed_folder / ".whisper-enrich"
        home = prepared(state)
        (home.path / "old").touch()
        shutil.rmtree(state)
        assert read_home(state) is None
        caplog.clear()
        fresh = prepared(state)
        assert not (fresh.path / "old").exists()
        removed = fresh.path == home.path
        assert removed or f"{home.path} is left from another state folder" in caplog.text
        assert removed == (closed_folder.stat().st_dev == fresh.path.stat().st_dev), "the proof is a hard link"

    def test_an_outside_folder_that_somebody_removed_is_made_anew(self, closed_folder: Path) -> None:
        state = closed_folder / ".whisper-enrich"
        home = prepared(state)
        shutil.rmtree(home.path)
        assert read_home(state) is None
        assert prepared(state).path.is_dir()

    def test_a_folder_that_a_stranger_made_under_its_name_is_left_alone(self, closed_folder: Path) -> None:
        state = closed_folder / ".whisper-enrich"
        home = prepared(state)
        remove_home(home)
        home.path.mkdir()
        (home.path / "identity.json").write_text('{"id": "guess", "state": "x", "linked": true}')
        os.chown(home.path, 65534, 65534)
        try:
            assert prepared(state).path != home.path
            assert (home.path / "identity.json").exists()
        finally:
            shutil.rmtree(home.path)

    def test_removing_it_leaves_nothing_outside(self, closed_folder: Path) -> None:
        state = closed_folder / "a,b" / ".whisper-enrich"
        home = with_socket_dir(prepared(state))
        remove_home(home)
        assert not home.path.exists()
        assert not home.socket_dir.exists()
        assert read_home(state) is None
