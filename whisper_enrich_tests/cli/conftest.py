"""The command line in this process, on state folders of the tests' own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import whisper_enrich.definitions  # noqa: F401 - before any asset: it silences what Dagster warns of
from whisper_enrich.cli import main
from whisper_enrich.settings import utc_now
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.state_dir import state_dir
from whisper_enrich_tests.places import open_folder
from whisper_enrich_tests.schemas import make_fast

TODAY = utc_now().date()
YESTERDAY = TODAY - timedelta(days=1)
BEFORE = TODAY - timedelta(days=2)
"""Two days that are over, so that no window waits for its day to close."""


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that says what is wrong. Fails unless the command ended as a failed command should."""
        assert self.code != 0
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("Error: ")
        return lines[0]


Cli = Callable[..., Answer]


def cli_for(home: Path) -> Cli:
    """`whisper-enrich` with this state folder; keyword arguments are environment variables."""

    def invoke(*args: object, **env: object) -> Answer:
        variables = {"DAGSTER_HOME": None, "WHISPER_ENRICH_HOME": str(home), "ENRICHMENT_METADATA_PICTURES": "false"}
        variables |= {name: str(value) for name, value in env.items()}
        result = CliRunner().invoke(main, [str(arg) for arg in args], env=variables, prog_name="whisper-enrich")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture(autouse=True, scope="module")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands read ``.env`` in the working directory: not that of whoever runs the tests."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    yield
    os.chdir(before)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A state folder with the embedded server kept running, so that each command need not start it."""
    with open_folder() as parent:
        postgres = EmbeddedPostgres(state_dir(parent / "state"))
        make_fast(postgres.acquire())
        yield parent / "state"
        postgres.remove(force=True)


@pytest.fixture(scope="module")
def cli(home: Path) -> Cli:
    """`whisper-enrich` on the module's state folder."""
    return cli_for(home)


def line(text: str, *, bot: str = "elena", user: str = "ana", minute: int = 0, day: object = YESTERDAY, **more) -> dict:
    """A line of our JSONL form."""
    at = f"{day}T09:{minute:02d}:00Z"
    return {"bot": bot, "user": user, "speaker": "user", "at": at, "text": text, **more}


def talk(bot: str = "elena", day: object = YESTERDAY) -> list[dict]:
    """Six messages of which three are facts."""
    texts = ["I live in Lisbon.", "Lovely!", "I work as a nurse.", "Since when?", "I love storks.", "They are tall."]
    return [
        line(text, bot=bot, day=day, minute=i, speaker="user" if i % 2 == 0 else "bot") for i, text in enumerate(texts)
    ]


def write_lines(path: Path, lines: Iterable[dict]) -> Path:
    """A JSONL file."""
    path.write_text("".join(json.dumps(entry) + "\n" for entry in lines), encoding="utf-8")
    return path
