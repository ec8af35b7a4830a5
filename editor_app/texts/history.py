"""Sentences of the history, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class HistoryTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1.

    `name_KIND` says what an operation is, `did_...` tells that somebody did it.
    """

    # the page
    title: str
    today: str
    yesterday: str
    older: str
    nothing_title: str
    nothing_hint: str
    none_match_title: str
    none_match_hint: str
    filter_actor: str
    filter_video: str
    filter_door: str
    filter_kind: str
    any_actor: str
    any_video: str
    any_door: str
    any_kind: str
    only_segment: str
    only_person: str
    only_before: str
    remove_filter: str
    undo: str
    redo: str
    undo_what: str
    redo_what: str
    undo_nothing: str
    redo_nothing: str

    # ways in
    door_web: str
    door_cli: str
    door_slack: str
    door_import: str
    door_sensor: str

    # an entry
    play: str
    taken_back: str
    more_one: str
    more_many: str
    rest_many: str
    whole_text: str
    less_text: str
    revert: str
    bring_back: str
    actions: str
    segment_to_here: str
    video_to_here: str
    segment_only: str
    video_only: str
    person_only: str

    # what going back does
    preview_title: str
    preview_again: str
    preview_nothing: str
    later_title_one: str
    later_title_many: str
    later_hint: str
    confirm_revert: str
    confirm_again: str
    confirm_later_one: str
    confirm_later_many: str
    restore_segment_title: str
    restore_video_title: str
    unwound_one: str
    unwound_many: str
    unwound_hint: str
    confirm_restore: str
    cancel: str
    done_revert: str
    done_again: str
    done_restore: str
    done_nothing: str

    # differences
    caption_ko: str
    caption_en: str
    field_range: str
    from_model: str
    to_model: str
    range_model: str
    range_before: str
    range_after: str
    inserted: str
    deleted: str
    person_there: str
    person_gone: str
    person_unknown: str
    state_created: str
    state_uncreated: str
    state_deleted: str
    state_undeleted: str
    state_locked: str
    state_unlocked: str
    field_name: str
    field_group_name: str
    field_aliases: str
    field_dropped_aliases: str
    field_display: str
    field_gender: str
    field_notes: str
    field_merged_into: str
    field_is: str
    field_is_not: str
    field_group: str
    value_female: str
    value_male: str
    taken_mark: str

    # kinds, by group
    group_captions: str
    group_screen: str
    group_cuts: str
    group_names: str
    group_intake: str
    group_back: str

    # what each kind is called
    name_segment_caption: str
    name_segment_people: str
    name_segment_accept: str
    name_segment_keep: str
    name_segment_delete: str
    name_segment_restore: str
    name_segment_lock: str
    name_segment_unlock: str
    name_segment_create: str
    name_segment_range: str
    name_segment_edit: str
    name_segment_merge: str
    name_segment_split: str
    name_people_name: str
    name_people_reject: str
    name_people_merge_clusters: str
    name_people_split: str
    name_people_rename: str
    name_people_group: str
    name_people_aliases: str
    name_people_display: str
    name_people_gender: str
    name_people_merge: str
    name_people_add: str
    name_gallery_photos: str
    name_gallery_take_out: str
    name_gallery_names: str
    name_video_add: str
    name_video_attach: str
    name_video_request: str
    name_video_retry: str
    name_library_relabel: str
    name_catalogue_import: str
    name_import_segments: str
    name_import_captions: str
    name_backup_restore: str
    name_history_undo: str
    name_history_redo: str
    name_history_revert: str
    name_history_restore: str

    # what somebody did; `who` comes with its particle in Korean
    did_caption_ko_one: str
    did_caption_ko_many: str
    did_caption_en_one: str
    did_caption_en_many: str
    did_captions_one: str
    did_captions_many: str
    did_people_one: str
    did_people_many: str
    did_accept_one: str
    did_accept_many: str
    did_keep_one: str
    did_keep_many: str
    did_delete_one: str
    did_delete_many: str
    did_restore_one: str
    did_restore_many: str
    did_lock_one: str
    did_lock_many: str
    did_unlock_one: str
    did_unlock_many: str
    did_create: str
    did_edit_one: str
    did_edit_many: str
    did_range_one: str
    did_range_many: str
    did_merge: str
    did_split: str
    did_name_one: str
    did_name_many: str
    did_reject: str
    did_merge_clusters: str
    did_split_cluster: str
    did_rename: str
    did_group: str
    did_aliases: str
    did_display: str
    did_gender: str
    did_merge_people: str
    did_new_person: str
    did_photos_one: str
    did_photos_many: str
    did_take_out: str
    did_gallery_one: str
    did_gallery_many: str
    did_add: str
    did_attach: str
    did_request: str
    did_retry: str
    did_relabel: str
    did_import_one: str
    did_import_many: str
    did_import_captions_one: str
    did_import_captions_many: str
    did_backup: str
    did_undo: str
    did_redo: str
    did_revert: str
    did_again: str
    did_put_back_one: str
    did_put_back_many: str
    did_other: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def kind(self, name: str) -> str:
        """What an operation of this kind is called; an unknown one is called what the pipeline calls it."""
        known: str | None = getattr(self, f"name_{name.replace('.', '_')}", None)
        return known or name

    def door(self, name: str) -> str:
        known: str | None = getattr(self, f"door_{name}", None)
        return known or name


