"""moto's server application as a program of its own: it answers simlb, on loopback, and nobody else.

Run as `python -P moto_program.py`, with PORT and SIMLB_MOTO_TOKEN in the environment; it ends by SIGTERM. A request
without the token in the header X-Simlb-Moto is refused: other programs and web pages can reach the port.
`GET /simlb-ready` answers with moto's version. Nothing of simlb is imported: what it costs is moto alone.
"""

import hmac
import os
import signal
from collections.abc import Iterable
from importlib.metadata import version
from wsgiref.types import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
TOKEN_HEADER = "HTTP_X_SIMLB_MOTO"  # as WSGI names X-Simlb-Moto  # noqa: S105
READY = "/simlb-ready"
SETTINGS = {
    "MOTO_ACCOUNT_ID": "000000000000",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "AWS_ACCESS_KEY_ID": "simlb",
    "AWS_SECRET_ACCESS_KEY": "simlb",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def main() -> None:
    """Serve until it is told to end."""
    token = os.environ.pop("SIMLB_MOTO_TOKEN")
    # The user's own settings of moto and AWS are for the user's own programs.
    for name in [name for name in os.environ if name.startswith(("MOTO_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(SETTINGS)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # there is nothing to keep, and threads are not waited for

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    moto = DomainDispatcherApplication(create_backend_app)
    name = f"moto {version('moto')}"

    class Quiet(MotoRequestHandler):
        def log_request(self, *_: object) -> None:
            """A line for each request is nobody's to read."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not hmac.compare_digest(environ.get(TOKEN_HEADER, ""), token):
            return plain(start_response, "403 Forbidden", "This port answers simlb only.")
        if environ["PATH_INFO"] == READY:
            return plain(start_response, "200 OK", name)
        found: Iterable[bytes] = moto(environ, start_response)
        return found

    def plain(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
        return [text.encode()]

    make_server(HOST, int(os.environ["PORT"]), answer, threaded=True, request_handler=Quiet).serve_forever()


if __name__ == "__main__":
    main()
