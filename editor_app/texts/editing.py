"""Sentences of editing segments: the inspector, what became of an edit, conflicts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class EditingTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    # the segment at hand
    inspector: str
    segment_number: str
    history_link: str
    caption_ko: str
    caption_en: str
    write_caption: str
    caption_hint: str
    too_long: str
    by_person: str
    by_model: str
    by_person_tip: str
    by_model_tip: str
    model_says: str
    model_silent: str
    offer: str
    use_model: str
    keep_mine: str
    suggest_before: str
    suggest_after: str
    on_screen: str
    nobody: str
    add_person: str
    no_such_person: str
    remove_person: str
    not_here: str
    put_back: str
    sure: str
    seen_by_model: str
    not_seen_by_model: str
    lock: str
    unlock: str
    locked_note: str
    delete: str
    viewer_note: str
    # several at once
    selected_many: str
    selected_one: str
    clear_selection: str
    bulk_caption: str
    bulk_write: str
    bulk_add: str
    bulk_remove: str
    bulk_models: str
    merge: str
    merge_hint: str
    export: str
    # what became of it
    done_captions: str
    done_people: str
    done_models: str
    done_keep: str
    done_delete: str
    done_restore: str
    done_lock: str
    done_unlock: str
    done_create: str
    done_move: str
    done_merge: str
    done_split: str
    done_undo: str
    done_redo: str
    done_revert: str
    done_nothing: str
    nothing_to_undo: str
    nothing_to_redo: str
    dismiss: str
    # two people at once
    conflict_title: str
    conflict_by: str
    conflict_by_run: str
    theirs: str
    mine: str
    keep_theirs: str
    write_mine: str
    edit_on: str
    door_web: str
    door_cli: str
    door_slack: str
    door_import: str
    door_sensor: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = EditingTexts(
    inspector="Segment",
    segment_number="Segment {id}",
    history_link="History",
    caption_ko="Korean caption",
    caption_en="English caption",
    write_caption="Write a caption",
    caption_hint="Ctrl+Enter saves, Esc puts it back",
    too_long="{count} characters too long",
    by_person="Person",
    by_model="Model",
    by_person_tip="Written by a person: no model changes it",
    by_model_tip="Written by a model: it may change with the next run",
    model_says="The model says",
    model_silent="The model says nothing",
    offer="The model says something new",
    use_model="Use the model's",
    keep_mine="Keep mine",
    suggest_before="As in the segment before",
    suggest_after="As in the segment after",
    on_screen="People on screen",
    nobody="Nobody yet",
    add_person="Add a person",
    no_such_person="Nobody is called that",
    remove_person="{name} is not here",
    not_here="Not here",
    put_back="{name} is here after all",
    sure="{percent} % sure",
    seen_by_model="The model sees {name} here",
    not_seen_by_model="The model no longer sees {name} here",
    lock="Lock",
    unlock="Unlock",
    locked_note="Locked: unlock it to change anything.",
    delete="Delete",
    viewer_note="You can look, but not change things.",
    selected_many="{count} segments selected",
    selected_one="1 segment selected",
    clear_selection="Clear the selection",
    bulk_caption="The same caption for all",
    bulk_write="Write it into {count} segments",
    bulk_add="Add to all",
    bulk_remove="Not in any of them",
    bulk_models="Give back to the models",
    merge="Merge",
    merge_hint="Merging takes two segments or more of one video.",
    export="Export",
    done_captions="Caption saved",
    done_people="People saved",
    done_models="The model's is used",
    done_keep="Yours is kept",
    done_delete="Deleted",
    done_restore="Restored",
    done_lock="Locked",
    done_unlock="Unlocked",
    done_create="New segment made",
    done_move="Edge moved",
    done_merge="Merged",
    done_split="Split",
    done_undo="Undone",
    done_redo="Done again",
    done_revert="Taken back",
    done_nothing="It was like that already",
    nothing_to_undo="There is nothing of yours to undo",
    nothing_to_redo="There is nothing to do again",
    dismiss="Dismiss",
    conflict_title="Somebody else changed this meanwhile",
    conflict_by="{actor} changed it at {time} ({door}). Nothing of yours is lost.",
    conflict_by_run="It changed since you looked at it. Nothing of yours is lost.",
    theirs="As it is now",
    mine="Yours",
    keep_theirs="Keep what is there",
    write_mine="Save mine over it",
    edit_on="Go on editing",
    door_web="web page",
    door_cli="command line",
    door_slack="Slack",
    door_import="import",
    door_sensor="pipeline",
)

KOREAN: Final = EditingTexts(
    inspector="구간",
    segment_number="구간 {id}",
    history_link="기록",
    caption_ko="한국어 설명",
    caption_en="영어 설명",
    write_caption="설명을 적어 주세요",
    caption_hint="Ctrl+Enter로 저장, Esc로 되돌리기",
    too_long="{count}자 초과",
    by_person="사람",
    by_model="모델",
    by_person_tip="사람이 쓴 내용이라 모델이 바꾸지 않아요",
    by_model_tip="모델이 쓴 내용이라 다음 처리 때 바뀔 수 있어요",
    model_says="모델의 설명",
    model_silent="모델의 설명이 없어요",
    offer="모델의 설명이 새로 바뀌었어요",
    use_model="모델 것으로",
    keep_mine="내 것 유지",
    suggest_before="앞 구간과 같게",
    suggest_after="뒤 구간과 같게",
    on_screen="나오는 인물",
    nobody="아직 없음",
    add_person="인물 추가",
    no_such_person="그런 이름의 인물이 없어요",
    remove_person="{name} 없음으로 표시",
    not_here="없음",
    put_back="{name} 다시 추가",
    sure="확신도 {percent}%",
    seen_by_model="모델은 {name} 나온다고 봐요",
    not_seen_by_model="모델은 이제 {name} 안 나온다고 봐요",
    lock="잠그기",
    unlock="잠금 풀기",
    locked_note="잠긴 구간이에요. 고치려면 잠금을 푸세요.",
    delete="삭제",
    viewer_note="볼 수만 있고 고칠 수는 없어요.",
    selected_many="구간 {count}개 선택",
    selected_one="구간 1개 선택",
    clear_selection="선택 해제",
    bulk_caption="모두 같은 설명으로",
    bulk_write="구간 {count}개에 쓰기",
    bulk_add="모두에 추가",
    bulk_remove="모두에서 빼기",
    bulk_models="모델 것으로 되돌리기",
    merge="합치기",
    merge_hint="한 영상의 구간을 두 개 이상 골라야 합칠 수 있어요.",
    export="내보내기",
    done_captions="설명을 저장했어요",
    done_people="인물을 저장했어요",
    done_models="모델 것으로 바꿨어요",
    done_keep="내 것을 유지해요",
    done_delete="삭제했어요",
    done_restore="되살렸어요",
    done_lock="잠갔어요",
    done_unlock="잠금을 풀었어요",
    done_create="새 구간을 만들었어요",
    done_move="경계를 옮겼어요",
    done_merge="합쳤어요",
    done_split="나눴어요",
    done_undo="실행 취소했어요",
    done_redo="다시 실행했어요",
    done_revert="되돌렸어요",
    done_nothing="이미 그대로예요",
    nothing_to_undo="취소할 내 작업이 없어요",
    nothing_to_redo="다시 실행할 작업이 없어요",
    dismiss="닫기",
    conflict_title="그 사이 다른 사람이 고쳤어요",
    conflict_by="{actor} 님이 {time}에 고쳤어요({door}). 내가 쓴 내용은 그대로 있어요.",
    conflict_by_run="보고 있던 사이에 바뀌었어요. 내가 쓴 내용은 그대로 있어요.",
    theirs="지금 내용",
    mine="내 내용",
    keep_theirs="지금 내용 유지",
    write_mine="내 내용으로 저장",
    edit_on="계속 고치기",
    door_web="웹",
    door_cli="명령줄",
    door_slack="슬랙",
    door_import="가져오기",
    door_sensor="파이프라인",
)

EDITING: Final[dict[Language, EditingTexts]] = {"ko": KOREAN, "en": ENGLISH}
