"""A closed loop of calls over some connections that counts them exactly, so that CPU time can be divided by them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

from tests.load.payload import SERVICE

TIMEOUT_S = 180.0
_PATH = f"/cds-services/{SERVICE}"


class Refused(RuntimeError):
    """A call that was not answered 200."""


class Connection:
    """One kept-alive connection. Speaks just enough HTTP/1.1 that its own work hardly counts."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Returns status and body of the answer to a whole request."""
        self._socket.sendall(request)
        head = self._until(b"\r\n\r\n").lower()
        status = int(head[9:12])
        if b"content-length:" not in head:
            return status, b""
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return status, body

    def close(self) -> None:
        self._socket.close()

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(mark)
        return head + b"\r\n"

    def _receive(self) -> None:
        received = self._socket.recv(262_144)
        if not received:
            raise Refused("the connection was closed")
        self._buffer += received


def request_of(body: bytes, headers: str = "", path: str = _PATH) -> bytes:
    """Returns the bytes of a POST. headers: further lines, each with its end."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def post(port: int, body: bytes, headers: str = "") -> int:
    """Returns the status of one call on a connection of its own."""
    return answer(port, body, headers)[0]


def answer(port: int, body: bytes, headers: str = "") -> tuple[int, bytes]:
    """Returns status and body of one call on a connection of its own."""
    connection = Connection(port)
    try:
        return connection.send(request_of(body, headers))
    finally:
        connection.close()


def call_for(port: int, requests: Iterator[bytes], seconds: float, connections: int) -> int:
    """Calls over some connections until the time is up or there are no more requests, and returns how many calls.

    Each connection makes one call at least, and all are answered when this returns. Raises Refused.
    """
    until = time.monotonic() + seconds
    lock = threading.Lock()
    answered = 0
    failed: list[BaseException] = []

    def work() -> None:
        nonlocal answered
        own = 0
        try:
            connection = Connection(port)
            while not failed and (own == 0 or time.monotonic() < until):
                with lock:
                    request = next(requests, None)
                if request is None:
                    break
                status, _ = connection.send(request)
                own += 1
                if status != 200:
                    raise Refused(f"answered {status}")
            connection.close()
        except (OSError, Refused) as fault:
            failed.append(fault)
        with lock:
            answered += own

    threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise Refused(str(failed[0])) from failed[0]
    return answered
