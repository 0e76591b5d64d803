"""A key-set server on loopback that can rotate, dawdle, fail, lie and send callers elsewhere."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class KeyServer:
    """answers: path → (status, headers, body). asked: requests by path. slow: paths held until `released`."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    slow: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)

    def publish(self, path: str, *jwks: Any) -> str:
        """Answer with a JWK set at this path, and give its address."""
        return self.answer(path, 200, json.dumps({"keys": list(jwks)}).encode())

    def answer(self, path: str, status: int, body: bytes, **headers: str) -> str:
        self.answers[path] = (status, headers, body)
        return f"{self.url}{path}"


@contextmanager
def serving_keys() -> Iterator[KeyServer]:
    keys = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.asked[self.path] += 1
            if self.path in keys.slow:
                keys.released.wait(30)
            status, headers, body = keys.answers.get(self.path, (404, {}, b""))
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the caller has given up, as it should

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    keys.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield keys
    finally:
        keys.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
