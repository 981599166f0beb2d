"""From a bot's request to a fact that it can read, with `whisper-enrich up` running; and what looking for requests costs.

    python benchmarks/fast_track.py               ten requests, one after the other, at random moments; 4 min
    python benchmarks/fast_track.py --idle        also a minute of rest with the sensor of requests, and one without
    python benchmarks/fast_track.py --kill        also one whose run is killed when it has begun

A bot stores a message of a user and asks for it, as `AsyncReader.request_enrichment` and `Reader.request_enrichment` do; a
reader then looks every 50 ms whether the fact is there. All settings have their defaults, both engines are the embedded ones,
the store holds the talk of twenty users. CPU is that of the run's process up to the fact, and of all other processes
of `up` and PostgreSQL in that time. The load of the machine is printed: what runs beside this is waited for.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from whisper_enrich.assets.run_process import PROCESS_TAG
from whisper_enrich.hot_path import Options, Reader
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Point
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich_tests.places import open_folder

COMMAND = Path(sys.executable).with_name("whisper-enrich")
PORT = 3977
BOT, USER = "elena", "ana"
SENSOR = {
    "repositoryName": "__repository__", "repositoryLocationName": "whisper_enrich", "sensorName": "requested_users",
}  # fmt: skip
CITIES = (
    "Lisbon", "Porto", "Leeds", "Oslo", "Turin", "Ghent", "Krakow", "Malmo", "Graz", "Bergen", "Seville", "Utrecht", "Vienna",
    "Dublin", "Lyon", "Basel", "Nantes", "Bremen", "Verona", "Tartu",
)  # fmt: skip


def point(user: str, words: str, at: datetime, role: str = "user") -> Point:
    """A message as a bot stores it."""
    payload = {
        "user_id": user, "role": role, "memory_type": "conversation", "content": words, "channel_type": "dm",
        "timestamp": at.replace(tzinfo=None).isoformat(), "timestamp_unix": at.timestamp(),
    }  # fmt: skip
    draw = random.Random(words)
    vectors = {name: [draw.gauss(0, 0.05) for _ in range(384)] for name in ("content", "emotion", "semantic")}
    return Point(str(uuid4()), payload, vectors)


def talks(now: datetime) -> list[Point]:
    """What twenty users said yesterday."""
    began = now - timedelta(days=1)
    lines = (
        "I work as a nurse.",
        "Since when?",
        "I love the sea.",
        "Do you swim?",
        "I planted beans today.",
        "Lovely!",
    )
    return [
        point(f"user{number}", line, began + timedelta(minutes=place), "assistant" if place % 2 else "user")
        for number in range(20)
        for place, line in enumerate(lines)
    ]


@contextmanager
def served(parent: Path) -> Iterator[psutil.Process]:
    """`whisper-enrich up`, until the end of the block."""
    with (parent / "up.out").open("ab") as out:
        process = subprocess.Popen(
            [str(COMMAND), "up", "--port", str(PORT)], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=parent, start_new_session=True, env=environment(parent),
        )  # fmt: skip
    try:
        while not graphql("{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}"):
            if process.poll() is not None:
                raise SystemExit((parent / "up.out").read_text())
            time.sleep(0.5)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def environment(parent: Path) -> dict[str, str]:
    """With the state folder below ``parent``, and no setting from outside."""
    ours = ("ENRICHMENT_", "POSTGRES_", "QDRANT_", "LLM_", "DAGSTER_", "STRATEGIC_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "WHISPER_ENRICH_HOME": str(parent / "state")}


def graphql(query: str, **variables: object) -> dict | None:
    """The answer's data; None while nobody answers."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/graphql", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["data"]
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def last_run() -> dict:
    """The newest run, with its times."""
    found = graphql(
        "{runsOrError(limit:1){... on Runs{results{runId status creationTime startTime endTime tags{key value}}}}}"
    )
    runs = found["runsOrError"]["results"] if found else []
    return runs[0] if runs else {}


def cpu_by_process(up: psutil.Process, postmaster: int) -> dict[int, float]:
    """CPU seconds so far of `up`, all below it, and PostgreSQL."""
    seconds: dict[int, float] = {}
    for root in (up, psutil.Process(postmaster)):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                times = process.cpu_times()
                # What ended children took is in their parents' sums.
                seconds[process.pid] = times.user + times.system + times.children_user + times.children_system
    return seconds


@dataclass(frozen=True)
class Measured:
    """One request. Seconds since it: launched, process at work, done by the row, read; CPU of the run and of everything."""

    launched: float
    started: float
    done: float
    read: float
    cpu_run: float
    cpu_all: float


