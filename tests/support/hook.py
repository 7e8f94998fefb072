"""An https server that stands for the operator's webhook."""

import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
import typing


class Posted(typing.NamedTuple):
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def said(self) -> dict:
        return json.loads(self.body)


def fault(posted: Posted, secret: str) -> str:
    """What a receiver has to say against the signature; nothing if it is good."""
    t, v1 = (part.split("=", 1)[1] for part in posted.headers["postern-signature"].split(","))
    wanted = hmac.new(secret.encode(), t.encode() + b"." + posted.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, v1):
        return "signed otherwise"
    return "" if abs(time.time() - int(t)) < 300 else "too old"


class Hook:
    """Keeps what is posted. `answer` is the status it gives; `silent`, set, has it answer nothing."""

    def __init__(self, certificate):
        self.posted: list[Posted] = []
        self.answer = 204
        self.location = ""
        self.silent = threading.Event()
        self._over = threading.Event()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                names = {name.lower(): value for name, value in self.headers.items()}
                hook.posted.append(Posted(self.path, names, body))
                if hook.silent.is_set():
                    hook._over.wait()
                    return
                self.send_response(hook.answer)
                if hook.location:
                    self.send_header("Location", hook.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.certificate, certificate.private_key)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_address[1]}/postern/hunter2"

    def stop(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
