"""What is said of alerts: it fits Block Kit, and text of people, models and files stays text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editor_app.texts import library
from tests.slack import blockkit
from tests.slack.alerting import DAGSTER, PAGE, alert
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.alert_messages import Message, alert_message, digest, picture_ranges
from vsearch_pipeline.slack.alert_texts import TEXTS
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import LANGUAGES, Language

RUN = "0f0e2f9c-6c1b-4a5e-9a44-1f5a3a0a9a11"
HOSTILE = (
    "<!channel>",
    "<!here|x> @channel",
    "<@U1>",
    "<https://evil.example|click>",
    "*bold* _it_ ~no~ `code`",
    "a|b>c&amp;<d",
    "\u202edesrever\u2066 \u200f",
    "\ud800 half",
    "line\nline\n> quote",
    "\x00\x07",
    "",
    "😀" * 3000,
    "&" * 10_000,
    "x" * 10_000,
    "한국어 " * 2500,
)
hostile = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec=None, exclude_categories=[]), max_size=200),
    st.lists(st.sampled_from(HOSTILE[:9]), min_size=1, max_size=4).map("".join),
)
LINK = re.compile(rf"<(?:{re.escape(PAGE)}|{re.escape(DAGSTER)})[^<>|\s]*\|[^<>|]*>")


def given_settings(language: Language = "en") -> Settings:
    return Settings(page_url=PAGE, dagster_url=DAGSTER, slack_language=language)


@st.composite
def abouts(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["searchable", "failed", "check", "watch"]))
    videos = [{"id": f"film-{n}", "title": draw(hostile)} for n in range(draw(st.integers(0, 4)))]
    about: dict[str, Any] = {"run": draw(st.one_of(st.just(RUN), hostile)), "reason": draw(hostile)}
    about |= {"stage": draw(st.one_of(st.just("segments"), hostile)), "check": draw(hostile)}
    about |= {"videos": videos, "found": len(videos) + draw(st.integers(0, 2000)), "source": draw(hostile)}
    if kind == "searchable":
        about = {
            "video": "film",
            "title": draw(hostile),
            "duration_ms": draw(st.one_of(st.none(), st.just(3723045))),
        }
        about |= {"people": draw(st.lists(hostile, max_size=8)), "spans": [[0, 1000]]}
    elif kind == "watch":
        moments = [
            {"segment": n, "from": n * 1000, "to": n * 1000 + 900, "start": 0, "end": 9, "caption": draw(hostile)}
            for n in range(1, draw(st.integers(2, 4)))
        ]
        about = {"watch": 1, "user": draw(st.one_of(st.just("U1"), hostile)), "query": draw(hostile)}
        about |= {"video": "film", "title": draw(hostile), "moments": moments, "found": len(moments) + 5}
        about |= {"language": draw(st.sampled_from(["ko", "en"]))}
    return kind, about


def texts_of(thing: Any) -> list[str]:
    """Everything that reads mrkdwn."""
    if isinstance(thing, Mapping):
        own = [str(thing["text"])] if thing.get("type") == "mrkdwn" else []
        return own + [text for value in thing.values() for text in texts_of(value)]
    return [text for value in thing for text in texts_of(value)] if isinstance(thing, list) else []


def assert_safe(message: Message, user: str = "") -> None:
    whole = {"text": message.text, "blocks": message.blocks}
    assert blockkit.message_problems(whole) == []
    for text in [*texts_of(message.blocks), message.text]:
        rest = LINK.sub("", text).replace("<@U1>", "" if user == "U1" else "<@U1>")
        assert not re.search("[<>]", re.sub(r"^>", "", rest, flags=re.MULTILINE)), text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff\x00]", text)
    assert "<" not in LINK.sub("", message.text)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(told=abouts(), language=st.sampled_from(LANGUAGES), pictures=st.booleans())
def test_whatever_is_told_stays_text_and_fits(
    told: tuple[str, dict[str, Any]], language: Language, pictures: bool
) -> None:
    kind, about = told
    one = alert(kind, about)
    files: list[str | None] = ["F000000001" if pictures else None for _ in picture_ranges(one)]
    assert_safe(alert_message(given_settings(language), one, files), about.get("user", ""))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    told=st.lists(abouts(), min_size=2, max_size=12), times=st.integers(1, 30), language=st.sampled_from(LANGUAGES)
)
def test_so_does_a_digest(told: list[tuple[str, dict[str, Any]]], times: int, language: Language) -> None:
    alerts = [alert(kind, about, number) for number, (kind, about) in enumerate(told * times)]
    assert_safe(digest(given_settings(language), alerts), "U1")


def searchable(**more: Any) -> dict[str, Any]:
    about = {"video": "film-1a", "title": "The film", "duration_ms": 182_000, "people": ["Minji", "Hanni"]}
    return {**about, "spans": [[1000, 2000], [0, 1000]], **more}


def section(message: Message, number: int = 0) -> str:
    block = message.blocks[number]
    text: str = block["text"]["text"] if block["type"] == "section" else block["elements"][0]["text"]
    return text


def test_a_video_that_can_be_searched() -> None:
    one = alert("searchable", searchable())
    message = alert_message(given_settings(), one, ["F000000001"])
    assert section(message) == f"*Ready to search:* <{PAGE}/library?video=film-1a&lang=en|The film>"
    assert section(message, 1) == "Length 3:02 · With Minji, Hanni"
    assert message.blocks[2] == {
        "type": "image",
        "slack_file": {"id": "F000000001"},
        "alt_text": "Moving picture from The film",
    }
    assert message.text == "Ready to search: The film"
    assert picture_ranges(one) == [[TimeRange(1000, 2000), TimeRange(0, 1000)]]
    many = alert("searchable", searchable(people=[f"P{n}" for n in range(8)]))
    assert section(alert_message(given_settings(), many), 1).endswith("With P0, P1, P2, P3, P4, 3 more")
    korean = alert_message(given_settings("ko"), one)
    assert section(korean) == f"*이제 검색할 수 있어요:* <{PAGE}/library?video=film-1a&lang=ko|The film>"
    assert section(korean, 1) == "길이 3:02 · 나오는 사람: Minji, Hanni"
    unknown = alert("searchable", searchable(duration_ms=None, people=[]))
    assert len(alert_message(given_settings(), unknown).blocks) == 1


def test_a_failed_run() -> None:
    videos = [{"id": f"v{n}", "title": f"Film {n}"} for n in range(3)]
    about = {"run": RUN, "stage": "captions", "reason": "The disk is full.", "videos": videos, "found": 8}
    message = alert_message(given_settings(), alert("failed", about))
    first = f"<{PAGE}/library?video=v0&lang=en|Film 0>"
    assert section(message).startswith(f"*Captions failed:* {first}, ")
    assert section(message).endswith("and 5 more\n>The disk is full.")
    assert section(message, 1) == f"<{DAGSTER}/runs/{RUN}|Open the run in Dagster>"
    assert message.text == "Captions failed: Film 0, Film 1, Film 2"
    nothing_known = {"run": RUN, "stage": "train_people", "reason": "", "videos": [], "found": 0}
    assert (
        section(alert_message(given_settings(), alert("failed", nothing_known))) == "*Training of names failed:* "
    )


def test_a_failed_check() -> None:
    about = {"run": RUN, "check": "file_is_whole", "stage": "video", "reason": "12 frames are damaged"}
    about |= {"videos": [{"id": "v", "title": "Film"}], "found": 1}  # type: ignore[dict-item]
    message = alert_message(given_settings("ko"), alert("check", about))
    assert "파일 확인" in section(message)
    assert section(message).endswith("\n>12 frames are damaged")
    assert section(message, 1) == (
        f"<{PAGE}/library?video=v&lang=ko|Film> · <{DAGSTER}/runs/{RUN}|Dagster에서 실행 기록 보기>"
    )


def watched(**more: Any) -> dict[str, Any]:
    moments = [
        {"segment": n, "from": n * 1000, "to": n * 1000 + 1000, "start": 0, "end": 9, "caption": f"Caption {n}"}
        for n in (1, 2, 3)
    ]
    about = {"watch": 1, "user": "U1", "query": "a dog", "language": "en", "video": "v", "title": "Film"}
    return {**about, "moments": moments, "found": 5, **more}


def test_moments_that_somebody_watches_for() -> None:
    one = alert("watch", watched())
    message = alert_message(given_settings("ko"), one, ["F000000001", None, "F000000003"])
    kinds = [block["type"] for block in message.blocks]
    assert kinds == ["section", "section", "image", "section", "section", "image", "context"]
    assert section(message) == f"*New for “a dog”* in <{PAGE}/library?video=v&lang=en|Film> <@U1>"
    assert section(message, 1) == f"<{PAGE}/?q=a+dog&moment=1&lang=en|0:01–0:02> Caption 1"
    assert section(message, 6) == f"<{PAGE}/library?video=v&lang=en|and 2 more>"
    long = alert_message(given_settings(), alert("watch", watched(query="개" * 280)))
    assert f"<{PAGE}/?moment=1&lang=en|" in section(long, 1), "a link that is too long goes without the query"


def test_a_digest_tells_as_many_as_fit_what_went_wrong_first() -> None:
    alerts = [alert("searchable", searchable(video=f"v{n}", title=f"Film {n}"), n) for n in range(200)]
    failed = {"run": RUN, "stage": "captions", "reason": "The disk is full.", "videos": [], "found": 0}
    alerts += [alert("failed", failed, 200), alert("watch", watched(), 201)]
    message = digest(given_settings(), alerts)
    assert section(message) == (
        "*202 pieces of news*: 200 videos ready to search · 1 video with what somebody watches for · 1 failed run"
    )
    lines = [line for block in message.blocks[1:-1] for line in block["text"]["text"].split("\n")]
    assert lines[0].startswith("• *Captions failed:* The disk is full. · <")
    assert lines[1] == (
        f"• *“a dog”:* <{PAGE}/?q=a+dog&moment=1&lang=en|5 moments> in <{PAGE}/library?video=v&lang=en|Film> <@U1>"
    )
    assert lines[2] == f"• <{PAGE}/library?video=v0&lang=en|Film 0>"
    assert len(lines) > 50
    assert section(message, -1) == f"<{PAGE}/library?lang=en|{202 - len(lines)} more in the library>"
    assert message.text.startswith("202 pieces of news: ")
    few = digest(given_settings("ko"), alerts[:4])
    assert section(few) == "*새 소식 4건*: 검색할 수 있게 된 영상 4개"
    assert len(few.blocks) == 2


@pytest.mark.parametrize(("language", "page"), [("en", library.ENGLISH), ("ko", library.KOREAN)])
def test_stages_are_called_as_on_the_page(language: Language, page: library.LibraryTexts) -> None:
    stages = {name.removeprefix("name_") for name in page.as_dict() if name.startswith("name_")}
    assert {stage: TEXTS[language].name(stage) for stage in stages} == {
        stage: page.stage(stage) for stage in stages
    }
    assert TEXTS["en"].names.keys() == TEXTS["ko"].names.keys()
