"""Sentences of what Slack is told by itself, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class AlertTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1.

    What is filled in stands behind a colon or between quotes: it may be anything, and no particle agrees with it.
    """

    # one piece of news
    searchable: str
    searchable_text: str
    length: str
    people: str
    more_people: str
    picture: str
    failed: str
    failed_text: str
    more_videos: str
    check: str
    check_text: str
    open_run: str
    watch: str
    watch_text: str
    more_moments_one: str
    more_moments_many: str

    # many
    digest_one: str
    digest_many: str
    digest_searchable_one: str
    digest_searchable_many: str
    digest_failed_one: str
    digest_failed_many: str
    digest_check_one: str
    digest_check_many: str
    digest_watch_one: str
    digest_watch_many: str
    line_searchable: str
    line_failed: str
    line_check: str
    line_watch: str
    moments_one: str
    moments_many: str
    rest_one: str
    rest_many: str

    # what the pipeline does
    names: dict[str, str]

    def name(self, stage: str) -> str:
        """A stage, or a job, for people; an unknown one is called what the pipeline calls it."""
        return self.names.get(stage, stage.replace("_", " "))


ENGLISH: Final = AlertTexts(
    searchable="*Ready to search:* {video}",
    searchable_text="Ready to search: {video}",
    length="Length {length}",
    people="With {names}",
    more_people="{count} more",
    picture="Moving picture from {title}",
    failed="*{stage} failed:* {videos}",
    failed_text="{stage} failed: {videos}",
    more_videos="and {count} more",
    check="*A check failed:* {check} ({stage})",
    check_text="A check failed: {check} ({stage})",
    open_run="Open the run in Dagster",
    watch="*New for “{query}”* in {video} {who}",
    watch_text="New for “{query}” in {video}",
    more_moments_one="and 1 more",
    more_moments_many="and {count} more",
    digest_one="*1 piece of news*",
    digest_many="*{count} pieces of news*",
    digest_searchable_one="1 video ready to search",
    digest_searchable_many="{count} videos ready to search",
    digest_failed_one="1 failed run",
    digest_failed_many="{count} failed runs",
    digest_check_one="1 failed check",
    digest_check_many="{count} failed checks",
    digest_watch_one="1 video with what somebody watches for",
    digest_watch_many="{count} videos with what somebody watches for",
    line_searchable="• {video}",
    line_failed="• *{stage} failed:* {told}",
    line_check="• *A check failed:* {check} ({stage}) · {told}",
    line_watch="• *“{query}”:* {moments} in {video} {who}",
    moments_one="1 moment",
    moments_many="{count} moments",
    rest_one="1 more in the library",
    rest_many="{count} more in the library",
    names={
        "video": "File check",
        "proxy": "Browser copy",
        "sampling": "Shots and frames",
        "transcript": "Speech",
        "faces": "Faces",
        "face_tracks": "Face tracks",
        "face_labels": "Names",
        "objects": "Objects",
        "captions": "Captions",
        "korean_captions": "Korean captions",
        "segments": "Moments",
        "segment_embeddings": "Search index",
        "previews": "Previews",
        "shots": "Shots",
        "frames": "Frames",
        "gallery": "Gallery",
        "person_classifier": "Training of names",
        "unknown_people": "Unknown people",
        "caption_comparison": "Comparison of captions",
        "take_in_source": "Taking in",
        "ingest": "Processing",
        "train_people": "Training of names",
        "relabel": "Renaming",
        "survey_library": "Survey of the library",
        "take_in": "Taking in",
    },
)

KOREAN: Final = AlertTexts(
    searchable="*이제 검색할 수 있어요:* {video}",
    searchable_text="이제 검색할 수 있어요: {video}",
    length="길이 {length}",
    people="나오는 사람: {names}",
    more_people="그 밖에 {count}명",
    picture="{title}의 움직이는 미리보기",
    failed="*{stage} 실패:* {videos}",
    failed_text="{stage} 실패: {videos}",
    more_videos="외 {count}개",
    check="*점검 실패:* {check} ({stage})",
    check_text="점검 실패: {check} ({stage})",
    open_run="Dagster에서 실행 기록 보기",
    watch="*“{query}”에 맞는 새 장면이 있어요:* {video} {who}",
    watch_text="“{query}”에 맞는 새 장면이 있어요: {video}",
    more_moments_one="그 밖에 1개 더",
    more_moments_many="그 밖에 {count}개 더",
    digest_one="*새 소식 1건*",
    digest_many="*새 소식 {count}건*",
    digest_searchable_one="검색할 수 있게 된 영상 1개",
    digest_searchable_many="검색할 수 있게 된 영상 {count}개",
    digest_failed_one="실패한 실행 1개",
    digest_failed_many="실패한 실행 {count}개",
    digest_check_one="실패한 점검 1개",
    digest_check_many="실패한 점검 {count}개",
    digest_watch_one="기다리던 장면이 나온 영상 1개",
    digest_watch_many="기다리던 장면이 나온 영상 {count}개",
    line_searchable="• {video}",
    line_failed="• *{stage} 실패:* {told}",
    line_check="• *점검 실패:* {check} ({stage}) · {told}",
    line_watch="• *“{query}”:* {video}에서 {moments} {who}",
    moments_one="장면 1개",
    moments_many="장면 {count}개",
    rest_one="보관함에 1건 더 있어요",
    rest_many="보관함에 {count}건 더 있어요",
    names={
        "video": "파일 확인",
        "proxy": "브라우저용 사본",
        "sampling": "장면 분할",
        "transcript": "대사",
        "faces": "얼굴 찾기",
        "face_tracks": "얼굴 추적",
        "face_labels": "인물 이름",
        "objects": "사물",
        "captions": "설명",
        "korean_captions": "한국어 설명",
        "segments": "장면 정리",
        "segment_embeddings": "검색 색인",
        "previews": "미리보기",
        "shots": "장면 경계",
        "frames": "프레임",
        "gallery": "인물 사진",
        "person_classifier": "이름 학습",
        "unknown_people": "모르는 얼굴 묶기",
        "caption_comparison": "설명 비교",
        "take_in_source": "영상 가져오기",
        "ingest": "영상 처리",
        "train_people": "이름 학습",
        "relabel": "이름 다시 붙이기",
        "survey_library": "보관함 살펴보기",
        "take_in": "영상 가져오기",
    },
)

TEXTS: Final[dict[Language, AlertTexts]] = {"en": ENGLISH, "ko": KOREAN}
