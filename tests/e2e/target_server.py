"""A web server of the user's own, of nothing but the standard library: `target_server.py NAME PORT [PATH=STATUS ...]`.

Prints its port. Answers every GET with its name, `/health` and whatever is named with that status.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, PORT = sys.argv[1], int(sys.argv[2])
STATUSES = {path: int(status) for path, _, status in (word.partition("=") for word in sys.argv[3:])}


class Handler(BaseHTTPRequestHandler):
    """Keep-alive, and no word about each request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes

    def do_GET(self) -> None:
        """Answer with the name."""
        body = f"{NAME}\n".encode()
        self.send_response(STATUSES.get(self.path, 200))
        self.send_header("X-Target", NAME)
        self.send_header("X-Seen-Proto", self.headers.get("X-Forwarded-Proto", "-"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Ends with the program, whatever connections are open."""

    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", PORT), Handler)
print(server.server_port, flush=True)
server.serve_forever()
