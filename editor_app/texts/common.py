"""Sentences that several pages use, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class CommonTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    language: str
    page_search: str
    page_people: str
    page_library: str
    page_history: str
    opening: str
    empty_title: str
    empty_hint: str
    videos_one: str
    videos_many: str
    moments_one: str
    moments_many: str
    save: str
    cancel: str
    close: str
    undo: str
    apply: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = CommonTexts(
    language="Language",
    page_search="Search",
    page_people="People",
    page_library="Library",
    page_history="History",
    opening="Opening the library…",
    empty_title="The library is empty",
    empty_hint="Add videos with `vsearch add FILE`, or put them into the inbox folder: {inbox}",
    videos_one="1 video",
    videos_many="{count} videos",
    moments_one="1 moment",
    moments_many="{count} moments",
    save="Save",
    cancel="Cancel",
    close="Close",
    undo="Undo",
    apply="Apply",
)

KOREAN: Final = CommonTexts(
    language="언어",
    page_search="검색",
    page_people="인물",
    page_library="보관함",
    page_history="기록",
    opening="보관함을 여는 중…",
    empty_title="보관함이 비어 있어요",
    empty_hint="`vsearch add 파일`로 영상을 추가하거나 받은 영상 폴더에 넣어 주세요: {inbox}",
    videos_one="영상 1개",
    videos_many="영상 {count}개",
    moments_one="장면 1개",
    moments_many="장면 {count}개",
    save="저장",
    cancel="취소",
    close="닫기",
    undo="실행 취소",
    apply="적용",
)

COMMON: Final[dict[Language, CommonTexts]] = {"ko": KOREAN, "en": ENGLISH}
