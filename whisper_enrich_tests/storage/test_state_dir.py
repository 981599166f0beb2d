"""The state folder is private, invisible to git, and never takes over a folder that holds other things."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.storage.state_dir import is_made_by_us, state_dir


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    folder = state_dir(tmp_path / "project" / ".whisper-enrich")
    assert folder == tmp_path / "project" / ".whisper-enrich"
    assert mode(folder) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert is_made_by_us(folder)


def test_it_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = state_dir(tmp_path / "state")
    finally:
        os.umask(before)
    assert mode(folder) == 0o700


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    folder = state_dir(tmp_path / "state")
    folder.chmod(0o710)
    (folder / ".gitignore").write_text("mine\n")
    assert state_dir(folder) == folder
    assert mode(folder) == 0o710
    assert (folder / ".gitignore").read_text() == "mine\n"


def test_a_folder_with_other_contents_gets_no_gitignore(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    assert state_dir(tmp_path) == tmp_path
    assert not (tmp_path / ".gitignore").exists()
    assert not is_made_by_us(tmp_path)


def test_a_relative_path_and_a_link_come_back_as_the_real_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert state_dir("link/state") == tmp_path / "real" / "state"


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_file_in_the_way_is_an_error_that_names_it(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"file.* is a file or lies below one\. Remove the file"):
        state_dir(tmp_path / path)


def test_a_folder_that_may_not_be_written_to_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so the refusal is the system's answer in this test and not the folder's mode.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigurationError, match=r"cannot be written to by this user.*set another state folder"):
        state_dir(tmp_path / "state")
