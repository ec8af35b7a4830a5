from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.errors import ForbiddenError, InputError
from vsearch_pipeline.roles import Identity, Role, is_email, normal, read_list, require_editor, role_of

NAMES = st.from_regex(r"[a-z0-9.+]{1,8}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]{1,6}\.[a-z]{2,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("ann@example.com", "editor"),
        ("Ann@Example.COM", "editor"),
        (" ann@example.com ", "editor"),
        ("ben@studio.kr", "editor"),
        ("ben@example.com", "viewer"),
        ("guest@example.org", "viewer"),
        ("ben@sub.studio.kr", None),
        ("ben@notstudio.kr", None),
        ("ann@example.com.evil.org", None),
        ("ann@example.com@evil.org", None),
        ("ann@example.com,x@evil.org", None),
        ("ann@example.comm", None),
        ("xann@example.org", None),
        ("@studio.kr", None),
        ("studio.kr", None),
        ("", None),
        ("ann@e\u212aample.com", None),  # the sign of Kelvin, which Python makes a small k
        ("\u0130nn@example.org", None),
        ("ann @example.com", None),
        ("ann\x00@example.com", None),
    ],
)
def test_who_may_do_what(email: str, role: Role | None) -> None:
    editors, viewers = read_list("ann@example.com, @studio.kr"), read_list("@example.com,guest@example.org")
    if email == "ann\x00@example.com":
        viewers = ()
    assert role_of(Identity(email, True), editors, viewers) == role
    assert role_of(Identity(email, False), editors, viewers) is None


def test_everybody() -> None:
    anybody = Identity("who@where.ever", True)
    assert role_of(anybody, (), read_list("*")) == "viewer"
    assert role_of(anybody, read_list("*"), read_list("*")) == "editor"
    assert role_of(Identity("who@where.ever", False), ("*",), ("*",)) is None
    assert role_of(Identity("", True), ("*",), ("*",)) is None
    assert role_of(anybody, (), ()) is None


@given(NAMES, DOMAINS, NAMES, DOMAINS)
def test_only_those_in_the_list(name: str, domain: str, other_name: str, other_domain: str) -> None:
    email, other = f"{name}@{domain}", f"{other_name}@{other_domain}"
    assert role_of(Identity(email.upper(), True), (email,), ()) == "editor"
    assert (role_of(Identity(other, True), (email,), ()) is None) == (other != email)
    assert (role_of(Identity(other, True), (), (f"@{domain}",)) is None) == (other_domain != domain)


@given(st.text())
def test_no_text_is_taken_for_somebody_in_the_list(text: str) -> None:
    role = role_of(Identity(text, True), ("kim@example.com",), ("@example.org",))
    assert (role == "editor") == (text.strip().casefold() == "kim@example.com" and text.isascii())
    assert role != "viewer" or text.strip().lower().endswith("@example.org")


@given(st.text())
def test_comparing_changes_nothing_twice(text: str) -> None:
    assert normal(normal(text)) == normal(text)
    assert not is_email(normal(text)) or "@" in text


def test_lists() -> None:
    assert read_list(" A@B.org ,, @C.kr,* ") == ("a@b.org", "@c.kr", "*")
    assert read_list("") == read_list(" , ") == ()


@pytest.mark.parametrize("text", ["example.com", "a@b@c", "a b@c.org", "@", "a@", "**", "a@b.org;c@d.org e"])
def test_a_list_with_a_slip_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no e-mail address"):
        read_list(text)


def test_viewers_change_nothing() -> None:
    require_editor("editor", "ann")
    with pytest.raises(ForbiddenError, match="ann may look, but not change things"):
        require_editor("viewer", "ann")