@dataclass(frozen=True)
class Served:
    """What is asked and watched: a reader, the store, `up`, and PostgreSQL's first process."""

    reader: Reader
    store: EdgeStore
    collection: str
    up: psutil.Process
    postmaster: int
    dsn: str

    def request(self, city: str, *, killing: bool = False) -> Measured:
        """Store a message, ask for it, and wait for its fact; ``killing`` ends the first run's process meanwhile."""
        self.store.upsert(self.collection, [point(USER, f"I live in {city}.", datetime.now(UTC))])
        before = self.cpu()
        asked = time.time()
        if not self.reader.request_enrichment(USER, BOT):
            raise SystemExit("The request was not noted.")
        if killing:
            self.kill_run()
        while not self.knows(city):
            if time.time() - asked > 300:
                raise SystemExit("No fact within five minutes.")
            time.sleep(0.05)
        read = time.time() - asked
        after = self.cpu()
        run = last_run()
        return Measured(
            run["creationTime"] - asked, run["startTime"] - asked, self.done_at() - asked, read,
            sum(seconds for pid, seconds in after.items() if pid not in before),
            sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items()),
        )  # fmt: skip

    def kill_run(self) -> None:
        """SIGKILL for the process of the run of the request, as soon as its first step has signed it."""
        signed = ""
        while not signed:
            tags = {tag["key"]: tag["value"] for tag in last_run().get("tags", ())}
            signed = tags.get(PROCESS_TAG, "") if last_run().get("status") == "STARTED" else ""
        psutil.Process(int(signed.split("/")[2])).kill()

    def knows(self, city: str) -> bool:
        """Whether a reader sees the fact."""
        facts = self.reader.get_facts(USER, BOT, "dm", datetime.now(UTC), limit=50)
        return bool(facts) and any(city in fact.content for fact in facts.items)

    def done_at(self) -> float:
        """When the request was met."""
        import psycopg2

        connection = psycopg2.connect(self.dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM done_at) FROM whisper_enrich.enrichment_requests")
            (found,) = cursor.fetchone()
        connection.close()
        return float(found)

    def cpu(self) -> dict[int, float]:
        """CPU seconds so far, by process, of `up`, all below it, and PostgreSQL."""
        return cpu_by_process(self.up, self.postmaster)

    def at_rest(self, seconds: float) -> float:
        """CPU seconds a minute while nothing happens."""
        before = sum(self.cpu().values())
        time.sleep(seconds)
        return (sum(self.cpu().values()) - before) * 60 / seconds


def rest(seconds: float = 4.0) -> None:
    """Until no run is under way, and a while longer."""
    while last_run().get("status") not in ("SUCCESS", "FAILURE", "CANCELED", None):
        time.sleep(0.5)
    time.sleep(seconds + random.random() * 6)


def stop_sensor() -> None:
    """Switch the sensor of requests off."""
    query = "query($s:SensorSelector!){sensorOrError(sensorSelector:$s){... on Sensor{sensorState{id}}}}"
    found = graphql(query, s=SENSOR) or {}
    graphql("mutation($id:String!){stopSensor(id:$id){__typename}}", id=found["sensorOrError"]["sensorState"]["id"])


def start_sensor() -> None:
    """Switch it on again."""
    graphql("mutation($s:SensorSelector!){startSensor(sensorSelector:$s){__typename}}", s=SENSOR)


def main() -> None:
    """Print a line a request, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10, choices=range(1, len(CITIES) + 1), metavar="1..20")
    parser.add_argument("--idle", action="store_true")
    parser.add_argument("--kill", action="store_true")
    arguments = parser.parse_args()
    with open_folder(on_disk=True) as parent:
        measure(parent, arguments)


def measure(parent: Path, arguments: argparse.Namespace) -> None:
    """Fill a state folder, serve it, ask."""
    settings = load_settings(whisper_enrich_home=parent / "state")
    (parent / "state").mkdir(exist_ok=True)
    store = EdgeStore(Path(settings.qdrant_folder), settings.qdrant_collection_prefix, wait_seconds=30)
    bot = store.create_collection(BOT)
    store.upsert(bot.collection, talks(datetime.now(UTC)))
    subprocess.run([str(COMMAND), "enrich"], check=True, env=environment(parent), cwd=parent, stdout=subprocess.DEVNULL)
    postgres = EmbeddedPostgres(settings.home)
    info = postgres.acquire()
    dsn = f"postgresql://{info.user}@/{info.dbname}?host={info.socket_dir}"
    options = Options(schema=settings.postgres_schema, deadline_seconds=5.0)
    try:
        with served(parent) as up, Reader(dsn, options) as reader:
            rest(20)
            world = Served(reader, store, bot.collection, up, postgres.status().pid, dsn)
            report(world, arguments.requests)
            if arguments.idle:
                print(f"at rest, CPU seconds a minute of all processes: {world.at_rest(60):.1f}", end="; ", flush=True)
                stop_sensor()
                print(f"without the sensor of requests {world.at_rest(60):.1f}", flush=True)
                start_sensor()
            if arguments.kill:
                print(f"with its first run killed: read after {world.request('Zagreb', killing=True).read:.1f} s")
    finally:
        postgres.release()
        postgres.remove(force=True)


def report(world: Served, requests: int) -> None:
    """Ask several times, and print."""
    columns = ("launched", "started", "done", "read", "cpu_run", "cpu_all")
    print("s after the request" + "".join(f"{name:>10}" for name in columns) + "   load")
    found = []
    for number in range(requests):
        found.append(world.request(CITIES[number]))
        print(
            line(str(number + 1), [getattr(found[-1], name) for name in columns]),
            f"  {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        rest()
    print(line("median", [median(getattr(m, name) for m in found) for name in columns]))
    print(line("longest", [max(getattr(m, name) for m in found) for name in columns]))


def line(head: str, values: list[float]) -> str:
    """A row of the table."""
    return f"{head:>19}" + "".join(f"{value:10.2f}" for value in values)


if __name__ == "__main__":
    main()
