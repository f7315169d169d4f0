"""An OpenID Connect service of our own for tests: whoever comes is asked who they are, and believed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "vistalk"
PEOPLE = ("Ann", "Bob")


class Provider(ThreadingHTTPServer):
    """The service, on a free port of this machine.

    Attributes:
        url: its address, by which it is named in what it issues.
        asked: who is signing in, and the nonce that their token is to hold, by the code that was given for it.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = RSAKey.generate_key(2048, {"kid": "1"}, auto_kid=False)
        self.asked: dict[str, tuple[str, str]] = {}

    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self, code: str) -> dict[str, Any]:
        """Who they are, signed; a code is good once."""
        name, nonce = self.asked.pop(code)
        now = int(time.time())
        claims = {"iss": self.url, "sub": name.lower(), "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, "name": name}, self.key)
        return {"access_token": code, "token_type": "Bearer", "expires_in": 600, "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        if where.path == "/.well-known/openid-configuration":
            self._answer(self.server.metadata())
        elif where.path == "/keys":
            self._answer({"keys": [self.server.key.as_dict(private=False)]})
        elif where.path == "/authorize":
            self._choose(asked)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(self.server.token(sent["code"][0]))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def _choose(self, asked: dict[str, str]) -> None:
        """A page with a link for each person, back to who asked."""
        links = []
        for name in PEOPLE:
            code = f"{name}-{len(self.server.asked)}"
            self.server.asked[code] = (name, asked["nonce"])
            back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            links.append(f'<a href="{back.replace("&", "&amp;")}">{name}</a>')
        self._send("text/html", "<!doctype html><title>Who are you?</title>" + " ".join(links))

    def _answer(self, value: dict[str, Any]) -> None:
        self._send("application/json", json.dumps(value))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def provider() -> Iterator[Provider]:
    """The service while it is entered."""
    with Provider() as served:
        thread = Thread(target=served.serve_forever, args=(0.05,), name="provider")
        thread.start()
        yield served
        served.shutdown()
        thread.join()
