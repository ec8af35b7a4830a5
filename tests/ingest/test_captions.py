"""Subtitles as captions of segments."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import add_video, editing, editor, history, shown, spans
from tests.editing.test_segments import snapshot
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.ingest.captions import ImportedCaptions, import_captions, read_cues
from vsearch_pipeline.timeline import TimeRange

SPAN = TimeRange(8500, 12_000)

SRT = """1
00:00:00,500 --> 00:00:02,000
<i>First</i> {\\an8}of
two lines

2
00:00:03,000 --> 00:00:05,400
and &lt;more&gt;

3
00:00:11,000 --> 00:00:14,000
The third

4
00:00:30,000 --> 00:00:31,000
After the end

5
00:00:09,000 --> 00:00:08,000
Backwards
"""


def take(connection: Connection, video: str, path: Path, content: str, **options: object) -> ImportedCaptions:
    path.write_text(content, encoding="utf-8")
    return import_captions(editor(connection), video, path, **options)  # type: ignore[arg-type]


def test_cues_become_captions_of_the_segments_they_lie_in(connection: Connection, tmp_path: Path) -> None:
    video = add_video(connection)
    before = snapshot(connection, video)
    done = take(connection, video, tmp_path / "a.srt", SRT)
    assert [s.caption_en for s in shown(connection, video)] == [
        "First of two lines and <more>",
        "model caption 5000",
        "The third",
        "model caption 15000",
    ]
    assert (done.language, done.captions, done.replaced) == ("en", 2, 0)
    assert [told.split(": ")[-1] for told in done.left_out] == [
        "it ends before it begins",
        "the video is 0:20.000 long",
    ]
    assert take(connection, video, tmp_path / "a.srt", SRT).operation is None
    history(connection).undo()
    assert snapshot(connection, video) == before


def test_korean_is_known_by_its_letters_and_what_is_locked_stays(connection: Connection, tmp_path: Path) -> None:
    video = add_video(connection)
    first, second, *_ = shown(connection, video)
    editing(connection).set_captions([first.id], {"ko": "먼저"})
    editing(connection).lock([second.id])
    vtt = "WEBVTT\n\n00:01.000 --> 00:04.000\n<v 민지>안녕 <c.red>하세요</c>\n\n00:06.000 --> 00:07.000\n잠긴 것\n"
    done = take(connection, video, tmp_path / "a.vtt", vtt)
    assert (done.language, done.captions, done.replaced) == ("ko", 1, 1)
    assert done.left_out == (f"0:06.000-0:07.000 '잠긴 것': segment {second.id} is locked",)
    assert shown(connection, video)[0].caption_ko == "안녕 하세요"
    assert take(connection, video, tmp_path / "a.vtt", vtt, language="en").language == "en"


def test_cues_become_new_segments(connection: Connection, tmp_path: Path) -> None:
    video = add_video(connection)
    before = snapshot(connection, video)
    editing(connection).create(video, SPAN)
    cues = [("00:01", "00:03.500", "one"), ("00:03", "00:04", "two"), ("00:03", "00:04", "voices"),
            ("00:08", "00:09", "over"), ("00:19", "00:25", "last"), ("00:22", "00:25", "gone")]  # fmt: skip
    vtt = "WEBVTT\n\n" + "".join(f"{a}{'' if '.' in a else '.000'} --> {b}{'' if '.' in b else '.000'}\n{t}\n\n"
                                 for a, b, t in cues)  # fmt: skip
    done = take(connection, video, tmp_path / "a.vtt", vtt, by="new")
    made = [(s.span.start_ms, s.span.end_ms, s.caption_en) for s in shown(connection, video) if s.created]
    assert made == [(1000, 3000, "one"), (3000, 4000, "two voices"), (8500, 12_000, "model caption 10000"),
                    (19_000, 20_000, "last")]  # fmt: skip
    assert [told.split(": ")[-1].split(",")[0] for told in done.left_out] == [
        f"segment {next(s.id for s in shown(connection, video) if s.span == SPAN)} lies there",
        "the video is 0:20.000 long",
    ]
    layout = spans(connection, video)
    assert take(connection, video, tmp_path / "a.vtt", vtt, by="new").operation is None
    assert spans(connection, video) == layout
    history(connection).undo()
    history(connection).undo()
    assert snapshot(connection, video) == before


def test_what_cannot_be_used_is_said(connection: Connection, tmp_path: Path) -> None:
    video = add_video(connection)
    before = connection.execute(text("select count(*) from operations")).scalar_one()
    (tmp_path / "b.srt").write_bytes("1\n00:00:01,000 --> 00:00:02,000\n한글\n".encode("cp949"))
    for name, content, reason in (
        ("a.txt", SRT, "ends in .srt or .vtt"),
        ("a.srt", "nonsense", "no cues"),
        ("a.vtt", "", "cannot be read|no cues"),
        (
            "a.srt",
            f"1\n00:00:01,000 --> 00:00:02,000\n{'long ' * 2000}\n",
            "segment [0-9]+: The English caption has",
        ),
    ):
        with pytest.raises(InputError, match=reason):
            take(connection, video, tmp_path / name, content)
    with pytest.raises(InputError, match="not in UTF-8"):
        read_cues(tmp_path / "b.srt")
    with pytest.raises(InputError, match="cannot be read"):
        read_cues(tmp_path / "nowhere.srt")
    with pytest.raises(NotFoundError, match="no video"):
        take(connection, "nowhere", tmp_path / "a.srt", SRT)
    assert connection.execute(text("select count(*) from operations")).scalar_one() == before