ENGLISH: Final = HistoryTexts(
    title="History",
    today="Today",
    yesterday="Yesterday",
    older="Show older changes",
    nothing_title="Nothing was changed yet",
    nothing_hint="Every edit of captions, people and segments appears here, and can be taken back.",
    none_match_title="No change matches",
    none_match_hint="Take away a filter to see more.",
    filter_actor="Who",
    filter_video="Video",
    filter_door="Through",
    filter_kind="What",
    any_actor="Everybody",
    any_video="All videos",
    any_door="Every way in",
    any_kind="All changes",
    only_segment="Segment {id}",
    only_person="About {name}",
    only_before="Before change {number}",
    remove_filter="Remove the filter {name}",
    undo="Undo",
    redo="Redo",
    undo_what="Undo: {what}",
    redo_what="Do again: {what}",
    undo_nothing="There is nothing of yours to undo",
    redo_nothing="There is nothing to do again",
    door_web="web page",
    door_cli="command line",
    door_slack="Slack",
    door_import="import",
    door_sensor="pipeline",
    play="Go to this moment",
    taken_back="Taken back by {who}",
    more_one="1 more change in it",
    more_many="{count} more changes in it",
    rest_many="and {count} more, which the list leaves out",
    whole_text="Show all of it",
    less_text="Show less",
    revert="Take back",
    bring_back="Bring back",
    actions="More for change {number}",
    segment_to_here="Put this segment back to right after this",
    video_to_here="Put this video back to right after this",
    segment_only="History of this segment",
    video_only="History of this video",
    person_only="History of {name}",
    preview_title="This is what it puts back",
    preview_again="This is what it does again",
    preview_nothing="Everything is like that already.",
    later_title_one="Something was changed on top of it",
    later_title_many="{count} later changes stand on top of it",
    later_hint="They have to be taken back as well, the newest first.",
    confirm_revert="Take it back",
    confirm_again="Do it again",
    confirm_later_one="Take back this one as well",
    confirm_later_many="Take back these {count} as well",
    restore_segment_title="The segment as it was right after change {number}",
    restore_video_title="The video as it was right after change {number}",
    unwound_one="1 later change is unwound.",
    unwound_many="{count} later changes are unwound.",
    unwound_hint="This is a change of its own, and can be taken back.",
    confirm_restore="Put it back",
    cancel="Cancel",
    done_revert="Taken back",
    done_again="Done again",
    done_restore="Put back",
    done_nothing="Nothing had to be changed: it was like that already",
    caption_ko="Korean",
    caption_en="English",
    field_range="Time",
    from_model="Compared with what the models said",
    to_model="Back to what the models say",
    range_model="as the models cut it",
    range_before="Before",
    range_after="After",
    inserted="added: {text}",
    deleted="removed: {text}",
    person_there="{name} is there",
    person_gone="{name} is not there",
    person_unknown="Person {id}",
    state_created="New segment",
    state_uncreated="No longer there",
    state_deleted="Deleted",
    state_undeleted="There again",
    state_locked="Locked",
    state_unlocked="Unlocked",
    field_name="Name",
    field_group_name="Group",
    field_aliases="Also called",
    field_dropped_aliases="Never called",
    field_display="Shown as",
    field_gender="Gender",
    field_notes="Notes",
    field_merged_into="Is the same as",
    field_is="This is",
    field_is_not="This is not",
    field_group="Belongs together",
    value_female="female",
    value_male="male",
    taken_mark="no longer said",
    group_captions="Captions",
    group_screen="People on screen",
    group_cuts="Segments and their edges",
    group_names="Names and faces",
    group_intake="Added and imported",
    group_back="Taken back and restored",
    name_segment_caption="writing captions",
    name_segment_people="correcting people on screen",
    name_segment_accept="taking what the models say",
    name_segment_keep="keeping what people wrote",
    name_segment_delete="deleting segments",
    name_segment_restore="bringing segments back",
    name_segment_lock="locking segments",
    name_segment_unlock="unlocking segments",
    name_segment_create="making a segment",
    name_segment_range="moving an edge",
    name_segment_edit="correcting a segment",
    name_segment_merge="merging segments",
    name_segment_split="splitting a segment",
    name_people_name="naming faces",
    name_people_reject="taking a name off a face",
    name_people_merge_clusters="putting unknown people together",
    name_people_split="taking an unknown person apart",
    name_people_rename="renaming somebody",
    name_people_group="changing a group",
    name_people_aliases="changing other names",
    name_people_display="changing the name shown",
    name_people_gender="changing a gender",
    name_people_merge="putting two people together",
    name_people_add="adding a person",
    name_gallery_photos="adding photos",
    name_gallery_take_out="taking a photo out",
    name_gallery_names="names from the gallery’s list",
    name_video_add="adding a video",
    name_video_attach="adding a video’s file",
    name_video_request="asking for a video",
    name_video_retry="trying a video again",
    name_library_relabel="putting names on faces again",
    name_catalogue_import="importing a catalogue",
    name_import_segments="importing segments",
    name_import_captions="importing captions",
    name_backup_restore="restoring a backup",
    name_history_undo="an undo",
    name_history_redo="a redo",
    name_history_revert="taking something back",
    name_history_restore="putting back to an earlier point",
    did_caption_ko_one="{who} wrote the Korean caption",
    did_caption_ko_many="{who} wrote the Korean captions of {count} segments",
    did_caption_en_one="{who} wrote the English caption",
    did_caption_en_many="{who} wrote the English captions of {count} segments",
    did_captions_one="{who} wrote both captions",
    did_captions_many="{who} wrote both captions of {count} segments",
    did_people_one="{who} corrected who is on screen",
    did_people_many="{who} corrected who is on screen in {count} segments",
    did_accept_one="{who} took what the models say now",
    did_accept_many="{who} took what the models say now for {count} segments",
    did_keep_one="{who} kept what people wrote",
    did_keep_many="{who} kept what people wrote in {count} segments",
    did_delete_one="{who} deleted a segment",
    did_delete_many="{who} deleted {count} segments",
    did_restore_one="{who} brought a deleted segment back",
    did_restore_many="{who} brought {count} deleted segments back",
    did_lock_one="{who} locked a segment",
    did_lock_many="{who} locked {count} segments",
    did_unlock_one="{who} unlocked a segment",
    did_unlock_many="{who} unlocked {count} segments",
    did_create="{who} made a new segment",
    did_edit_one="{who} corrected a segment",
    did_edit_many="{who} corrected a segment and moved its neighbours",
    did_range_one="{who} moved an edge",
    did_range_many="{who} moved an edge, and the neighbours followed",
    did_merge="{who} merged {count} segments into one",
    did_split="{who} split a segment at {time}",
    did_name_one="{who} named a face {person}",
    did_name_many="{who} named {count} faces {person}",
    did_reject="{who} said that a face is not {person}",
    did_merge_clusters="{who} put two unknown people together",
    did_split_cluster="{who} took an unknown person apart into {count}",
    did_rename="{who} renamed {person}",
    did_group="{who} moved {person} to another group",
    did_aliases="{who} changed what else {person} is called",
    did_display="{who} changed how {person} is shown",
    did_gender="{who} changed the gender of {person}",
    did_merge_people="{who} said that {person} and {into} are one",
    did_new_person="{who} added a person: {person}",
    did_photos_one="{who} added a photo of {person}",
    did_photos_many="{who} added {count} photos of {person}",
    did_take_out="{who} took a photo of {person} out",
    did_gallery_one="{who} took the names of 1 person from the gallery’s list",
    did_gallery_many="{who} took the names of {count} people from the gallery’s list",
    did_add="{who} added a video: {title}",
    did_attach="{who} added the file of a video: {title}",
    did_request="{who} asked for a video: {file}",
    did_retry="{who} had a video tried again: {title}",
    did_relabel="{who} had names put on all faces again",
    did_import_one="{who} imported 1 segment from {file}",
    did_import_many="{who} imported {count} segments from {file}",
    did_import_captions_one="{who} imported 1 caption from {file}",
    did_import_captions_many="{who} imported {count} captions from {file}",
    did_backup="{who} restored a backup: {file}",
    did_undo="{who} undid: {what}",
    did_redo="{who} did again: {what}",
    did_revert="{who} took back: {what}",
    did_again="{who} brought back: {what}",
    did_put_back_one="{who} put a segment back to an earlier point",
    did_put_back_many="{who} put {count} segments back to an earlier point",
    did_other="{who}: {kind}",
)

