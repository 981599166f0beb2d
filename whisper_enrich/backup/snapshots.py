"""Snapshots of the collections of a Qdrant server, over its REST interface: made, fetched, removed there, put back.

https://qdrant.tech/documentation/concepts/snapshots/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from whisper_enrich.errors import StoreError, StoreUnavailable
from whisper_enrich.settings import Settings

if TYPE_CHECKING:
    import httpx

SNAPSHOT_SECONDS = 3600.0
"""A server makes a snapshot of some gigabytes in a minute; a large collection on a slow disk takes longer than a request."""


class SnapshotsNotOffered(StoreError):
    """The server makes no snapshots for us: it refuses, or does not know the request."""


class ServerSnapshots:
    """The snapshots of the server that QDRANT_URL, or QDRANT_HOST and QDRANT_PORT, names."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.qdrant_url or f"http://{settings.qdrant_host}:{settings.qdrant_port}"
        self._key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
        self._connect_seconds = settings.qdrant_timeout_seconds

    def has(self, collection: str) -> bool:
        """Whether the server has a collection of that name."""
        with self._client() as client:
            answer = client.get(f"/collections/{quote(collection, safe='')}/exists")
            return bool(self._answer(answer, f"looking for {collection}").json()["result"]["exists"])

    def fetch(self, collection: str, target: Path) -> None:
        """Make a snapshot, write it to ``target``, and remove it from the server.

        Raises `SnapshotsNotOffered`, `StoreUnavailable`.
        """
        with self._client() as client:
            path = f"/collections/{quote(collection, safe='')}/snapshots"
            made = self._answer(client.post(path, params={"wait": "true"}), f"making a snapshot of {collection}")
            name = (made.json().get("result") or {}).get("name")
            if not name:
                raise SnapshotsNotOffered(f"Qdrant named no snapshot of {collection}.")
            place = f"{path}/{quote(name, safe='')}"
            try:
                with client.stream("GET", place) as stream, target.open("wb") as file:
                    self._answer(stream, f"fetching the snapshot of {collection}")
                    for block in stream.iter_bytes(1 << 20):
                        file.write(block)
            finally:
                self._answer(client.delete(place, params={"wait": "true"}), f"removing the snapshot of {collection}")

    def put_back(self, collection: str, source: Path) -> bool:
        """Make a collection from a snapshot; False, and nothing changed, where there is one of that name."""
        if self.has(collection):
            return False
        path = f"/collections/{quote(collection, safe='')}/snapshots/upload"
        with self._client() as client, source.open("rb") as file:
            sent = client.post(
                path, params={"wait": "true", "priority": "snapshot"}, files={"snapshot": (source.name, file)}
            )
            self._answer(sent, f"restoring {collection}")
        return True

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        import httpx

        headers = {"api-key": self._key} if self._key else {}
        limits = httpx.Timeout(SNAPSHOT_SECONDS, connect=self._connect_seconds)
        try:
            with httpx.Client(base_url=self._base, headers=headers, timeout=limits) as client:
                yield client
        except httpx.HTTPError as error:
            raise StoreUnavailable(
                f"Qdrant broke off ({type(error).__name__}). Check QDRANT_URL and that the server is up, and try again."
            ) from None

    @staticmethod
    def _answer(answer: httpx.Response, doing: str) -> httpx.Response:
        if answer.status_code in (401, 403, 404, 405, 501):
            raise SnapshotsNotOffered(f"Qdrant does not allow or know this request ({answer.status_code}, {doing}).")
        if answer.is_error:
            raise StoreError(f"Qdrant answered {answer.status_code} while {doing}. Look at the server's log.")
        return answer
