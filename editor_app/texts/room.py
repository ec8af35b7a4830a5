"""Sentences of the editing room: the timeline, in and out points, keys and the sheet that explains them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class RoomTexts:
    """One language's sentences; `{}` fields are filled in the browser, `_one` is used for a count of 1."""

    # the timeline
    timeline: str
    timeline_tools: str
    timeline_position: str
    lane_shots: str
    lane_segments: str
    lane_speech: str
    segment_edited: str
    segment_model: str
    segment_locked: str
    picked_one: str
    picked_many: str
    no_segments: str

    # its tools
    tool_in: str
    tool_out: str
    tool_create: str
    tool_split: str
    tool_merge: str
    tool_delete: str
    tool_undo: str
    tool_redo: str
    tool_zoom_out: str
    tool_zoom_in: str
    tool_fit: str

    # why a tool does nothing now
    hint_create: str
    hint_split: str
    hint_merge: str
    hint_delete: str
    hint_other: str
    hint_locked: str
    hint_edge: str
    no_answer: str

    # what was done, for those who listen
    told_in: str
    told_out: str
    told_cleared: str
    told_forwards: str
    told_backwards: str
    told_stopped: str

    # the help sheet
    help_title: str
    help_open: str
    help_close: str
    help_playing: str
    help_points: str
    help_editing: str
    help_timeline: str
    help_page: str
    help_play: str
    help_shuttle: str
    help_slow: str
    help_frame: str
    help_second: str
    help_cut: str
    help_ends: str
    help_in_out: str
    help_go_in_out: str
    help_clear: str
    help_split: str
    help_merge: str
    help_create: str
    help_edges: str
    help_delete: str
    help_undo: str
    help_redo: str
    help_zoom: str
    help_wheel: str
    help_pan: str
    help_press: str
    help_pick: str
    help_edge: str
    help_free: str
    help_alone: str
    help_search: str
    help_help: str
    help_escape: str

    # keys and gestures that have names
    key_space: str
    key_wheel: str
    key_drag: str
    key_press: str
    key_drag_edge: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = RoomTexts(
    timeline="Timeline",
    timeline_tools="Tools of the timeline",
    timeline_position="Position in the video",
    lane_shots="Shots",
    lane_segments="Segments",
    lane_speech="Speech",
    segment_edited="edited by a person",
    segment_model="by the models",
    segment_locked="locked",
    picked_one="1 segment selected",
    picked_many="{count} segments selected",
    no_segments="This video has no segments yet",
    tool_in="In point at the playhead",
    tool_out="Out point at the playhead",
    tool_create="New segment from in to out",
    tool_split="Split at the playhead",
    tool_merge="Merge the selection",
    tool_delete="Delete",
    tool_undo="Undo",
    tool_redo="Redo",
    tool_zoom_out="Zoom out",
    tool_zoom_in="Zoom in",
    tool_fit="Fit the moment, then the whole video",
    hint_create="Set an in point (I) and an out point (O) first.",
    hint_split="Put the playhead inside a segment first.",
    hint_merge="Select two segments or more: Shift or Ctrl and press.",
    hint_delete="Choose a segment first.",
    hint_other="The timeline of this video is still loading.",
    hint_locked="This segment is locked.",
    hint_edge="The edge cannot go there: a frame must be left of this segment and the one beside it.",
    no_answer="The server did not answer. Look whether the change is there before you try again.",
    told_in="In point at {time}",
    told_out="Out point at {time}",
    told_cleared="In and out points cleared",
    told_forwards="Forwards, {speed} times",
    told_backwards="Backwards, {speed} times",
    told_stopped="Stopped at {time}",
    help_title="Keys and gestures",
    help_open="Keys and gestures",
    help_close="Close",
    help_playing="Playing",
    help_points="In and out points",
    help_editing="Editing",
    help_timeline="Timeline",
    help_page="Page",
    help_play="Play or pause",
    help_shuttle="Backwards, stop, forwards; press again to go faster",
    help_slow="Hold K for one frame back or forward",
    help_frame="One frame back or forward",
    help_second="One second back or forward",
    help_cut="Previous or next cut",
    help_ends="Start or end of the moment",
    help_in_out="Set the in or out point at the playhead",
    help_go_in_out="Go to the in or out point",
    help_clear="Clear both",
    help_split="Split the segment under the playhead",
    help_merge="Merge the selected segments",
    help_create="New segment from in to out",
    help_edges="Start or end of the chosen segment to the playhead",
    help_delete="Delete the selected or chosen segment",
    help_undo="Undo your last edit",
    help_redo="Redo it",
    help_zoom="Zoom in, out, fit",
    help_wheel="Zoom around the pointer",
    help_pan="Move along the video",
    help_press="Choose a segment, or go to a place",
    help_pick="Select a range, or one more",
    help_edge="Move an edge; the neighbour follows",
    help_free="Without snapping",
    help_alone="The neighbour stays",
    help_search="Go to the search box",
    help_help="This sheet",
    help_escape="Break off a drag, clear the selection",
    key_space="Space",
    key_wheel="wheel",
    key_drag="drag",
    key_press="press",
    key_drag_edge="drag an edge",
)

