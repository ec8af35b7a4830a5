"""Whatever goes wrong is said in Korean on the Korean page: every sentence of the code has its counterpart."""

from __future__ import annotations

import re
import time
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.editor_app.sentences import ROOTS, Said, Sentence, errors_said, example, values_of
from vsearch_pipeline.sentences import OTHERS, SENTENCES, in_language

SAID = errors_said()
SOURCES = re.sub(
    r'"\s*(?:else )?f?"', "", "".join(path.read_text("utf-8") for root in ROOTS for path in root.rglob("*.py"))
)

ELSEWHERE = {
    "vsearch_pipeline/cli": "the command line's own words",
    "vsearch_pipeline/serve.py": "`vsearch up`, before there is a page",
    "vsearch_pipeline/doctor.py": "`vsearch doctor`",
    "vsearch_pipeline/worker.py": "`vsearch worker`",
    "vsearch_pipeline/slack/app.py": "said in both languages by slack/texts.py",
    "vsearch_pipeline/slack/form.py": "said in both languages by slack/texts.py",
    "vsearch_pipeline/slack/client.py": "Slack's own reasons, for the log, `vsearch doctor` and `slack/texts.py`",
    "vsearch_pipeline/runner.py": "runs started by the command line",
    "vsearch_pipeline/demo.py": "`vsearch demo`",
    "vsearch_pipeline/ingest/backup.py": "backups are restored by the command line",
    "vsearch_pipeline/ingest/restoring.py": "backups are restored by the command line",
    "vsearch_pipeline/catalog/dump.py": "backups are restored by the command line",
    "vsearch_pipeline/people/evaluation.py": "measuring, by the command line",
    "vsearch_pipeline/captioning/references.py": "scoring captioners, a run that belongs to no video",
}
"""Where sentences are made that no page shows, with the reason."""

PASSED_ON = {
    "missing": "words without vectors: told to the code that tries again, never to people",
}
"""What an error is given that holds no sentence."""

MORE = (
    *("A person needs a name: write NAME, or GROUP/NAME.", "A group needs a name."),
    *("The name to be shown is empty: write one, or none.", "An alias is empty: write what else they are called."),
    "The model's answer did not keep to the results.",
    *("the link redirects to something other than http or https", "it is a still picture, not a video"),
    "the link has no video that can be downloaded",
    "The photo: no face was found in it.",
    "The photo: its faces are too small, blurred or turned away.",
    "Gemini (gemini-3) answered with error 429 (3 tries).",
    "Gemini (gemini-3) answered with error 400: said so.",
    "Gemini (gemini-3) did not answer within 30 s.",
    "Gemini (gemini-3) answered with something that is not its protocol.",
    "Gemini (gemini-3) could not be reached: ConnectError.",
    "Gemini (gemini-3) could not be asked: InvalidURL.",
    "ffmpeg cannot write it (it said nothing)",
    "it takes 30 frames, but 0 came out: it is damaged",
    "imported without a file: there is nothing to compute",
    *("VSEARCH_TRANSLATOR is none.", "Gemini left this caption out, or answered it twice."),
    *("Gemini's translation does not keep the places of names.", "Gemini's translation is not Korean."),
    *("Gemini's translation has line breaks or control characters.", "Gemini's translation has markup."),
    "Gemini's translation is too long or too short for the caption.",
    "3 captions: Gemini gave no answer.; 2 captions: Gemini needs a key: set GEMINI_API_KEY in the environment.",
    *("Its run is no longer in Dagster.", "It was stopped in Dagster."),
    "the run failed; its log is in the Dagster UI",
    "/a has no ONNX files, so neither a detection nor a recognition model.",
    "/a/b.onnx is damaged or no ONNX model: replace it.",
    "/a has no detection model: put an SCRFD ONNX file with landmarks into it.",
    "/a cannot be loaded on /a: it failed.",
)
"""Sentences that reach errors through variables."""

VALUES = {"gemini", "said", "so", "InvalidURL", "onnx", "CPUExecutionProvider", "it", "failed"}

