"""Captions by Gemini through the true client library, against a server that sees what it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from tests.gemini_server import (
    Asked,
    GeminiServer,
    MemoryLedger,
    Reply,
    blocked_reply,
    client,
    error_reply,
    json_reply,
    serving_gemini,
    text_reply,
)
from vsearch_pipeline.captioning.captioner import Captioner
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.gemini_captioner import PROMPT, GeminiCaptioner
from vsearch_pipeline.captioning.generation import Generation
from vsearch_pipeline.captioning.registry import load_captioner
from vsearch_pipeline.errors import ServiceError, SpendingLimitError
from vsearch_pipeline.gemini import NoKeyError

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def clip(colour: str, frames: int = 3, size: tuple[int, int] = (36, 64), start_ms: int = 0) -> Clip:
    pixels = np.empty((frames, *size, 3), np.uint8)
    pixels[:] = COLOURS[colour]
    return Clip(pixels, tuple(start_ms + 500 * i for i in range(frames)))


def clips_of(asked: Asked) -> dict[str, list[str | bytes]]:
    """Times and pictures by the id of their clip; the last part is the question."""
    shown: dict[str, list[str | bytes]] = {}
    for part in asked.parts[:-1]:
        if isinstance(part, str) and part.startswith("Clip "):
            shown[part.removeprefix("Clip ")] = []
        else:
            shown[list(shown)[-1]].append(part)
    return shown


def picture(jpeg: str | bytes) -> Any:
    assert isinstance(jpeg, bytes)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def seen(parts: list[str | bytes]) -> str:
    """The colour of the last picture."""
    colour = picture(parts[-1]).mean((0, 1))
    return min(COLOURS, key=lambda name: float(np.abs(colour - COLOURS[name]).sum()))


def said(asked: Asked) -> list[dict[str, str]]:
    return [{"id": i, "caption": f"A wall is {seen(parts)}."} for i, parts in clips_of(asked).items()]


def answering(change: Callable[[list[dict[str, str]]], list[Any]]) -> Callable[[Asked], Reply]:
    return lambda asked: json_reply({"captions": change(said(asked))})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with serving_gemini(monkeypatch) as started:
        started.answer = answering(lambda captions: captions)
        yield started


def captioner(ledger: MemoryLedger | None = None, *, generation: Generation | None = None, **o: Any) -> Captioner:
    return GeminiCaptioner(client(ledger, **o), generation or Generation())


def texts(made: Captioner, *clips: Clip) -> list[str]:
    return [caption.text for caption in made.caption(clips)]


def test_each_clip_gets_the_caption_of_its_own_pictures(server: GeminiServer) -> None:
    found = captioner().caption([clip("red"), clip("green"), clip("blue")])
    assert [caption.text for caption in found] == ["A wall is red.", "A wall is green.", "A wall is blue."]
    assert all(caption.facts is None and caption.raw_text == caption.text for caption in found)
    assert len(server.asked) == 1


def test_frames_are_shown_with_their_times_from_the_start_of_the_clip(server: GeminiServer) -> None:
    captioner().caption([clip("red", start_ms=60_000)])
    (asked,) = server.asked
    (parts,) = clips_of(asked).values()
    assert parts[::2] == ["0.0 s", "0.5 s", "1.0 s"]
    assert [picture(part).shape for part in parts[1::2]] == [(36, 64, 3)] * 3
    assert asked.texts[-1] == f"The question for each clip: {PROMPT}"


def test_large_frames_are_made_smaller(server: GeminiServer) -> None:
    captioner().caption([clip("red", 1, (720, 1280)), clip("blue", 1, (1280, 10))])
    (asked,) = server.asked
    assert [picture(parts[1]).shape for parts in clips_of(asked).values()] == [(432, 768, 3), (768, 6, 3)]


def test_no_more_frames_are_shown_than_asked_for(server: GeminiServer) -> None:
    made = captioner(generation=Generation(frames=3))
    assert made.frames == 3
    made.caption([clip("red", 9), clip("green", 2)])
    (asked,) = server.asked
    assert [parts[::2] for parts in clips_of(asked).values()] == [["0.0 s", "2.0 s", "4.0 s"], ["0.0 s", "0.5 s"]]


def test_a_question_of_ones_own_is_asked_and_its_echo_removed(server: GeminiServer) -> None:
    server.answer = answering(
        lambda captions: [{**c, "caption": f"Which colour? {c['caption']}"} for c in captions]
    )
    made = captioner(generation=Generation(prompt="Which colour?", batch=5))
    (found,) = made.caption([clip("red")])
    assert (found.text, found.raw_text) == ("A wall is red.", "Which colour? A wall is red.")
    assert server.asked[0].texts[-1].endswith("Which colour?")
    assert (made.name, made.version, made.batch) == ("gemini", "gemini-test", 5)
    assert made.settings["prompt"] == "Which colour?"
    json.dumps(made.settings)


def test_a_second_run_asks_for_nothing(server: GeminiServer) -> None:
    ledger = MemoryLedger()
    first = captioner(ledger).caption([clip("red"), clip("green")])
    later = [clip("red", start_ms=7000), clip("green", start_ms=9000)]
    assert captioner(ledger).caption(later) == first
    assert len(server.asked) == 1
    assert texts(captioner(ledger), clip("red"), clip("blue")) == ["A wall is red.", "A wall is blue."]
    assert [len(clips_of(asked)) for asked in server.asked] == [2, 1]
    assert ledger.purposes == {("caption", "gemini-test"): 3}


@pytest.mark.parametrize(
    "other",
    [
        lambda ledger: captioner(ledger, model="gemini-other"),
        lambda ledger: captioner(ledger, generation=Generation(prompt="Which colour?")),
        lambda ledger: captioner(ledger, generation=Generation(frames=2)),
    ],
    ids=["model", "prompt", "frames"],
)
def test_what_is_asked_otherwise_is_asked_anew(
    server: GeminiServer, other: Callable[[MemoryLedger], Captioner]
) -> None:
    ledger = MemoryLedger()
    captioner(ledger).caption([clip("red")])
    other(ledger).caption([clip("red")])
    assert len(server.asked) == 2


def test_equal_clips_are_shown_once(server: GeminiServer) -> None:
    assert texts(captioner(), clip("red"), clip("blue"), clip("red")) == [
        "A wall is red.",
        "A wall is blue.",
        "A wall is red.",
    ]
    assert [len(clips_of(asked)) for asked in server.asked] == [2]


def test_much_to_show_is_shown_in_several_requests(server: GeminiServer) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (12, 768, 768, 3), np.uint8)
    noisy = [Clip(np.roll(noise, i, axis=1), tuple(range(0, 1200, 100))) for i in range(4)]
    server.answer = lambda asked: json_reply(
        {"captions": [{"id": i, "caption": f"Noise {i}."} for i in clips_of(asked)]}
    )
    assert len(set(texts(captioner(generation=Generation(frames=12)), *noisy))) == 4
    assert len(server.asked) > 1
    assert all(
        sum(len(part) for part in asked.parts) < 11 * 2**20 or len(clips_of(asked)) == 1 for asked in server.asked
    )


def spoilt(text: str | None) -> Callable[[list[dict[str, str]]], list[Any]]:
    return lambda captions: [{**c, "caption": text} if "green" in c["caption"] else c for c in captions]


BAD: dict[str, Callable[[list[dict[str, str]]], list[Any]]] = {
    "missing": lambda captions: [c for c in captions if "green" not in c["caption"]],
    "another id": lambda captions: [{**c, "id": "0"} if "green" in c["caption"] else c for c in captions],
    "twice": lambda captions: [*captions, *(c for c in captions if "green" in c["caption"])],
    "nothing": spoilt(None),
    "empty": spoilt(""),
    "no words": spoilt("..."),
    "korean": spoilt("초록색 벽이다."),
    "null": spoilt("A wall is \x00 grey."),
    "endless": spoilt("A wall. " * 1000),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_bad_caption_is_asked_for_again_alone(
    server: GeminiServer, change: Callable[[list[dict[str, str]]], list[Any]]
) -> None:
    def answer(asked: Asked) -> Reply:
        captions = said(asked)
        return json_reply({"captions": change(captions) if len(captions) > 1 else captions})

    server.answer = answer
    assert texts(captioner(), clip("red"), clip("green"), clip("blue")) == [
        "A wall is red.",
        "A wall is green.",
        "A wall is blue.",
    ]
    assert [len(clips_of(asked)) for asked in server.asked] == [3, 1]


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_clip_whose_caption_stays_bad_has_none_and_the_others_theirs(
    server: GeminiServer, change: Callable[[list[dict[str, str]]], list[Any]]
) -> None:
    server.answer = answering(change)
    ledger = MemoryLedger()
    assert texts(captioner(ledger), clip("red"), clip("green"), clip("blue")) == [
        "A wall is red.",
        "",
        "A wall is blue.",
    ]
    assert sorted(answer["text"] for answer in ledger.answers.values()) == ["A wall is blue.", "A wall is red."]
    server.answer, server.asked = answering(lambda captions: captions), []
    assert texts(captioner(ledger), clip("red"), clip("green"), clip("blue"))[1] == "A wall is green."
    assert [len(clips_of(asked)) for asked in server.asked] == [1]


@pytest.mark.parametrize("reply", [text_reply("A wall."), blocked_reply(), text_reply("{", finish="MAX_TOKENS")])
def test_a_spoilt_answer_is_asked_for_clip_by_clip(server: GeminiServer, reply: Reply) -> None:
    server.script = [reply]
    assert texts(captioner(), clip("red"), clip("green")) == ["A wall is red.", "A wall is green."]
    assert [len(clips_of(asked)) for asked in server.asked] == [2, 1, 1]


def test_a_service_that_fails_keeps_what_was_paid_for(server: GeminiServer) -> None:
    ledger = MemoryLedger()
    server.answer = lambda asked: (
        json_reply({"captions": said(asked)}) if len(server.asked) == 1 else error_reply(503, "Overloaded.")
    )
    made = captioner(ledger)
    made.caption([clip("red")])
    with pytest.raises(ServiceError, match="Overloaded"):
        made.caption([clip("red"), clip("green")])
    assert [answer["text"] for answer in ledger.answers.values()] == ["A wall is red."]


def test_a_limit_of_the_day_is_said(server: GeminiServer) -> None:
    with pytest.raises(SpendingLimitError):
        captioner(requests_a_day=0).caption([clip("red")])
    assert not server.asked


def test_the_registry_gives_it_by_name(server: GeminiServer) -> None:
    made = load_captioner("gemini:gemini-x", generation=Generation(), gemini=lambda model: client(model=model))
    assert (made.name, made.version) == ("gemini", "gemini-x")
    assert texts(made, clip("white")) == ["A wall is white."]


def test_without_a_key_it_says_so_when_it_must_ask(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = MemoryLedger()
    known = texts(captioner(ledger), clip("red"))
    monkeypatch.delenv("GEMINI_API_KEY")
    assert texts(captioner(ledger), clip("red")) == known
    with pytest.raises(NoKeyError, match="GEMINI_API_KEY"):
        captioner(ledger).caption([clip("green")])
