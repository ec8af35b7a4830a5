"""Secrets are taken out however they are written, and nothing else is."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.editor_app.signed import LINKS
from vsearch_pipeline.keys import kept_key
from vsearch_pipeline.redaction import REDACTED, SHORTEST, Redactor, password_of, secrets_of

SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=SHORTEST, max_size=40)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_a_known_secret_is_nowhere(secret: str, before: str, after: str) -> None:
    redact = Redactor()
    redact.learn(secret)
    for written in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        told = redact(f"{before}{written}{after}")
        assert written not in told.replace("***", "")


@pytest.mark.parametrize(
    "text",
    [
        "GET /store/v/source.mp4?expires=1&signature=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE SECRETLESS",
        "Authorization: Bearer SECRET-0123456789",
        "{'Authorization': 'Bearer SECRET-0123456789'}",
        '{"authorization": "Basic SECRET0123456789=="}',
        "headers={'authorization': 'token SECRET0123456789'}",
        "xoxb-SECRET-0123456789-abcdef and xapp-1-SECRET-0123",
        "key AIzaSECRET0123456789abcdef",
        "postgresql://vsearch:SECRET@host:5432/vsearch",
        "postgresql+psycopg://vsearch:SECRET%21@[::1]/vsearch",
        "connection failed: host=h password=SECRET user=u",
        "https://films:SECRET@example.org/a.mp4",
        "client_secret=SECRET&grant_type=x",
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden(text: str) -> None:
    told = Redactor()(text)
    assert "***" in told
    assert "SECRET" not in told.replace("SECRETLESS", "")


@pytest.mark.parametrize(
    "text",
    [
        "the password is not set",
        "segment 12 of 민지-a1 at 0:03.2",
        "postgresql://vsearch@host:5432/vsearch",
        "http://127.0.0.1:8501/readyz",
        "authorised by kim@example.com",
        "a signature is wrong",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_signed_links_and_kept_keys_are_hidden(tmp_path: object) -> None:
    from pathlib import Path

    address = LINKS.address("/store", "v/source.mp4")
    signature = address.rpartition("=")[2]
    assert signature not in REDACTED(f"GET {address}")
    key = kept_key(Path(str(tmp_path)) / "media.key")
    assert REDACTED(f"the key is {key}") == "the key is ***"


def test_short_secrets_are_hidden_by_their_form_alone() -> None:
    redact = Redactor()
    redact.learn("abc")
    assert redact("abc of x://u:abc@h") == "abc of x://u:***@h"


def test_where_secrets_are_looked_for() -> None:
    environment = {
        "GEMINI_API_KEY": "k1",
        "GOOGLE_API_KEY": "k2",
        "SLACK_BOT_TOKEN": "t1",
        "AWS_SECRET_ACCESS_KEY": "s1",
        "PGPASSWORD": "p1",
        "VSEARCH_DATABASE_URL": "postgresql://u:p%40ss@h/d",
        "PATH": "/bin",
        "VSEARCH_HOME": "/srv",
    }
    assert secrets_of(environment) == {"k1", "k2", "t1", "s1", "p1", "p%40ss", "p@ss"}
    assert password_of("http://[") == set()
    assert password_of(None) == set()
