"""Sentences of the search page and its player, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    # searching
    search_label: str
    search_placeholder: str
    start_title: str
    start_hint: str
    start_people: str
    library_size: str
    results_label: str
    results_one: str
    results_many: str
    results_seconds: str
    more: str
    sum_up: str
    summing_up: str
    answer_label: str
    answer_others: str
    answer_by_model: str
    answer_by_template: str
    nothing_title: str
    nothing_hint: str
    processing_title: str
    processing_hint: str
    moment_gone: str
    weak_title: str
    weak_hint: str
    relaxed_title: str
    relaxed_hint: str
    weaker: str
    similar: str
    similar_short: str
    similar_to: str
    select: str

    # what was understood of a query
    kind_person: str
    kind_group: str
    kind_phrase: str
    kind_object: str
    kind_video: str
    kind_after: str
    kind_before: str
    kind_longer: str
    kind_shorter: str
    kind_state: str
    kind_rest: str
    state_edited: str
    state_untranslated: str
    chip_not: str
    chip_change: str
    chip_remove: str
    chip_typo: str
    chip_likely: str
    choice_remove: str
    choice_words: str
    choice_other: str

    # the tools beside the box
    filters: str
    filters_on: str
    filter_people: str
    filter_objects: str
    filter_objects_hint: str
    filter_videos: str
    filter_any: str
    filter_longer: str
    filter_shorter: str
    filter_after: str
    filter_before: str
    filter_edited: str
    filter_untranslated: str
    apply: str
    clear: str
    face: str
    face_photo: str
    face_hint: str
    face_finding: str
    face_of: str
    face_none_title: str
    face_none_hint: str
    appearances_one: str
    appearances_many: str
    likeness: str
    unnamed: str
    kept: str
    export: str
    export_some: str
    saved_searches: str
    recent_searches: str
    save_name: str
    save: str
    kept_none: str
    forget: str

    # a moment
    play_moment: str
    preview_alt: str
    no_caption: str
    not_translated: str
    said: str
    seconds: str
    match: str
    meaning: str
    words: str
    people: str
    recognised: str
    confirmed: str
    segments_many: str
    best_part: str
    strip: str
    objects: str

    # the player
    player_label: str
    player_empty: str
    why_imported: str
    why_missing: str
    why_format: str
    why_browser: str
    play: str
    pause: str
    from_start: str
    frame_back: str
    frame_forward: str
    loop: str
    speed: str
    copy_link: str
    copied: str
    range_label: str
    transcript: str
    subtitles: str
    download_srt: str
    download_vtt: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = Texts(
    search_label="Search moments",
    search_placeholder="A scene, a person, or what is said",
    start_title="Find the moment",
    start_hint="Say in Korean or English what is seen or said, or who is there. Press a result to play it.",
    start_people="People in this library",
    library_size="{videos} · {moments}",
    results_label="Results",
    results_one="1 moment",
    results_many="{count} best moments",
    results_seconds="{seconds} s",
    more="Show more",
    sum_up="Sum up",
    summing_up="Summing up…",
    answer_label="Summary of the results",
    answer_others="{count} more",
    answer_by_model="Written by {model} from the results",
    answer_by_template="Put together from the results, without a language model",
    nothing_title="No moment matches",
    nothing_hint="Try fewer or other words, or only a name.",
    processing_title="The videos are being processed",
    processing_hint="Nothing can be searched yet. The Library page shows how far each video has come.",
    moment_gone="The moment in this link is no longer in the library.",
    weak_title="Nothing matches well",
    weak_hint="These moments come nearest.",
    relaxed_title="No moment has all that you asked for",
    relaxed_hint="These come nearest. Take away a condition above to see more.",
    weaker="Weaker matches",
    similar="Similar moments",
    similar_short="Similar",
    similar_to="Similar to",
    select="Select",
    kind_person="Person",
    kind_group="Group",
    kind_phrase="Exactly",
    kind_object="Object",
    kind_video="Video",
    kind_after="After",
    kind_before="Before",
    kind_longer="At least",
    kind_shorter="At most",
    kind_state="Only",
    kind_rest="Scene",
    state_edited="edited by a person",
    state_untranslated="not translated",
    chip_not="not {text}",
    chip_change="Change {text}",
    chip_remove="Remove {text}",
    chip_typo="“{typed}” was read as {text}",
    chip_likely="“{typed}” may be a name: {text} comes first, nothing is left out",
    choice_remove="Remove",
    choice_words="Search “{text}” as words",
    choice_other="{text} instead",
    filters="Filters",
    filters_on="Filters ({count})",
    filter_people="People on screen",
    filter_objects="Objects",
    filter_objects_hint="dog, umbrella",
    filter_videos="Videos",
    filter_any="Any",
    filter_longer="At least, seconds",
    filter_shorter="At most, seconds",
    filter_after="Added from",
    filter_before="Added before",
    filter_edited="Only edited by a person",
    filter_untranslated="Only untranslated",
    apply="Apply",
    clear="Clear",
    face="Find a face",
    face_photo="A photo with a face",
    face_hint="The photo is used for this search alone and is not kept.",
    face_finding="Looking for the face…",
    face_of="Face in",
    face_none_title="This face does not appear in the library",
    face_none_hint="Try a larger, sharper photo that looks at the camera.",
    appearances_one="1 appearance",
    appearances_many="{count} appearances",
    likeness="Likeness {percent} %",
    unnamed="Not named yet",
    kept="Saved",
    export="Export",
    export_some="Export ({count})",
    saved_searches="Saved searches",
    recent_searches="Recent searches",
    save_name="Save this search as",
    save="Save",
    kept_none="Searches you make or save appear here.",
    forget="Remove {name} from the list",
    play_moment="Play {title}, {span}",
    preview_alt="Preview of {title}, {span}",
    no_caption="No caption yet",
    not_translated="not translated",
    said="Said",
    seconds="{seconds} s",
    match="Match {percent} %",
    meaning="Meaning",
    words="Words",
    people="People",
    recognised="{name}: recognised, {percent} % sure",
    confirmed="{name}: confirmed by a person",
    segments_many="{count} segments",
    best_part="The best part",
    strip="Segments of this result",
    objects="Objects",
    player_label="Player",
    player_empty="Press a result to play its moment here.",
    why_imported="This video came from another system's catalogue: its captions can be searched, but there is no "
    "video file to play.",
    why_missing="The video file is no longer in the store, so it cannot be played. Add it again to bring it back.",
    why_format="Browsers cannot play this format ({format}). A playable copy is being made; until then you see "
    "the preview.",
    why_browser="This browser could not play the video. The preview shows the moment.",
    play="Play (Space)",
    pause="Pause (Space)",
    from_start="Back to the start of the moment (Home)",
    frame_back="One frame back (,)",
    frame_forward="One frame forward (.)",
    loop="Repeat the moment",
    speed="Speed",
    copy_link="Copy link",
    copied="Link copied",
    range_label="Position in the moment",
    transcript="What is said",
    subtitles="Subtitles",
    download_srt="Subtitles (SRT)",
    download_vtt="Subtitles (WebVTT)",
)

KOREAN: Final = Texts(
    search_label="장면 검색",
    search_placeholder="장면, 인물, 대사로 찾기",
    start_title="찾고 싶은 장면을 적어 보세요",
    start_hint="보이는 것, 나오는 사람, 들리는 말을 한국어나 영어로 적으세요. 결과를 누르면 바로 재생됩니다.",
    start_people="보관함에 있는 인물",
    library_size="{videos} · {moments}",
    results_label="검색 결과",
    results_one="장면 1개",
    results_many="가까운 장면 {count}개",
    results_seconds="{seconds}초",
    more="더 보기",
    sum_up="요약",
    summing_up="요약하는 중…",
    answer_label="검색 결과 요약",
    answer_others="외 {count}개",
    answer_by_model="{model} 작성 · 장면 근거는 검색 결과",
    answer_by_template="언어 모델 없이 검색 결과로 작성",
    nothing_title="맞는 장면이 없어요",
    nothing_hint="단어를 줄이거나 다른 말로 바꿔 보세요. 이름만 적어도 됩니다.",
    processing_title="영상을 처리하고 있어요",
    processing_hint="아직 검색할 수 있는 장면이 없어요. 보관함에서 영상별 진행 상황을 볼 수 있습니다.",
    moment_gone="이 링크의 장면은 이제 보관함에 없어요.",
    weak_title="잘 맞는 장면이 없어요",
    weak_hint="그나마 가까운 장면을 보여 드려요.",
    relaxed_title="조건에 모두 맞는 장면이 없어요",
    relaxed_hint="가장 가까운 장면을 보여 드려요. 위의 조건을 빼면 더 찾을 수 있어요.",
    weaker="덜 맞는 장면",
    similar="비슷한 장면",
    similar_short="비슷한 장면",
    similar_to="이 장면과 비슷한",
    select="선택",
    kind_person="인물",
    kind_group="그룹",
    kind_phrase="그대로",
    kind_object="사물",
    kind_video="영상",
    kind_after="이후",
    kind_before="이전",
    kind_longer="최소",
    kind_shorter="최대",
    kind_state="상태",
    kind_rest="장면",
    state_edited="사람이 고침",
    state_untranslated="번역 안 됨",
    chip_not="{text} 제외",
    chip_change="{text} 바꾸기",
    chip_remove="{text} 빼기",
    chip_typo="“{typed}” → {text}: 오타로 보고 바꿨어요",
    chip_likely="“{typed}”: 이름일 수도 있어서 {text} 나오는 장면을 먼저 보여 드려요",
    choice_remove="빼기",
    choice_words="“{text}” 낱말로 찾기",
    choice_other="대신 {text}",
    filters="필터",
    filters_on="필터 {count}개",
    filter_people="나오는 인물",
    filter_objects="보이는 사물",
    filter_objects_hint="예: 개, 우산",
    filter_videos="영상",
    filter_any="전체",
    filter_longer="최소 길이(초)",
    filter_shorter="최대 길이(초)",
    filter_after="이 날부터 추가",
    filter_before="이 날 전에 추가",
    filter_edited="사람이 고친 장면만",
    filter_untranslated="번역 안 된 장면만",
    apply="적용",
    clear="초기화",
    face="얼굴로 찾기",
    face_photo="얼굴이 나온 사진",
    face_hint="사진은 이번 검색에만 쓰고 저장하지 않아요.",
    face_finding="얼굴을 찾는 중…",
    face_of="얼굴 사진",
    face_none_title="보관함에 이 얼굴이 나오는 장면이 없어요",
    face_none_hint="더 크고 또렷한 정면 사진으로 다시 찾아 보세요.",
    appearances_one="등장 장면 1개",
    appearances_many="등장 장면 {count}개",
    likeness="닮은 정도 {percent}%",
    unnamed="아직 이름 없음",
    kept="내 검색",
    export="내보내기",
    export_some="{count}개 내보내기",
    saved_searches="저장한 검색",
    recent_searches="최근 검색",
    save_name="이 검색을 저장할 이름",
    save="저장",
    kept_none="검색하거나 저장한 내용이 여기에 보여요.",
    forget="목록에서 {name} 지우기",
    play_moment="{title} {span} 재생",
    preview_alt="{title} {span} 미리보기",
    no_caption="아직 설명이 없어요",
    not_translated="번역 안 됨",
    said="대사",
    seconds="{seconds}초",
    match="일치도 {percent}%",
    meaning="의미",
    words="단어",
    people="인물",
    recognised="{name}: 자동 인식, 확신도 {percent}%",
    confirmed="{name}: 사람이 확인함",
    segments_many="구간 {count}개",
    best_part="가장 잘 맞는 부분",
    strip="이 결과의 구간",
    objects="사물",
    player_label="플레이어",
    player_empty="결과를 누르면 여기에서 그 장면이 재생됩니다.",
    why_imported="다른 시스템에서 가져온 목록이라 영상 파일이 없어요. 검색은 되지만 재생할 수는 없습니다.",
    why_missing="영상 파일이 저장소에서 사라져 재생할 수 없어요. 파일을 다시 추가하면 재생됩니다.",
    why_format="브라우저에서 재생할 수 없는 형식이에요({format}). "
    "재생용 사본을 만드는 동안 미리보기로 보여 드려요.",
    why_browser="이 브라우저에서 영상을 재생하지 못했어요. 미리보기로 장면을 보여 드립니다.",
    play="재생 (스페이스)",
    pause="일시정지 (스페이스)",
    from_start="장면 처음으로 (Home)",
    frame_back="한 프레임 뒤로 (,)",
    frame_forward="한 프레임 앞으로 (.)",
    loop="구간 반복",
    speed="속도",
    copy_link="링크 복사",
    copied="복사했어요",
    range_label="장면 안의 위치",
    transcript="대사 전체",
    subtitles="자막",
    download_srt="자막 받기 (SRT)",
    download_vtt="자막 받기 (WebVTT)",
)

TEXTS: Final[dict[Language, Texts]] = {"ko": KOREAN, "en": ENGLISH}
