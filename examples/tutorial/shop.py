"""The web program of the tutorial: its page shows what reached it.  python3 shop.py PORT"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = os.environ.get("SIMLB_TARGET_NAME", "shop")
PAGES = ["/"]
# PAGES.append("/health")  # the health check API of step 9: take the '# ' in front away


class Shop(BaseHTTPRequestHandler):
    """Answers every request with its own name and the request; with 404 where there is no page."""

    protocol_version = "HTTP/1.1"  # connections stay open,
    timeout = 75  # and longer than the load balancer's idle timeout of 60 s
    last_check = "none yet"

    def do_GET(self):
        """A browser, or the load balancer with a health check."""
        request = f"{self.requestline}\n{self.headers}"
        if self.headers["User-Agent"] == "ELB-HealthChecker/2.0":
            Shop.last_check = request
        is_there = self.path.partition("?")[0] in PAGES
        text = f"Hello from {NAME}\n\n{request}" if is_there else "There is no such page.\n"
        body = f"{text}\nThe last health check:\n{Shop.last_check}".encode()
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
