"""A program that stands in for moto's: it tells what it was asked, or ends, hangs and fails when it is told to."""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = os.environ["SIMLB_MOTO_TOKEN"]
HOW = sys.argv[1] if len(sys.argv) > 1 else ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.headers.get("X-Simlb-Moto") != TOKEN:
            self.answer(403, "")
        elif self.path == "/simlb-ready":
            self.answer(200, "stand-in 1")
        else:
            self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        action = parse_qs(body).get("Action", [""])[0]
        if action == "ListEnd":
            os._exit(3)
        if action == "ListHang":
            time.sleep(60)
        if action == "ListPage":
            self.answer(500, "<!doctype html><title>500</title>")
        elif action == "ListMuch":
            self.answer(200, "x" * 2000)
        elif action == "ListMissing":
            self.answer(404, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
        else:
            asked = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
            self.answer(200, json.dumps(asked))

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Location", "https://there.test/")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


if HOW == "broken":
    sys.exit("ImportError: no module named moto")
if HOW == "mute":
    time.sleep(60)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
