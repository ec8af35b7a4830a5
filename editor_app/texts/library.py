"""Sentences of the library, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class LibraryTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    library_title: str
    thumbnail_alt: str
    length_unknown: str
    imported_badge: str
    imported_note: str
    missing_note: str

    # looking for a video
    find: str
    order: str
    order_newest: str
    order_title: str
    order_length: str
    order_failed: str
    only: str
    only_all: str
    only_progress: str
    only_failed: str
    none_match_title: str
    none_match_hint: str
    more: str

    # adding
    add: str
    upload: str
    upload_hint: str
    links: str
    links_hint: str
    add_now: str
    adding: str
    add_nothing: str
    added: str
    added_known: str
    added_link: str
    bad_file: str
    bad_link: str
    open_video: str
    sample: str
    sample_hint: str
    sample_making: str

    # how far it is
    state_working: str
    state_waiting: str
    state_failed: str
    state_done: str
    downloading: str
    starting: str
    next_step: str
    finishing: str
    in_turn: str
    not_started: str
    interrupted: str
    stage_share: str
    steps_done: str
    searchable_already: str
    left_soon: str
    left_minutes: str
    left_hours: str
    batch: str
    asleep: str

    # what went wrong
    failed: str
    failed_link: str
    advice_file: str
    advice_model: str
    advice_service: str
    advice_link: str
    advice_other: str
    try_again: str
    go_on: str
    put_away: str
    try_all_many: str
    asked: str

    # one video
    back: str
    gone: str
    search_in: str
    history_of: str
    facts: str
    fact_length: str
    fact_size: str
    fact_picture: str
    fact_rate: str
    fact_format: str
    fact_sound: str
    fact_moments: str
    fact_added: str
    fact_source: str
    fact_edits: str
    fact_id: str
    fact_content: str
    rate: str
    rate_varies: str
    sound_none: str
    edits_none: str
    edits_of_one: str
    edits_of_many: str

    # where its data come from
    lineage: str
    lineage_hint: str
    graph: str
    stage_done: str
    stage_running: str
    stage_failed: str
    stage_waiting: str
    stage_stale: str
    stage_unfinished: str
    took: str
    not_done_yet: str
    waits_for: str
    stale_inputs: str
    stale_model: str
    stands_still: str
    run: str
    imported_run: str
    settings: str
    seconds: str
    minutes: str
    hours: str

    # the stages of the pipeline
    name_video: str
    name_proxy: str
    name_sampling: str
    name_transcript: str
    name_faces: str
    name_face_tracks: str
    name_face_labels: str
    name_objects: str
    name_captions: str
    name_korean_captions: str
    name_segments: str
    name_segment_embeddings: str
    name_previews: str

    def stage(self, name: str) -> str:
        """A stage's name for people; an unknown stage is called what the pipeline calls it."""
        known: str | None = getattr(self, f"name_{name}", None)
        return known or name.replace("_", " ")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = LibraryTexts(
    library_title="Library",
    thumbnail_alt="Picture from {title}",
    length_unknown="length not known yet",
    imported_badge="Imported",
    imported_note="From another catalogue, without a video file",
    missing_note="The video file is no longer in the store. Add it again to bring it back.",
    find="Find by title",
    order="Order",
    order_newest="Newest first",
    order_title="By title",
    order_length="Longest first",
    order_failed="Failed first",
    only="Show",
    only_all="All {count}",
    only_progress="In progress {count}",
    only_failed="Failed {count}",
    none_match_title="No video matches",
    none_match_hint="Try fewer letters of the title, or show all.",
    more="Show more",
    add="Add videos",
    upload="Video files",
    upload_hint="Up to {megabytes} MB each."
    " Put larger files into the inbox folder, they come in by themselves: {inbox}",
    links="Links, one a line",
    links_hint="https://…",
    add_now="Add",
    adding="Adding {name}…",
    add_nothing="Choose a file or write a link first.",
    added="{name} is added.",
    added_known="{name} is already here.",
    added_link="{link} will be fetched.",
    bad_file="{name} is not a video that can be read: {reason}",
    bad_link="{link} is not a link that begins with http:// or https://.",
    open_video="Open",
    sample="Load the sample library",
    sample_hint="Four short videos to try everything on. They are on this machine already: nothing is downloaded.",
    sample_making="Making the sample videos…",
    state_working="Working",
    state_waiting="Waiting",
    state_failed="Failed",
    state_done="Ready",
    downloading="Downloading",
    starting="Starting…",
    next_step="Next: {stage}",
    finishing="Finishing…",
    in_turn="Waiting for its turn",
    not_started="Waiting to be started",
    interrupted="Not finished, and nothing is at work on it",
    stage_share="{stage} · {percent}%",
    steps_done="{done} of {total} steps",
    searchable_already="can be searched already",
    left_soon="less than a minute left",
    left_minutes="about {minutes} min left",
    left_hours="about {hours} h {minutes} min left",
    batch="{done} of {total} videos done",
    asleep="Nothing is processing: start `vsearch up` on the library’s machine,"
    " and everything here goes on by itself.",
    failed="{stage} failed",
    failed_link="It could not be taken in",
    advice_file="See whether the file plays on your computer."
    " If it does not, add a whole copy; if it does, try again.",
    advice_model="Try again: it may have been short of memory. `vsearch doctor` tells whether a model is missing.",
    advice_service="The service did not answer as it should. Try again later: what is done stays.",
    advice_link="See whether the link opens in your browser, then try again.",
    advice_other="Try again: only what is missing is done. If it fails again, Dagster has the whole log.",
    try_again="Try again",
    go_on="Go on",
    put_away="Put away",
    try_all_many="Try all {count} failed again",
    asked="Asked for. It starts in a few seconds.",
    back="Library",
    gone="This video is not in the library.",
    search_in="Search in this video",
    history_of="History",
    facts="Facts",
    fact_length="Length",
    fact_size="File size",
    fact_picture="Picture",
    fact_rate="Frame rate",
    fact_format="Format",
    fact_sound="Sound",
    fact_moments="Moments",
    fact_added="Added",
    fact_source="From",
    fact_edits="Edits",
    fact_id="Id",
    fact_content="Content",
    rate="{rate} frames a second",
    rate_varies="{rate} frames a second, varying",
    sound_none="none",
    edits_none="none yet",
    edits_of_one="{actor} 1",
    edits_of_many="{actor} {count}",
    lineage="Where everything comes from",
    lineage_hint="Each step reads what the arrows bring to it. Press one to see what wrote it.",
    graph="Steps",
    stage_done="Done",
    stage_running="Working",
    stage_failed="Failed",
    stage_waiting="Waiting",
    stage_stale="Out of date",
    stage_unfinished="Unfinished",
    took="took {time}",
    not_done_yet="Not done yet",
    waits_for="Waits for: {stages}",
    stale_inputs="Changed since: {stages}",
    stale_model="Newer videos are done with {model}",
    stands_still="What was there before still stands.",
    run="Run",
    imported_run="Import of {name}",
    settings="Settings",
    seconds="{seconds} s",
    minutes="{minutes} min {seconds} s",
    hours="{hours} h {minutes} min",
    name_video="File check",
    name_proxy="Browser copy",
    name_sampling="Shots and frames",
    name_transcript="Speech",
    name_faces="Faces",
    name_face_tracks="Face tracks",
    name_face_labels="Names",
    name_objects="Objects",
    name_captions="Captions",
    name_korean_captions="Korean captions",
    name_segments="Moments",
    name_segment_embeddings="Search index",
    name_previews="Previews",
)

