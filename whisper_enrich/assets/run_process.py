"""Which process carries a run. Dagster's own launcher does not notice when one is killed, and waits for its run for ever."""

import os
import socket

from dagster import DagsterInstance, DagsterRun

from whisper_enrich.storage.process_leases import process_birth

PROCESS_TAG = "whisper_enrich/process"


def signature(run_id: str) -> dict[str, str]:
    """The tag that says that this process carries the run: run, host, pid and birth.

    With the run in it, since a retry inherits the tags of the run that it repeats.
    """
    pid = os.getpid()
    return {PROCESS_TAG: f"{run_id}/{socket.gethostname()}/{pid}/{process_birth(pid)}"}


def sign(instance: DagsterInstance, run: DagsterRun) -> None:
    """Tag a run with this process, which works on it."""
    own = signature(run.run_id)
    if not own.items() <= run.tags.items():
        instance.add_run_tags(run.run_id, own)


def is_signed(run: DagsterRun) -> bool:
    """Whether the process that carries the run has said so."""
    return run.tags.get(PROCESS_TAG, "").startswith(f"{run.run_id}/")


def is_gone(run: DagsterRun) -> bool:
    """Whether the process that signed has ended. Of another host nothing can be said."""
    _, host, pid, birth = run.tags[PROCESS_TAG].split("/", 3)
    return host == socket.gethostname() and process_birth(int(pid)) != birth