NAMES = re.compile(
    r"`[^`]*`|(?<![A-Za-z])("
    r"VSEARCH_[A-Z_]+(=[A-Za-z0-9]+)?|AWS_[A-Z_]+|GEMINI_API_KEY|FCPXML|OTIO|EDL|MP4|GIF|JPEG|PNG|WebP|JSON|UTF|UTC|USD|"
    r"PostgreSQL|pgvector|Gemini|GPU|NVIDIA|ONNX|BLIP|OPT|ArcFace|Hugging Face|MB|ffmpeg|https?|vsearch|"
    r"mp4|srt|vtt|json|jpg|png|webp|buffalo_l|words|is|edited|untranslated|after|before|longer|shorter|s|m|"
    r"Celery|Redis|[A-Za-z]*Error"
    r")(?![A-Za-z])"
)
"""What is called the same in Korean, and the values of examples."""


def without_names(text: str) -> str:
    return NAMES.sub(" ", re.sub("V[a-z]{2}", " ", text))


def sentences() -> list[tuple[str, Sentence]]:
    found = {}
    for said in SAID:
        if not any(said.file.startswith(place) for place in ELSEWHERE):
            for sentence in said.sentences:
                found.setdefault(example(sentence), (f"{said.file}: {example(sentence)[:60]}", sentence))
    return list(found.values())


CASES = sentences()


def is_said_elsewhere(sentence: Sentence) -> bool:
    """Whether it is nothing but values: another error's sentence behind a name, or between two."""
    words = "".join(piece for piece in sentence if isinstance(piece, str))
    return not re.search("[A-Za-z]{2}", words)


