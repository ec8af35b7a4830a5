"""Sentences of the library, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Final

from editor_app.texts.language import Language


@dataclass(frozen=True, slots=True)
class LibraryTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    library_title: str
    imported_badge: str
    imported_note: str
    missing_note: str
    length_unknown: str
    stages_done: str
    stages_none: str
    failed: str
    thumbnail_alt: str

    # the stages of the pipeline
    stage_video: str
    stage_sampling: str
    stage_faces: str
    stage_face_tracks: str
    stage_face_labels: str
    stage_objects: str
    stage_captions: str
    stage_korean_captions: str
    stage_transcript: str
    stage_segments: str
    stage_segment_embeddings: str
    stage_previews: str

    def stage(self, name: str) -> str:
        """A stage's name for people; an unknown stage is called what the pipeline calls it."""
        known: str | None = getattr(self, f"stage_{name}", None)
        return known or name.replace("_", " ")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = LibraryTexts(
    library_title="Library",
    imported_badge="Imported",
    imported_note="From another catalogue, without a video file",
    missing_note="The video file is no longer in the store. Add it again to bring it back.",
    length_unknown="length not known yet",
    stages_done="Done",
    stages_none="Waiting for its first stage",
    failed="{stage} failed",
    thumbnail_alt="Picture from {title}",
    stage_video="File check",
    stage_sampling="Shots and frames",
    stage_faces="Faces",
    stage_face_tracks="Face tracks",
    stage_face_labels="Names",
    stage_objects="Objects",
    stage_captions="Captions",
    stage_korean_captions="Korean captions",
    stage_transcript="Speech",
    stage_segments="Moments",
    stage_segment_embeddings="Search index",
    stage_previews="Previews",
)

KOREAN: Final = LibraryTexts(
    library_title="보관함",
    imported_badge="가져온 목록",
    imported_note="다른 시스템에서 가져와 영상 파일이 없음",
    missing_note="영상 파일이 저장소에서 사라졌어요. 다시 추가하면 재생됩니다.",
    length_unknown="길이 확인 전",
    stages_done="완료",
    stages_none="처리를 기다리는 중",
    failed="{stage} 실패",
    thumbnail_alt="{title}의 한 장면",
    stage_video="파일 확인",
    stage_sampling="장면 분할",
    stage_faces="얼굴 찾기",
    stage_face_tracks="얼굴 추적",
    stage_face_labels="인물 이름",
    stage_objects="사물",
    stage_captions="설명",
    stage_korean_captions="한국어 설명",
    stage_transcript="대사",
    stage_segments="장면 정리",
    stage_segment_embeddings="검색 색인",
    stage_previews="미리보기",
)

LIBRARY: Final[dict[Language, LibraryTexts]] = {"ko": KOREAN, "en": ENGLISH}

STAGES: Final = tuple(
    field.name.removeprefix("stage_") for field in fields(LibraryTexts) if field.name.startswith("stage_")
)
"""Stages in the order the pipeline runs them."""


def stage_order(name: str) -> tuple[int, str]:
    """Sort key: known stages as they run, then the others by name."""
    return (STAGES.index(name) if name in STAGES else len(STAGES), name)
