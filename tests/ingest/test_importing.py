"""The earlier system's catalogue as a video without a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import get_video, list_videos
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.timeline import TimeRange


def write(path: Path, records: object) -> Path:
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return path


def test_records_become_segments_with_people(catalog: Catalog, tmp_path: Path) -> None:
    file = write(
        tmp_path / "meta.json",
        [
            {"timestamp": 0, "video_id": "Clip 1", "caption": "One.", "faces": [
                {"group": "A", "member": "Kim", "confidence": 0.9, "bbox": [1, 2, 3, 4]},
                {"group": "A", "member": "Kim", "confidence": 0.4, "bbox": [1, 2, 3, 4]}]},
            {"timestamp": 0.5, "video_id": "Clip 1", "caption": "Two."},
            {"timestamp": 7, "end": 9.25, "video_id": "Clip 1", "caption": "Three.", "caption_ko": "셋."},
        ],
    )  # fmt: skip
    [video] = import_metadata(catalog, file, actor="tester")
    assert (video.segments, video.people, video.new) == (3, 1, True)
    with catalog.begin() as connection:
        segments = read_segments(connection, video_id=video.video_id)
    assert [s.span for s in segments] == [TimeRange(0, 500), TimeRange(500, 1500), TimeRange(7000, 9250)]
    assert [(p.name, p.group, p.confidence) for p in segments[0].people] == [("Kim", "A", 0.9)]
    assert (segments[2].caption_en, segments[2].caption_ko) == ("Three.", "셋.")


def test_importing_again_changes_nothing_and_keeps_human_values(catalog: Catalog, tmp_path: Path) -> None:
    file = write(
        tmp_path / "again.json", [{"timestamp": t, "video_id": "again", "caption": f"{t}"} for t in range(3)]
    )
    [video] = import_metadata(catalog, file, actor="tester")
    with catalog.begin() as connection:
        before = read_segments(connection, video_id=video.video_id)
        connection.execute(
            text("update segments set human_caption_en = 'mine' where id = :i"), {"i": before[1].id}
        )
    [again] = import_metadata(catalog, file, actor="tester")
    assert (again.video_id, again.new) == (video.video_id, False)
    with catalog.begin() as connection:
        after = read_segments(connection, video_id=video.video_id)
    assert [s.id for s in after] == [s.id for s in before]
    assert [s.caption_en for s in after] == ["0", "mine", "2"]


def test_records_stay_known_for_ranges_that_people_draw(catalog: Catalog, tmp_path: Path) -> None:
    def records(*captions: str) -> list[dict[str, object]]:
        face = {"group": "Drawn", "member": "Kim", "confidence": 0.9}
        return [
            {"timestamp": i, "video_id": "drawn over", "caption": told, "faces": [face] if i == 0 else []}
            for i, told in enumerate(captions)
        ]

    drawn = TimeRange(0, 2000)
    [video] = import_metadata(
        catalog, write(tmp_path / "drawn.json", records("One.", "Two.", "Three.")), actor="tester"
    )
    for captions in (["One.", "Two.", "Three."], ["New.", "Two."]):
        [again] = import_metadata(catalog, write(tmp_path / "drawn.json", records(*captions)), actor="tester")
        assert again.new is False
        with catalog.begin() as connection:
            told = describer(connection, get_video(connection, video.video_id))(drawn)
            stored = text("select count(*) from imported_records where video_id = :v")
            assert connection.execute(stored, {"v": video.video_id}).scalar_one() == len(captions)
        assert told.caption_en == " ".join(captions[:2])
        assert list(told.people.values()) == [0.9]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not a JSON file"),
        ("{}", "list"),
        ("[]", "no records"),
        ('[{"video_id": "x"}]', "timestamp"),
        ('[{"video_id": "x", "timestamp": -1}]', "greater than or equal to 0"),
        ('[{"video_id": "x", "timestamp": 5, "end": 4}]', "ends before it begins"),
        ('[{"video_id": "x", "timestamp": 1}, {"video_id": "x", "timestamp": "soon"}]', "record 1, timestamp"),
        ('[{"video_id": "x", "timestamp": 1, "caption": "\\ud800"}]', "record 0, caption: it holds half a char"),
        ('[{"video_id": "a\\u0000b", "timestamp": 1}]', "record 0, video_id: it holds a zero byte"),
        ('[{"video_id": "x", "timestamp": 1, "faces": [{"member": "\\udc00"}]}]', "member: it holds half a"),
    ],
)
def test_a_wrong_file_is_refused_whole(catalog: Catalog, tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(content)
    with catalog.begin() as connection:
        before = len(list_videos(connection))
    with pytest.raises(InputError, match=reason):
        import_metadata(catalog, file, actor="tester")
    with catalog.begin() as connection:
        assert len(list_videos(connection)) == before


def test_the_earlier_catalogue_imports_whole(catalog: Catalog, shared_data: Path) -> None:
    file = shared_data / "text/seed_catalog/combined_metadata.json"
    records = json.loads(file.read_text(encoding="utf-8"))
    [video] = import_metadata(catalog, file, actor="tester")
    assert (video.segments, video.people) == (1098, 4)
    with catalog.begin() as connection:
        segments = read_segments(connection, video_id=video.video_id)
    assert {p.group for s in segments for p in s.people} == {"NJZ"}
    shown = {(r["timestamp"] * 1000, face["member"]) for r in records for face in r["faces"]}
    assert {(s.span.start_ms, p.name) for s in segments for p in s.people} == shown
