"""A sign-in service of our own: OpenID Connect with discovery, PKCE, nonces and signed ID tokens, as strict as a
real one about what it is asked, and with accounts to choose from instead of passwords."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID: Final = "vsearch-tests"
CLIENT_SECRET: Final = "a secret & of = the % tests"  # noqa: S105
CODE_SECONDS: Final = 60


@dataclass
class Provider:
    """Attributes:
    accounts: claims of each account besides `sub`, by what it is called on the page of the service.
    redirect_uri: the only one that is registered.
    token_claims: replace those of the next ID tokens, for tokens that are wrong.
    """

    url: str
    accounts: dict[str, dict[str, Any]]
    redirect_uri: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}))
    token_claims: dict[str, Any] = field(default_factory=dict)
    signing_key: RSAKey | None = None
    codes: dict[str, tuple[str, dict[str, str], float]] = field(default_factory=dict)
    signed_out: list[dict[str, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["openid", "email", "profile"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """What is wrong with a request; empty where nothing is."""
        wanted = {
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in wanted.items() if asked.get(name) != value]
        wrong += [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        wrong += [] if {"openid", "email"} <= set(asked.get("scope", "").split()) else ["scope"]
        return ", ".join(wrong)

    def code(self, account: str, asked: dict[str, str]) -> str:
        code = secrets.token_urlsafe(24)
        self.codes[code] = (account, asked, time.time())
        return code

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | str:
        """Tokens, or what is wrong."""
        client = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            client = unquote(name), unquote(secret)
        account, asked, issued = self.codes.pop(form.get("code", ""), ("", {}, 0.0))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if client != (CLIENT_ID, CLIENT_SECRET):
            return "invalid_client"
        if (
            form.get("grant_type") != "authorization_code"
            or time.time() - issued > CODE_SECONDS
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return "invalid_grant"
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": hashlib.sha256(account.encode()).hexdigest()[:20],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.accounts[account],
            **self.token_claims,
        }
        key = self.signing_key or self.key
        return {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": jwt.encode({"alg": "RS256", "kid": "first"}, claims, key),
        }


@contextmanager
def providing(accounts: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """The service, while in use as a context; its `redirect_uri` is set when the page has an address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, asked = urlsplit(self.path).path, _flat(urlsplit(self.path).query)
            if path == "/.well-known/openid-configuration":
                self.answer(provider.metadata)
            elif path == "/jwks":
                self.answer({"keys": [provider.key.as_dict(private=False)]})
            elif path == "/authorize":
                self.authorize(asked)
            elif path == "/end":
                provider.signed_out.append(asked)
                self.go(asked["post_logout_redirect_uri"])
            else:
                self.send_error(404)

        def authorize(self, asked: dict[str, str]) -> None:
            wrong = provider.authorize(asked)
            if wrong:
                provider.refusals.append(wrong)
                self.send_error(400, f"wrong: {wrong}")
            elif asked.get("account"):
                code = provider.code(asked["account"], asked)
                self.go(f"{provider.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}")
            elif asked.get("refuse"):
                self.go(
                    f"{provider.redirect_uri}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
                )
            else:
                links = [(name, {**asked, "account": name}) for name in provider.accounts] + [
                    ("Refuse", {**asked, "refuse": "1"})
                ]
                shown = "".join(
                    f'<p><a href="/authorize?{html.escape(urlencode(query))}">{html.escape(name)}</a></p>'
                    for name, query in links
                )
                self.answer(f"<!doctype html><title>Accounts</title><h1>Choose an account</h1>{shown}")

        def do_POST(self) -> None:
            form = _flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
            given = provider.token(form, self.headers.get("Authorization", ""))
            if isinstance(given, str):
                provider.refusals.append(given)
                self.answer({"error": given}, 400)
            else:
                self.answer(given)

        def go(self, url: str) -> None:
            self.send_response(302)
            self.send_header("Location", url)
            self.end_headers()

        def answer(self, content: dict[str, Any] | str, status: int = 200) -> None:
            kind = "text/html; charset=utf-8" if isinstance(content, str) else "application/json"
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}", accounts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield provider
    server.shutdown()
    server.server_close()


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
