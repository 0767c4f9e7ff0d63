"""A server in front of another one that loses answers: what was asked for is done, and nobody is told."""

import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Lossy:
    """Forwards each call to a port of the loopback; used as a context."""

    def __init__(self, port: int):
        self.behind = port
        self.loses: Callable[[str, str], bool] = lambda method, path: False
        """Whether the answer to a call is lost."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                outer.forward(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        behind = HTTPConnection("127.0.0.1", self.behind, timeout=60)
        try:
            headers = {n: v for n, v in handler.headers.items() if n.lower() not in HOP}
            behind.request(handler.command, handler.path, body or None, headers)
            answer = behind.getresponse()
            said = answer.read()
        finally:
            behind.close()
        if self.loses(handler.command, handler.path):
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)

    def __enter__(self) -> "Lossy":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
