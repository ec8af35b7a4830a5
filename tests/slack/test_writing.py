"""Text of people, models and files is never read as anything but text."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.slack.blockkit import blocks_problems
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.writing import cut, escaped, link, moment_link, mrkdwn, plain, plain_text

ANY = st.text(st.characters(), max_size=400)


@given(ANY, st.integers(1, 3000))
@example("<!channel> <@U1> <http://a|b> *x* _y_ ~z~ `q`", 300)
@example("&" * 400, 50)
@example("\u202eabc\ud800", 300)
@example("*" * 400, 3)
def test_escaped_text_is_only_text(text: str, most: int) -> None:
    safe = escaped(text, most)
    assert len(safe) <= most
    assert not re.search(r"[<>]", safe)
    assert not re.search(r"&(?!amp;|lt;|gt;)", safe)
    assert not re.search(r"(?<!\u2060)[*_~`]", safe)
    safe.encode()
    assert "\n" not in safe
    section = {"type": "section", "text": mrkdwn(safe or "–")}
    assert blocks_problems([section], "message") == []


@given(ANY)
def test_short_text_says_what_it_said(text: str) -> None:
    shown = escaped(text, 10_000).replace("\u2060", "")
    for code, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(code, letter)
    assert shown == plain(text, 10_000).replace("\u2060", "")


@given(ANY, st.integers(1, 100))
def test_what_is_cut_fits(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    block = {"type": "section", "text": plain_text(text, most)}
    assert blocks_problems([block], "message") == []


@given(ANY)
def test_a_link_leads_nowhere_else(text: str) -> None:
    made = link("https://example.com/?a=1", text)
    assert re.fullmatch(r"<https://example\.com/\?a=1\|[^<>|]*>", made)


@pytest.mark.parametrize(
    ("given_settings", "begins"),
    [
        ({}, "http://localhost:8501/?"),
        ({"page_url": "https://v.example.com/"}, "https://v.example.com/?"),
        ({"page_url": "https://example.com/vsearch"}, "https://example.com/vsearch/?"),
        ({"oidc_redirect_uri": "https://v.example.com/oauth2callback"}, "https://v.example.com/?"),
    ],
)
def test_links_lead_to_the_page(given_settings: dict[str, str], begins: str) -> None:
    made = moment_link(Settings(**given_settings), 7, "ko", "민지 & 하니")
    assert made.startswith(begins)
    assert parse_qs(urlsplit(made).query) == {"q": ["민지 & 하니"], "moment": ["7"], "lang": ["ko"]}
    assert "q" not in parse_qs(urlsplit(moment_link(Settings(), 7, "ko", "가" * 400)).query)