KOREAN: Final = LibraryTexts(
    library_title="보관함",
    thumbnail_alt="{title}의 한 장면",
    length_unknown="길이 확인 전",
    imported_badge="가져온 목록",
    imported_note="다른 시스템에서 가져와 영상 파일이 없음",
    missing_note="영상 파일이 저장소에서 사라졌어요. 다시 추가하면 재생됩니다.",
    find="제목으로 찾기",
    order="정렬",
    order_newest="최신순",
    order_title="제목순",
    order_length="긴 영상순",
    order_failed="실패한 것 먼저",
    only="보기",
    only_all="전체 {count}",
    only_progress="진행 중 {count}",
    only_failed="실패 {count}",
    none_match_title="맞는 영상이 없어요",
    none_match_hint="제목을 짧게 입력하거나 전체를 봐 주세요.",
    more="더 보기",
    add="영상 추가",
    upload="영상 파일",
    upload_hint="파일마다 {megabytes}MB까지 올릴 수 있어요."
    " 더 큰 파일은 받은 영상 폴더에 넣으면 저절로 들어와요: {inbox}",
    links="링크, 한 줄에 하나씩",
    links_hint="링크 붙여넣기 (https://…)",
    add_now="추가",
    adding="{name} 추가하는 중…",
    add_nothing="먼저 파일을 고르거나 링크를 적어 주세요.",
    added="{name}: 추가했어요.",
    added_known="{name}: 이미 있는 영상이에요.",
    added_link="{link}: 가져올게요.",
    bad_file="{name}: 읽을 수 있는 영상이 아니에요. ({reason})",
    bad_link="{link}: http:// 또는 https://로 시작하는 링크가 아니에요.",
    open_video="열기",
    sample="예제 보관함 불러오기",
    sample_hint="모든 기능을 써 볼 수 있는 짧은 영상 4개예요. 이미 이 컴퓨터에 있어서 아무것도 내려받지 않아요.",
    sample_making="예제 영상을 만드는 중…",
    state_working="처리 중",
    state_waiting="대기",
    state_failed="실패",
    state_done="준비됨",
    downloading="내려받는 중",
    starting="시작하는 중…",
    next_step="다음: {stage}",
    finishing="마무리하는 중…",
    in_turn="차례를 기다리는 중",
    not_started="시작을 기다리는 중",
    interrupted="끝나지 않았고, 지금 처리하는 작업이 없어요",
    stage_share="{stage} · {percent}%",
    steps_done="{total}단계 중 {done}단계",
    searchable_already="이미 검색할 수 있음",
    left_soon="1분 안에 끝나요",
    left_minutes="약 {minutes}분 남음",
    left_hours="약 {hours}시간 {minutes}분 남음",
    batch="영상 {total}개 중 {done}개 완료",
    asleep="처리하는 프로그램이 꺼져 있어요. 보관함이 있는 컴퓨터에서 `vsearch up`을 시작하면 이어서 진행돼요.",
    failed="{stage} 실패",
    failed_link="가져오지 못했어요",
    advice_file="컴퓨터에서 파일이 재생되는지 확인해 주세요."
    " 재생되지 않으면 온전한 파일을 추가하고, 재생되면 다시 시도해 주세요.",
    advice_model="메모리가 부족했을 수 있으니 다시 시도해 주세요."
    " 모델이 없는지는 `vsearch doctor`로 알 수 있어요.",
    advice_service="외부 서비스가 제대로 답하지 않았어요. 끝난 것은 남아 있으니 나중에 다시 시도해 주세요.",
    advice_link="링크가 브라우저에서 열리는지 확인하고 다시 시도해 주세요.",
    advice_other="다시 시도하면 빠진 것만 처리해요. 또 실패하면 Dagster에서 전체 로그를 볼 수 있어요.",
    try_again="다시 시도",
    go_on="이어서 하기",
    put_away="치우기",
    try_all_many="실패한 {count}개 모두 다시 시도",
    asked="요청했어요. 몇 초 뒤에 시작해요.",
    back="보관함",
    gone="보관함에 없는 영상이에요.",
    search_in="이 영상에서 검색",
    history_of="기록",
    facts="정보",
    fact_length="길이",
    fact_size="파일 크기",
    fact_picture="화면",
    fact_rate="프레임 속도",
    fact_format="형식",
    fact_sound="소리",
    fact_moments="장면",
    fact_added="추가",
    fact_source="출처",
    fact_edits="편집",
    fact_id="아이디",
    fact_content="내용 지문",
    rate="초당 {rate}프레임",
    rate_varies="초당 {rate}프레임, 일정하지 않음",
    sound_none="없음",
    edits_none="아직 없음",
    edits_of_one="{actor} 1회",
    edits_of_many="{actor} {count}회",
    lineage="정보의 출처",
    lineage_hint="화살표가 가져오는 것을 읽어 각 단계가 만들어져요. 누르면 무엇이 만들었는지 볼 수 있어요.",
    graph="단계",
    stage_done="완료",
    stage_running="처리 중",
    stage_failed="실패",
    stage_waiting="대기",
    stage_stale="오래됨",
    stage_unfinished="일부 빠짐",
    took="{time} 걸림",
    not_done_yet="아직 안 함",
    waits_for="기다리는 단계: {stages}",
    stale_inputs="그 뒤에 바뀐 단계: {stages}",
    stale_model="최근 영상은 {model} 모델로 처리돼요",
    stands_still="전에 만든 것은 그대로 있어요.",
    run="실행",
    imported_run="{name}에서 가져옴",
    settings="설정",
    seconds="{seconds}초",
    minutes="{minutes}분 {seconds}초",
    hours="{hours}시간 {minutes}분",
    name_video="파일 확인",
    name_proxy="브라우저용 사본",
    name_sampling="장면 분할",
    name_transcript="대사",
    name_faces="얼굴 찾기",
    name_face_tracks="얼굴 추적",
    name_face_labels="인물 이름",
    name_objects="사물",
    name_captions="설명",
    name_korean_captions="한국어 설명",
    name_segments="장면 정리",
    name_segment_embeddings="검색 색인",
    name_previews="미리보기",
)

LIBRARY: Final[dict[Language, LibraryTexts]] = {"ko": KOREAN, "en": ENGLISH}

NAMED_STAGES: Final = tuple(
    field.name.removeprefix("name_") for field in fields(LibraryTexts) if field.name.startswith("name_")
)
"""Stages that have a name for people."""