KOREAN: Final = HistoryTexts(
    title="기록",
    today="오늘",
    yesterday="어제",
    older="이전 기록 더 보기",
    nothing_title="아직 바뀐 것이 없어요",
    nothing_hint="설명, 인물, 구간을 고치면 여기에 모두 남고 언제든 되돌릴 수 있어요.",
    none_match_title="조건에 맞는 기록이 없어요",
    none_match_hint="조건을 빼면 더 볼 수 있어요.",
    filter_actor="바꾼 사람",
    filter_video="영상",
    filter_door="경로",
    filter_kind="종류",
    any_actor="모든 사람",
    any_video="모든 영상",
    any_door="모든 경로",
    any_kind="모든 종류",
    only_segment="구간 {id}",
    only_person="{name} 관련",
    only_before="{number}번 이전",
    remove_filter="{name} 조건 빼기",
    undo="실행 취소",
    redo="다시 실행",
    undo_what="취소할 작업: {what}",
    redo_what="다시 할 작업: {what}",
    undo_nothing="취소할 내 작업이 없어요",
    redo_nothing="다시 할 작업이 없어요",
    door_web="웹",
    door_cli="명령줄",
    door_slack="슬랙",
    door_import="가져오기",
    door_sensor="파이프라인",
    play="이 장면 보기",
    taken_back="{who} 되돌렸어요",
    more_one="바뀐 곳 1개 더",
    more_many="바뀐 곳 {count}개 더",
    rest_many="외 {count}개는 목록에서 줄였어요",
    whole_text="모두 보기",
    less_text="줄이기",
    revert="되돌리기",
    bring_back="다시 살리기",
    actions="{number}번 기록의 다른 작업",
    segment_to_here="이 구간을 이 시점으로 되돌리기",
    video_to_here="이 영상을 이 시점으로 되돌리기",
    segment_only="이 구간의 기록",
    video_only="이 영상의 기록",
    person_only="{name} 관련 기록",
    preview_title="이렇게 되돌아가요",
    preview_again="이렇게 다시 바뀌어요",
    preview_nothing="이미 그 상태예요.",
    later_title_one="그 뒤에 이어서 바뀐 것이 있어요",
    later_title_many="그 뒤에 이어서 바뀐 것이 {count}개 있어요",
    later_hint="최근 것부터 함께 되돌려야 해요.",
    confirm_revert="되돌리기",
    confirm_again="다시 하기",
    confirm_later_one="이것도 함께 되돌리기",
    confirm_later_many="이 {count}개도 함께 되돌리기",
    restore_segment_title="{number}번 기록 직후의 구간으로 되돌려요",
    restore_video_title="{number}번 기록 직후의 영상으로 되돌려요",
    unwound_one="그 뒤의 기록 1개가 되돌아가요.",
    unwound_many="그 뒤의 기록 {count}개가 되돌아가요.",
    unwound_hint="이 작업도 기록에 남아서 다시 되돌릴 수 있어요.",
    confirm_restore="이 시점으로 되돌리기",
    cancel="취소",
    done_revert="되돌렸어요",
    done_again="다시 했어요",
    done_restore="그 시점으로 되돌렸어요",
    done_nothing="이미 그 상태라 바뀐 것이 없어요",
    caption_ko="한국어",
    caption_en="영어",
    field_range="시간",
    from_model="모델이 쓴 설명과 비교",
    to_model="모델이 쓴 설명으로",
    range_model="모델이 나눈 대로",
    range_before="바꾸기 전",
    range_after="바꾼 뒤",
    inserted="추가: {text}",
    deleted="삭제: {text}",
    person_there="{name} 나옴",
    person_gone="{name} 안 나옴",
    person_unknown="인물 {id}",
    state_created="새 구간",
    state_uncreated="없앰",
    state_deleted="삭제됨",
    state_undeleted="되살림",
    state_locked="잠김",
    state_unlocked="잠금 풀림",
    field_name="이름",
    field_group_name="그룹",
    field_aliases="다른 이름",
    field_dropped_aliases="안 쓰는 이름",
    field_display="보이는 이름",
    field_gender="성별",
    field_notes="메모",
    field_merged_into="같은 인물",
    field_is="이 얼굴은",
    field_is_not="아닌 사람",
    field_group="같은 사람의 얼굴",
    value_female="여성",
    value_male="남성",
    taken_mark="말한 것을 거둠",
    group_captions="설명",
    group_screen="나오는 인물",
    group_cuts="구간과 경계",
    group_names="이름과 얼굴",
    group_intake="추가와 가져오기",
    group_back="되돌린 것",
    name_segment_caption="설명 쓰기",
    name_segment_people="나오는 인물 고치기",
    name_segment_accept="모델 내용 받아들이기",
    name_segment_keep="사람이 쓴 내용 유지",
    name_segment_delete="구간 삭제",
    name_segment_restore="구간 되살리기",
    name_segment_lock="구간 잠그기",
    name_segment_unlock="구간 잠금 풀기",
    name_segment_create="새 구간 만들기",
    name_segment_range="경계 옮기기",
    name_segment_edit="구간 고치기",
    name_segment_merge="구간 합치기",
    name_segment_split="구간 나누기",
    name_people_name="얼굴에 이름 붙이기",
    name_people_reject="얼굴에서 이름 떼기",
    name_people_merge_clusters="모르는 사람 묶기",
    name_people_split="모르는 사람 나누기",
    name_people_rename="이름 바꾸기",
    name_people_group="그룹 바꾸기",
    name_people_aliases="다른 이름 고치기",
    name_people_display="보이는 이름 바꾸기",
    name_people_gender="성별 바꾸기",
    name_people_merge="두 인물 합치기",
    name_people_add="인물 추가",
    name_gallery_photos="사진 추가",
    name_gallery_take_out="사진 빼기",
    name_gallery_names="갤러리 목록의 이름",
    name_video_add="영상 추가",
    name_video_attach="영상 파일 추가",
    name_video_request="영상 요청",
    name_video_retry="영상 다시 처리",
    name_library_relabel="얼굴 이름 다시 붙이기",
    name_catalogue_import="목록 가져오기",
    name_import_segments="구간 가져오기",
    name_import_captions="설명 가져오기",
    name_backup_restore="백업 복원",
    name_history_undo="실행 취소",
    name_history_redo="다시 실행",
    name_history_revert="되돌리기",
    name_history_restore="이전 시점으로 되돌리기",
    did_caption_ko_one="{who} 한국어 설명을 썼어요",
    did_caption_ko_many="{who} 구간 {count}개의 한국어 설명을 썼어요",
    did_caption_en_one="{who} 영어 설명을 썼어요",
    did_caption_en_many="{who} 구간 {count}개의 영어 설명을 썼어요",
    did_captions_one="{who} 한국어와 영어 설명을 썼어요",
    did_captions_many="{who} 구간 {count}개의 한국어와 영어 설명을 썼어요",
    did_people_one="{who} 나오는 인물을 고쳤어요",
    did_people_many="{who} 구간 {count}개에 나오는 인물을 고쳤어요",
    did_accept_one="{who} 모델의 새 내용을 받아들였어요",
    did_accept_many="{who} 구간 {count}개에서 모델의 새 내용을 받아들였어요",
    did_keep_one="{who} 사람이 쓴 내용을 그대로 두었어요",
    did_keep_many="{who} 구간 {count}개에서 사람이 쓴 내용을 그대로 두었어요",
    did_delete_one="{who} 구간을 삭제했어요",
    did_delete_many="{who} 구간 {count}개를 삭제했어요",
    did_restore_one="{who} 삭제한 구간을 되살렸어요",
    did_restore_many="{who} 삭제한 구간 {count}개를 되살렸어요",
    did_lock_one="{who} 구간을 잠갔어요",
    did_lock_many="{who} 구간 {count}개를 잠갔어요",
    did_unlock_one="{who} 구간의 잠금을 풀었어요",
    did_unlock_many="{who} 구간 {count}개의 잠금을 풀었어요",
    did_create="{who} 새 구간을 만들었어요",
    did_edit_one="{who} 구간을 고쳤어요",
    did_edit_many="{who} 구간을 고치고 옆 구간도 함께 옮겼어요",
    did_range_one="{who} 구간의 경계를 옮겼어요",
    did_range_many="{who} 구간의 경계를 옮겼고 옆 구간도 따라갔어요",
    did_merge="{who} 구간 {count}개를 하나로 합쳤어요",
    did_split="{who} {time}에서 구간을 나눴어요",
    did_name_one="{who} 얼굴에 이름을 붙였어요: {person}",
    did_name_many="{who} 얼굴 {count}개에 이름을 붙였어요: {person}",
    did_reject="{who} 이 얼굴에서 이름을 뗐어요: {person}",
    did_merge_clusters="{who} 모르는 두 사람을 한 사람으로 묶었어요",
    did_split_cluster="{who} 모르는 사람 한 명을 {count}명으로 나눴어요",
    did_rename="{who} 이름을 바꿨어요: {person}",
    did_group="{who} 그룹을 바꿨어요: {person}",
    did_aliases="{who} 다른 이름을 고쳤어요: {person}",
    did_display="{who} 보이는 이름을 바꿨어요: {person}",
    did_gender="{who} 성별을 바꿨어요: {person}",
    did_merge_people="{who} 두 인물을 합쳤어요: {person}, {into}",
    did_new_person="{who} 인물을 추가했어요: {person}",
    did_photos_one="{who} 사진을 추가했어요: {person}",
    did_photos_many="{who} 사진 {count}장을 추가했어요: {person}",
    did_take_out="{who} 사진을 뺐어요: {person}",
    did_gallery_one="{who} 갤러리 목록에서 1명의 이름을 가져왔어요",
    did_gallery_many="{who} 갤러리 목록에서 {count}명의 이름을 가져왔어요",
    did_add="{who} 영상을 추가했어요: {title}",
    did_attach="{who} 영상의 파일을 추가했어요: {title}",
    did_request="{who} 영상을 요청했어요: {file}",
    did_retry="{who} 영상을 다시 처리하게 했어요: {title}",
    did_relabel="{who} 모든 얼굴의 이름을 다시 붙이게 했어요",
    did_import_one="{who} {file}에서 구간 1개를 가져왔어요",
    did_import_many="{who} {file}에서 구간 {count}개를 가져왔어요",
    did_import_captions_one="{who} {file}에서 설명 1개를 가져왔어요",
    did_import_captions_many="{who} {file}에서 설명 {count}개를 가져왔어요",
    did_backup="{who} 백업을 복원했어요: {file}",
    did_undo="{who} 실행을 취소했어요: {what}",
    did_redo="{who} 다시 실행했어요: {what}",
    did_revert="{who} 되돌렸어요: {what}",
    did_again="{who} 되돌린 것을 다시 살렸어요: {what}",
    did_put_back_one="{who} 구간을 이전 시점으로 되돌렸어요",
    did_put_back_many="{who} 구간 {count}개를 이전 시점으로 되돌렸어요",
    did_other="{who} 한 작업: {kind}",
)

HISTORY: Final[dict[Language, HistoryTexts]] = {"ko": KOREAN, "en": ENGLISH}
