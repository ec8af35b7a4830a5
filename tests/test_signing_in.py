from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.signing_in import check_address, check_lists, is_loopback, sign_in_of

METADATA = "https://login.example.com/.well-known/openid-configuration"
WHOLE: dict[str, Any] = {
    "oidc_client_id": "vsearch",
    "oidc_client_secret": SecretStr("very secret"),
    "oidc_metadata_url": METADATA,
}


def test_off_unless_asked_for(tmp_path: Path) -> None:
    assert sign_in_of(Settings(home=tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_needed_and_a_cookie_key_that_lasts(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, **WHOLE)
    sign_in = sign_in_of(settings)
    assert sign_in is not None
    assert sign_in == sign_in_of(settings)
    assert sign_in.redirect_uri == "http://localhost:{port}/oauth2callback"
    assert sign_in.origin(8501) == "http://localhost:8501"
    assert len(sign_in.cookie_secret) == 64
    assert (tmp_path / "cookie.key").stat().st_mode & 0o777 == 0o600
    for shown in (repr(sign_in), repr(settings), settings.model_dump_json()):
        assert "very secret" not in shown
        assert sign_in.cookie_secret not in shown


def test_a_cookie_key_and_an_address_of_its_own(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        oidc_cookie_secret=SecretStr("c" * 32),
        oidc_redirect_uri="https://films.example.com/oauth2callback",
        **WHOLE,
    )
    sign_in = sign_in_of(settings)
    assert sign_in is not None
    assert sign_in.cookie_secret == "c" * 32
    assert sign_in.origin(8501) == "https://films.example.com"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"oidc_client_secret": None}, "VSEARCH_OIDC_CLIENT_SECRET must be given"),
        ({"oidc_client_id": "", "oidc_metadata_url": ""}, "CLIENT_ID and VSEARCH_OIDC_METADATA_URL must be given"),
        ({"oidc_metadata_url": "http://login.example.com/x"}, "VSEARCH_OIDC_METADATA_URL must begin with https"),
        ({"oidc_metadata_url": "login.example.com"}, "VSEARCH_OIDC_METADATA_URL must begin with https"),
        ({"oidc_redirect_uri": "http://films.example.com/oauth2callback"}, "REDIRECT_URI must begin with https"),
        ({"oidc_redirect_uri": "http://localhost.evil.org/oauth2callback"}, "REDIRECT_URI must begin with https"),
        ({"oidc_redirect_uri": "https://films.example.com/"}, "must end with /oauth2callback"),
        ({"oidc_cookie_secret": SecretStr("short")}, "VSEARCH_OIDC_COOKIE_SECRET has 5 characters"),
    ],
)
def test_half_a_setup_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        sign_in_of(Settings(home=tmp_path, **WHOLE | changes))
    assert "very secret" not in str(refused.value)


def test_a_redirect_alone_is_half_a_setup(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="half set up"):
        sign_in_of(Settings(home=tmp_path, oidc_redirect_uri="https://films.example.com/oauth2callback"))


def test_a_door_that_nobody_may_pass(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nobody may come in"):
        check_lists(Settings(home=tmp_path))
    check_lists(Settings(home=tmp_path, viewers=("*",)))


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("unix:///run/vsearch.sock", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.168.0.4", False),
        ("films.example.com", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_what_others_reach(tmp_path: Path, address: str | None, local: bool) -> None:
    closed, opened = Settings(home=tmp_path), Settings(home=tmp_path, allow_open=True)
    assert is_loopback(address) == local
    check_address(address, closed, sign_in=True)
    check_address(address, opened, sign_in=False)
    if local:
        check_address(address, closed, sign_in=False)
    else:
        with pytest.raises(InputError, match="VSEARCH_ALLOW_OPEN=1"):
            check_address(address, closed, sign_in=False)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"VSEARCH_PAGE_ADDRESS": "0.0.0.0"}, "nobody has to sign in"),  # noqa: S104
        (
            {"VSEARCH_OIDC_CLIENT_ID": "x"},
            "VSEARCH_OIDC_CLIENT_SECRET and VSEARCH_OIDC_METADATA_URL must be given",
        ),
        (
            {
                "VSEARCH_OIDC_CLIENT_ID": "x",
                "VSEARCH_OIDC_CLIENT_SECRET": "very secret",
                "VSEARCH_OIDC_METADATA_URL": METADATA,
            },
            "nobody may come in",
        ),
        ({"VSEARCH_EDITORS": "ann"}, "VSEARCH_EDITORS: Value error, 'ann' is no e-mail address"),
    ],
)
def test_up_refuses_to_start(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vsearch_pipeline", "up"],
        env={**os.environ, "HOME": str(tmp_path), "VSEARCH_HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert "very secret" not in done.stdout + done.stderr
    assert not (tmp_path / "home" / "logs").exists()