KOREAN: Final = RoomTexts(
    timeline="타임라인",
    timeline_tools="타임라인 도구",
    timeline_position="영상 안의 위치",
    lane_shots="샷",
    lane_segments="구간",
    lane_speech="대사",
    segment_edited="사람이 고침",
    segment_model="모델이 만듦",
    segment_locked="잠김",
    picked_one="구간 1개 선택",
    picked_many="구간 {count}개 선택",
    no_segments="이 영상에는 아직 구간이 없어요",
    tool_in="재생 위치에 시작점 찍기",
    tool_out="재생 위치에 끝점 찍기",
    tool_create="시작점과 끝점으로 새 구간",
    tool_split="재생 위치에서 나누기",
    tool_merge="선택한 구간 합치기",
    tool_delete="삭제",
    tool_undo="실행 취소",
    tool_redo="다시 실행",
    tool_zoom_out="축소",
    tool_zoom_in="확대",
    tool_fit="장면에 맞추기, 한 번 더 누르면 영상 전체",
    hint_create="먼저 시작점(I)과 끝점(O)을 찍어 주세요.",
    hint_split="먼저 재생 위치를 구간 안으로 옮겨 주세요.",
    hint_merge="구간을 두 개 이상 선택해 주세요. Shift나 Ctrl을 누른 채 고르면 돼요.",
    hint_delete="먼저 구간을 골라 주세요.",
    hint_other="이 영상의 타임라인을 불러오는 중이에요.",
    hint_locked="잠긴 구간이에요.",
    hint_edge="경계를 거기로 옮길 수 없어요. 이 구간과 옆 구간에 한 프레임은 남아야 해요.",
    no_answer="서버가 응답하지 않았어요. 바뀌었는지 확인한 뒤 다시 해 보세요.",
    told_in="시작점 {time}",
    told_out="끝점 {time}",
    told_cleared="시작점과 끝점을 지웠어요",
    told_forwards="{speed}배속 재생",
    told_backwards="{speed}배속 되감기",
    told_stopped="{time}에서 멈춤",
    help_title="단축키와 조작",
    help_open="단축키와 조작",
    help_close="닫기",
    help_playing="재생",
    help_points="시작점과 끝점",
    help_editing="편집",
    help_timeline="타임라인",
    help_page="페이지",
    help_play="재생, 일시정지",
    help_shuttle="되감기, 정지, 재생. 거듭 누르면 빨라져요",
    help_slow="K를 누른 채 한 프레임씩",
    help_frame="한 프레임 앞뒤로",
    help_second="1초 앞뒤로",
    help_cut="이전, 다음 컷",
    help_ends="장면의 처음, 끝",
    help_in_out="재생 위치에 시작점, 끝점 찍기",
    help_go_in_out="시작점, 끝점으로 가기",
    help_clear="둘 다 지우기",
    help_split="재생 위치의 구간 나누기",
    help_merge="선택한 구간 합치기",
    help_create="시작점과 끝점으로 새 구간",
    help_edges="고른 구간의 시작, 끝을 재생 위치로",
    help_delete="선택하거나 고른 구간 삭제",
    help_undo="마지막 편집 취소",
    help_redo="취소한 편집 다시 실행",
    help_zoom="확대, 축소, 맞추기",
    help_wheel="포인터를 중심으로 확대, 축소",
    help_pan="앞뒤로 옮겨 보기",
    help_press="구간 고르기, 그 위치로 가기",
    help_pick="범위 선택, 하나 더 선택",
    help_edge="경계 옮기기. 옆 구간도 따라와요",
    help_free="딱 맞추기 끄기",
    help_alone="옆 구간은 그대로",
    help_search="검색창으로 가기",
    help_help="이 안내",
    help_escape="끌기 그만두기, 선택 풀기",
    key_space="스페이스",
    key_wheel="휠",
    key_drag="끌기",
    key_press="누르기",
    key_drag_edge="경계 끌기",
)

ROOM: Final[dict[Language, RoomTexts]] = {"ko": KOREAN, "en": ENGLISH}
