"""Sentences of the export, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class ExportTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    # what leaves
    title: str
    what: str
    what_selection: str
    what_results: str
    what_video: str
    nothing: str
    items_one: str
    items_many: str

    # forms, by kind
    kind: str
    kind_timeline: str
    kind_subtitles: str
    kind_texts: str
    kind_media: str
    form: str
    form_csv: str
    form_txt: str
    form_json: str
    form_clips: str
    form_reel: str
    about_fcpxml: str
    about_otio: str
    about_edl: str
    about_srt: str
    about_vtt: str
    about_ass: str
    about_csv: str
    about_txt: str
    about_json: str
    about_clips: str
    about_reel: str
    about_gif: str

    # what is written of it
    text: str
    text_any: str
    text_ko: str
    text_en: str
    text_speech: str
    times: str
    times_reel: str
    times_video: str

    # files
    download: str
    make_one: str
    make_clips_many: str
    make_gif_many: str
    make_reel_many: str
    offline_one: str
    offline_many: str
    no_files: str
    others: str
    names_clips: str

    # files that take time
    waiting: str
    making: str
    packing: str
    progress: str
    cancel: str
    cancelled: str
    failed: str
    lost: str
    ready: str
    fetch: str
    left_out: str
    again: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = ExportTexts(
    title="Export",
    what="What to export",
    what_selection="Selection ({count})",
    what_results="All results ({count})",
    what_video="Whole video",
    nothing="Choose segments or a video first.",
    items_one="1 piece",
    items_many="{count} pieces",
    kind="Kind of file",
    kind_timeline="Timeline",
    kind_subtitles="Subtitles",
    kind_texts="Text and data",
    kind_media="Video",
    form="Form",
    form_csv="Table (CSV)",
    form_txt="Text",
    form_json="Segments (JSON)",
    form_clips="Clips",
    form_reel="One reel",
    about_fcpxml="Final Cut Pro and DaVinci Resolve, with captions as markers",
    about_otio="DaVinci Resolve and newer Premiere Pro",
    about_edl="Premiere Pro, Avid and Resolve; one frame rate only",
    about_srt="Every player and editing program",
    about_vtt="For web pages",
    about_ass="For Aegisub and players that show styles",
    about_csv="A row a piece: times, captions, people, for Excel",
    about_txt="A caption or phrase a line",
    about_json="All that is known, to read or to import again",
    about_clips="An MP4 each, exact to the frame, in one ZIP",
    about_reel="All pieces joined in one MP4",
    about_gif="Moving pictures without sound, in one ZIP",
    text="Text",
    text_any="Captions, Korean first",
    text_ko="Korean captions",
    text_en="English captions",
    text_speech="What is said",
    times="Times of",
    times_reel="the pieces joined",
    times_video="the video itself",
    download="Download {form}",
    make_one="Make 1 file",
    make_clips_many="Make {count} clips",
    make_gif_many="Make {count} moving pictures",
    make_reel_many="Join {count} pieces",
    offline_one="There is no file of “{title}”: timelines show it offline, clips leave it out.",
    offline_many="{count} videos have no file ({titles}): timelines show them offline, clips leave them out.",
    no_files="None of these videos has a file, so no video can be made. Timelines and texts work.",
    others="{titles} and {count} more",
    names_clips="{title} clips",
    waiting="Waiting for another export…",
    making="{done} of {total}",
    packing="Putting it together…",
    progress="Progress of the export",
    cancel="Cancel",
    cancelled="Cancelled",
    failed="It could not be made. Try again; if it fails again, the log of the server says why.",
    lost="The server cannot be reached right now.",
    ready="Ready",
    fetch="Download {name} ({size})",
    left_out="Left out",
    again="Make another",
)

KOREAN: Final = ExportTexts(
    title="내보내기",
    what="내보낼 것",
    what_selection="선택 {count}개",
    what_results="검색 결과 {count}개",
    what_video="영상 전체",
    nothing="먼저 구간이나 영상을 골라 주세요.",
    items_one="구간 1개",
    items_many="구간 {count}개",
    kind="파일 종류",
    kind_timeline="타임라인",
    kind_subtitles="자막",
    kind_texts="글과 자료",
    kind_media="영상",
    form="형식",
    form_csv="표 (CSV)",
    form_txt="텍스트",
    form_json="구간 (JSON)",
    form_clips="클립",
    form_reel="이어 붙인 영상",
    about_fcpxml="Final Cut Pro, DaVinci Resolve용. 설명이 마커로 들어가요",
    about_otio="DaVinci Resolve, 최신 Premiere Pro용",
    about_edl="Premiere Pro, Avid, Resolve용. 프레임 속도가 같아야 해요",
    about_srt="거의 모든 플레이어와 편집 프로그램용",
    about_vtt="웹 페이지용",
    about_ass="Aegisub처럼 꾸밀 수 있는 자막용",
    about_csv="한 줄에 하나씩 시간, 설명, 인물. 엑셀에서 열 수 있어요",
    about_txt="한 줄에 설명이나 대사 하나",
    about_json="아는 내용 전부. 다시 가져올 수도 있어요",
    about_clips="프레임 단위로 정확한 MP4를 하나씩, ZIP으로 묶어요",
    about_reel="모두 이어 붙인 MP4 하나",
    about_gif="소리 없는 움직이는 그림, ZIP으로 묶어요",
    text="내용",
    text_any="설명 (한국어 우선)",
    text_ko="한국어 설명",
    text_en="영어 설명",
    text_speech="대사",
    times="시간 기준",
    times_reel="이어 붙인 영상",
    times_video="원본 영상",
    download="{form} 받기",
    make_one="파일 1개 만들기",
    make_clips_many="클립 {count}개 만들기",
    make_gif_many="움직이는 그림 {count}개 만들기",
    make_reel_many="{count}개 이어 붙이기",
    offline_one="“{title}”의 영상 파일이 없어요. 타임라인에는 오프라인으로 보이고 클립에서는 빠져요.",
    offline_many="영상 {count}개의 파일이 없어요({titles}). 타임라인에는 오프라인으로 보이고 클립에서는 빠져요.",
    no_files="이 영상들은 파일이 없어 영상을 만들 수 없어요. 타임라인과 글은 내보낼 수 있어요.",
    others="{titles} 외 {count}개",
    names_clips="{title} 클립",
    waiting="다른 내보내기가 끝나기를 기다리는 중…",
    making="{total}개 중 {done}개",
    packing="마무리하는 중…",
    progress="내보내기 진행 상황",
    cancel="취소",
    cancelled="취소했어요",
    failed="만들지 못했어요. 다시 해 보고, 그래도 안 되면 서버 기록을 확인해 주세요.",
    lost="지금 서버에 연결할 수 없어요.",
    ready="완료",
    fetch="{name} 받기 ({size})",
    left_out="빠진 것",
    again="다른 파일 만들기",
)

EXPORT: Final[dict[Language, ExportTexts]] = {"ko": KOREAN, "en": ENGLISH}