@pytest.mark.parametrize("sentence", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_each_sentence_has_a_korean_counterpart(sentence: Sentence) -> None:
    english = example(sentence)
    if is_said_elsewhere(sentence):
        return
    korean = in_language(english, "ko")
    assert korean != english, f"add its counterpart to vsearch_pipeline/sentences.py: {english}"
    lost = [value for value in values_of(sentence) if value not in korean]
    assert not lost, f"{korean} has lost {lost} of {english}"
    left = re.findall("[A-Za-z]{2,}", without_names(korean))
    assert not left, f"{left} is not Korean in {korean}"
    if re.search("[A-Za-z]{2,}", without_names(english)):
        assert re.search("[가-힣]", korean)
    assert in_language(english, "en") == english


@pytest.mark.parametrize("english", MORE)
def test_sentences_that_come_through_variables(english: str) -> None:
    korean = in_language(english, "ko")
    assert korean != english
    left = re.findall("[A-Za-z]{2,}", without_names(korean))
    assert set(left) <= set(re.findall("[A-Za-z]+", english)) & VALUES


def test_every_error_says_something_that_can_be_read_from_the_code() -> None:
    """A sentence put together elsewhere would slip through: it is listed by hand in `MORE`, or read on."""
    unread = [said for said in SAID if not said.sentences and not is_known_elsewhere(said)]
    assert [f"{said.file}:{said.line} {said.code}" for said in unread if said.code not in PASSED_ON] == []


@pytest.mark.parametrize("english", MORE)
def test_the_sentences_by_hand_are_those_of_the_code(english: str) -> None:
    """Each piece of them stands in the code, so that a change there is noticed here."""
    pieces = [piece for piece in re.split(r"[(){}:;.,]|\b\d+\b|gemini-3|/a\S*", english) if len(piece.split()) > 2]
    for piece in pieces:
        assert piece.strip() in SOURCES or piece.strip().removeprefix("Gemini's translation ") in SOURCES, piece


def is_known_elsewhere(said: Said) -> bool:
    listed = {
        "empty": "called.py, by clean_text's callers",
        "_why_unusable(folder, usable, error)": "what insightface says of the files in a folder",
        "downloader.refusal or _sentence(error)": "what yt-dlp says, or one of addresses.py",
        "downloader.refusal or 'the link has no video that can be downloaded'": "`MORE`, or one of addresses.py",
        "STILL_PICTURE": "decoding.py's, in `MORE`",
        "reason": "clips.py: another error's sentence, or one in `MORE`",
    }
    return any(said.file.startswith(place) for place in ELSEWHERE) or said.code in listed


def test_the_list_has_no_sentence_that_nobody_says() -> None:
    said = {example(sentence) for _, sentence in CASES} | set(MORE)
    unused = []
    for english, _ in SENTENCES:
        literals = [literal for literal, _, _, _ in Formatter().parse(english) if literal.strip()]
        if not any(all(literal in each for literal in literals) for each in said):
            unused.append(english)
    assert unused == []


@pytest.mark.parametrize("pair", [*SENTENCES, *OTHERS], ids=lambda pair: pair[0][:50])
def test_both_sides_have_the_same_values(pair: tuple[str, str]) -> None:
    english, korean = (
        {name.partition("_")[0] for _, name, _, _ in Formatter().parse(side) if name} for side in pair
    )
    assert english == korean
    assert pair[0].endswith(".") == pair[1].endswith(".") or "{" in pair[0][-12:]


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        (
            "Operation 7 is taken back already, by operation 9.",
            "7번 기록은 이미 9번 기록에서 되돌렸어요.",
        ),
        ("Nobody is called '민지': `vsearch people list` shows who there is.", "'민지'라는 인물이 없어요."),
        ("Segment 3 is locked: unlock it first.", "구간 3은 잠겨 있어요. 먼저 잠금을 풀어 주세요."),
        (
            "Segment 3 was changed by 하늘 (cli) at 2026-11-26 14:00 since you looked at it: look again, then"
            " choose.",
            "보고 있는 동안 하늘이 구간 3을 고쳤어요(명령줄, 2026-11-26 14:00).",
        ),
        (
            "민지 생일, 캠핑, 바다 and 2 more: there are no Korean captions yet.",
            "민지 생일, 캠핑, 바다 외 2개: 아직 한국어 설명이 없어요.",
        ),
        (
            "Nothing can be joined: a 0:01-0:02: its file is gone, so no clip can be made of it; add the video"
            " file with `vsearch add`",
            "이어 붙일 것이 없어요: a 0:01-0:02: 파일이 사라져서 클립을 만들 수 없어요.",
        ),
        (
            "holiday.mov: the file cannot be opened (Permission denied)",
            "holiday.mov: 파일을 열 수 없어요(권한이 없음)",
        ),
        ("https://a.example/x: it is not a link", "https://a.example/x: 링크가 아니에요"),
        (
            "RuntimeError: CUDA out of memory",
            "예상하지 못한 문제가 생겼어요(RuntimeError: CUDA out of memory).",
        ),
        ("{title}: {x}: there are no captions yet.", "{title}: {x}: 아직 설명이 없어요."),
        ("Nobody ever said this sentence.", "Nobody ever said this sentence."),
        ("a title: nobody ever said this", "a title: nobody ever said this"),
        ("", ""),
    ],
)
def test_a_sentence_in_korean(english: str, korean: str) -> None:
    assert in_language(english, "ko").startswith(korean)


@given(st.text(max_size=200))
def test_any_text_is_taken(message: str) -> None:
    assert in_language(message, "en") == message
    assert isinstance(in_language(message, "ko"), str)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_values_are_kept_whatever_they_are(title: str, path: str) -> None:
    korean = in_language(f"{title}: its file {path} is gone; add it again.", "ko")
    assert title in korean
    assert path in korean


def test_a_long_value_takes_no_longer() -> None:
    title = "and is the name of (: " * 20_000
    started = time.monotonic()
    in_language(f"{title}: nothing is said in it, or it is not transcribed yet.", "ko")
    in_language(title, "ko")
    assert time.monotonic() - started < 2


def test_what_models_are_called_is_known() -> None:
    """Values of a few words, which have a Korean name of their own."""
    for what in ("captioner", "object detector", "scene classifier"):
        korean = in_language(f"There is no {what} named 'x': choose one of a, b.", "ko")
        assert what not in korean
