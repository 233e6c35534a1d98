"""A web server of the user's own that speaks TLS: `secure_target_server.py NAME PORT CERTIFICATE` (key and all).

Answers every GET with its name. Its headers tell which path and Host reached it, and the name in the handshake.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, PORT, CERTIFICATE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
asked_for: dict[object, str | None] = {}


class Handler(BaseHTTPRequestHandler):
    """Keep-alive, and no word about each request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write

    def do_GET(self) -> None:
        """Answer with what reached the target."""
        body = f"{NAME}\n".encode()
        self.send_response(200)
        self.send_header("X-Target", NAME)
        self.send_header("X-Seen-Path", self.path)
        self.send_header("X-Seen-Host", self.headers.get("Host", "-"))
        self.send_header("X-Seen-Proto", self.headers.get("X-Forwarded-Proto", "-"))
        self.send_header("X-Seen-Server-Name", asked_for.get(self.request) or "-")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Ends with the program, whatever connections are open."""

    daemon_threads = True
    request_queue_size = 128


def note_name(sock: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
    """Remember what a handshake asked for."""
    asked_for[sock] = name


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE)
context.sni_callback = note_name
server = Server(("127.0.0.1", PORT), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
