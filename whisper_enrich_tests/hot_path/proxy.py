"""A TCP proxy in front of PostgreSQL that can delay answers, hold them back, cut connections, and refuse new ones."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path


class Proxy:
    """Forwards to a server's unix socket. ``requests`` counts what came from clients, in pieces as they were sent."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.requests = 0
        self.connections = 0
        self.delay_seconds = 0.0
        self.silent = False
        self.refusing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def dsn(self, user: str, database: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?sslmode=disable&gssencmode=disable"

    def cut(self) -> None:
        """Break every connection off."""
        with self._lock:
            sockets, self._sockets = list(self._sockets), set()
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        """As if the server were gone: nobody gets in any more, and who was in is cut off."""
        # Without that, a thread that waits in accept would let one more in.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            self.connections += 1
            with self._lock:
                self._sockets |= {client, server}
            threading.Thread(target=self._forward, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._forward, args=(server, client, True), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if answers:
                    time.sleep(self.delay_seconds)
                    while self.silent:
                        time.sleep(0.005)
                else:
                    self.requests += 1
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
