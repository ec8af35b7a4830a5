"""Sentences of the people page, in each language of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class PeopleTexts:
    """One language's sentences; `{}` fields are filled with `str.format`, `_one` is used for a count of 1."""

    # the bar
    tab_known: str
    tab_unknown: str
    tab_update: str
    tabs_label: str
    add_photos: str
    dismiss: str
    viewer_note: str

    # people with a name
    find: str
    find_hint: str
    sort: str
    sort_seen: str
    sort_name: str
    no_group: str
    people_one: str
    people_many: str
    faces_one: str
    faces_many: str
    videos_one: str
    videos_many: str
    moments_one: str
    moments_many: str
    photos_one: str
    photos_many: str
    no_photos: str
    face_of: str
    found_nobody: str
    nobody_title: str
    nobody_hint: str

    # people without a name
    unknown_note: str
    sorting: str
    unknown_none_title: str
    unknown_none_hint: str
    cluster_label: str
    name_field: str
    name_hint: str
    name_new: str
    name_several: str
    is_it: str
    is_it_tip: str
    look_closer: str
    skip: str
    skip_tip: str
    skipped: str
    select_cluster: str
    selected_people: str
    same_person: str
    merge_faces: str
    clear: str
    more: str
    back_unknown: str
    cluster_gone: str
    split: str
    take_out: str

    # faces
    play: str
    select_face: str
    select_all: str
    selected_one: str
    selected_many: str
    not_this: str
    somebody_else: str
    give_to: str
    order: str
    order_video: str
    order_doubt: str
    sure: str
    said_by_hand: str
    no_faces: str
    no_faces_imported: str
    taken_out: str
    taken_out_note: str
    put_back_face: str

    # one person
    back_known: str
    person_gone: str
    search_person: str
    merge_with: str
    edit_person: str
    person_name: str
    person_display: str
    person_display_hint: str
    person_group: str
    person_group_hint: str
    person_gender: str
    gender_none: str
    gender_female: str
    gender_male: str
    gender_hint: str
    aliases: str
    add_alias: str
    drop_alias: str
    keep_old: str
    also_called: str

    # two people who are one
    merge_title: str
    merge_choose: str
    merge_keep: str
    merge_do: str
    merge_hint: str
    compare: str

    # photos
    photos: str
    photo_of: str
    photo_waiting: str
    photo_remove: str
    photos_title: str
    photos_who: str
    photos_who_hint: str
    photos_group_hint: str
    photos_files: str
    photos_hint: str
    photos_add: str
    photos_judging: str
    photos_need_name: str
    photos_need_files: str
    photos_too_many: str
    photos_told: str
    photos_learning: str
    photo_good: str
    photo_good_one: str
    photo_good_like: str
    photo_out: str
    photo_several: str
    photo_no_face: str
    photo_poor: str
    photo_unreadable: str
    photo_known: str
    photo_elsewhere: str
    photo_face: str

    # names brought up to date
    update_title: str
    update_hint: str
    update_pending_one: str
    update_pending_many: str
    update_look: str
    update_again: str
    update_learning: str
    update_working: str
    update_outdated: str
    update_nothing: str
    update_told_one: str
    update_told_many: str
    update_kept: str
    update_gains: str
    update_loses: str
    update_nobody: str
    update_rest: str
    update_do: str
    update_asked: str
    update_running: str
    update_failed: str

    # what became of it
    done_name_one: str
    done_name_many: str
    done_reject_one: str
    done_reject_many: str
    done_together: str
    done_take_out: str
    done_merge: str
    done_person: str
    done_photos: str
    done_photo_out: str
    done_undo: str
    done_nothing: str

    # what stands in the way
    wrong_gone: str
    wrong_taken: str
    wrong_ambiguous: str
    wrong_outdated: str
    wrong_alike: str
    wrong_busy: str
    wrong_forbidden: str
    wrong_later: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ENGLISH: Final = PeopleTexts(
    tab_known="People",
    tab_unknown="Unnamed",
    tab_update="Update names",
    tabs_label="Views of people",
    add_photos="Add photos",
    dismiss="Dismiss",
    viewer_note="You can look at everything here; changing it needs the editor role.",
    find="Find somebody",
    find_hint="Name, alias or initial sounds",
    sort="Order",
    sort_seen="Most seen",
    sort_name="By name",
    no_group="Without a group",
    people_one="1 person",
    people_many="{count} people",
    faces_one="1 face",
    faces_many="{count} faces",
    videos_one="1 video",
    videos_many="{count} videos",
    moments_one="1 moment",
    moments_many="{count} moments",
    photos_one="1 photo",
    photos_many="{count} photos",
    no_photos="no photos",
    face_of="Face of {name}",
    found_nobody="Nobody is called that.",
    nobody_title="Nobody has a name yet",
    nobody_hint="Name the people in your videos under “Unnamed”, or add photos of them.",
    unknown_note="Faces that look like one person. Type a name and press Enter.",
    sorting="Sorting {count} new faces…",
    unknown_none_title="Everybody has a name",
    unknown_none_hint="Faces without a name appear here once a video has been looked through.",
    cluster_label="Unnamed person {number}",
    name_field="Name",
    name_hint="Who is this?",
    name_new="New person: {name}",
    name_several="Several people are called that. Choose one.",
    is_it="{name}?",
    is_it_tip="Name them {name}",
    look_closer="Show all faces",
    skip="Skip",
    skip_tip="Put aside until your next visit",
    skipped="Show {count} skipped",
    select_cluster="Select to merge",
    selected_people="{count} selected",
    same_person="Same person",
    merge_faces="Merge into one",
    clear="Clear",
    more="Show more",
    back_unknown="All unnamed people",
    cluster_gone="These faces have been named or sorted anew.",
    split="Split by likeness",
    take_out="Take out",
    play="Play this moment",
    select_face="Select this face",
    select_all="Select all",
    selected_one="1 face selected",
    selected_many="{count} faces selected",
    not_this="Not {name}",
    somebody_else="It is somebody else",
    give_to="Whose face is it?",
    order="Faces",
    order_video="By video",
    order_doubt="Least sure first",
    sure="{percent}% sure",
    said_by_hand="Named by hand",
    no_faces="No faces in videos yet.",
    no_faces_imported="In imported moments only, which have no pictures of faces.",
    taken_out="Taken out",
    taken_out_note="Faces that somebody said are not {name}.",
    put_back_face="It is {name} after all",
    back_known="All people",
    person_gone="This person is no longer here.",
    search_person="Search moments",
    merge_with="Same person as…",
    edit_person="Edit",
    person_name="Name",
    person_display="Shown as",
    person_display_hint="The name, if empty",
    person_group="Group",
    person_group_hint="None",
    person_gender="Gender",
    gender_none="Not said",
    gender_female="Female",
    gender_male="Male",
    gender_hint="Puts “he” and “she” in captions right.",
    aliases="Also called",
    add_alias="Add a name",
    drop_alias="Remove {name}",
    keep_old="Keep the old name as an alias",
    also_called="also {names}",
    merge_title="Are they the same person?",
    merge_choose="Choose the other person",
    merge_keep="Called {name} from then on",
    merge_do="They are the same person",
    merge_hint="All faces, photos and names come together. You can undo it.",
    compare="Compare",
    photos="Photos",
    photo_of="Photo of {name}",
    photo_waiting="Not learnt yet",
    photo_remove="Remove this photo",
    photos_title="Add photos of somebody",
    photos_who="Person",
    photos_who_hint="Choose somebody, or write a new name",
    photos_group_hint="Choose a group, or write a new one",
    photos_files="Photos of this person",
    photos_hint=(
        "JPEG, PNG or WebP with a clear face, best one that looks into the "
        "camera. Five to ten different ones are plenty."
    ),
    photos_add="Add",
    photos_judging="Looking at the photos…",
    photos_need_name="Say whose photos these are.",
    photos_need_files="Choose photos first.",
    photos_too_many="Only the first {count} photos were taken. Add the others after these.",
    photos_told="{good} of {all} photos are in the gallery of {name}.",
    photos_learning="They are learnt shortly. Then look at “Update names”.",
    photo_good="Added",
    photo_good_one="Added: the face like the other pictures of {name}",
    photo_good_like="Added, but it looks more like {other}",
    photo_out="Removed again",
    photo_several="Several faces. Press the one that is meant.",
    photo_no_face="No face was found in it.",
    photo_poor="The face is too small, blurred or turned away.",
    photo_unreadable="It cannot be read. Use a JPEG, PNG or WebP of at most {megapixels} megapixels.",
    photo_known="It is there already.",
    photo_elsewhere="{other} has the same photo. Remove it there first.",
    photo_face="Face {number}",
    update_title="What would change",
    update_hint=("Names are compared with today’s photos and corrections. Nothing is written before you say so."),
    update_pending_one="1 correction has not reached the videos yet.",
    update_pending_many="{count} corrections have not reached the videos yet.",
    update_look="See what would change",
    update_again="Look again",
    update_learning="Learning from photos and corrections…",
    update_working="Video {done} of {all}…",
    update_outdated="Something has changed since. Look again for the newest state.",
    update_nothing="No name would change.",
    update_told_one="1 face in {videos} would get another name.",
    update_told_many="{count} faces in {videos} would get other names.",
    update_kept="The newly learnt classifier would be worse, so the one in use stays.",
    update_gains="{count} more",
    update_loses="{count} fewer",
    update_nobody="No name",
    update_rest="and {count} more",
    update_do="Update names in all videos",
    update_asked="Asked for: photos are learnt first, then every face gets its name.",
    update_running="Names are being updated.",
    update_failed="It failed: {reason}",
    done_name_one="{name}: 1 face named",
    done_name_many="{name}: {count} faces named",
    done_reject_one="1 face is not {name}",
    done_reject_many="{count} faces are not {name}",
    done_together="Merged into one unnamed person",
    done_take_out="Taken apart",
    done_merge="They are one person now: {name}",
    done_person="{name} was changed",
    done_photos="Photos of {name} were added",
    done_photo_out="A photo of {name} was removed",
    done_undo="Taken back",
    done_nothing="It was like that already.",
    wrong_gone="Somebody has named or changed this in the meantime. What you see now is up to date.",
    wrong_taken="{name} is called that already. Are they the same person?",
    wrong_ambiguous="Several people are called that: {names}. Choose one of them.",
    wrong_outdated="These faces were found anew. They are sorted again with the next run.",
    wrong_alike="These faces are too alike to be split by themselves. Select the ones to take out.",
    wrong_busy="The library is being written right now. Try again in a moment.",
    wrong_forbidden="You may look, but not change things.",
    wrong_later="It cannot be taken back: something later builds on it. See the history.",
)

KOREAN: Final = PeopleTexts(
    tab_known="인물",
    tab_unknown="이름 없음",
    tab_update="이름 갱신",
    tabs_label="인물 보기",
    add_photos="사진 추가",
    dismiss="닫기",
    viewer_note="모두 볼 수 있지만, 바꾸려면 편집자 권한이 필요해요.",
    find="인물 찾기",
    find_hint="이름, 별칭, 초성",
    sort="정렬",
    sort_seen="많이 나온 순",
    sort_name="이름순",
    no_group="그룹 없음",
    people_one="1명",
    people_many="{count}명",
    faces_one="얼굴 1개",
    faces_many="얼굴 {count}개",
    videos_one="영상 1개",
    videos_many="영상 {count}개",
    moments_one="장면 1개",
    moments_many="장면 {count}개",
    photos_one="사진 1장",
    photos_many="사진 {count}장",
    no_photos="사진 없음",
    face_of="{name}의 얼굴",
    found_nobody="그런 이름을 가진 사람이 없어요.",
    nobody_title="아직 이름이 붙은 사람이 없어요",
    nobody_hint="‘이름 없음’에서 영상 속 사람에게 이름을 붙이거나 사진을 추가해 주세요.",
    unknown_note="같은 사람으로 보이는 얼굴이에요. 이름을 쓰고 Enter를 누르세요.",
    sorting="새 얼굴 {count}개를 정리하는 중…",
    unknown_none_title="모두 이름이 있어요",
    unknown_none_hint="영상 분석이 끝나면 이름 없는 얼굴이 여기에 나와요.",
    cluster_label="이름 없는 사람 {number}",
    name_field="이름",
    name_hint="누구인가요?",
    name_new="새 인물: {name}",
    name_several="같은 이름이 여러 명이에요. 한 명을 골라 주세요.",
    is_it="혹시 {name}?",
    is_it_tip="{name} 이름 붙이기",
    look_closer="모든 얼굴 보기",
    skip="건너뛰기",
    skip_tip="다음에 볼 때까지 제쳐 두기",
    skipped="건너뛴 {count}명 보기",
    select_cluster="합칠 대상으로 선택",
    selected_people="{count}명 선택",
    same_person="같은 사람",
    merge_faces="하나로 합치기",
    clear="선택 해제",
    more="더 보기",
    back_unknown="이름 없는 사람 전체",
    cluster_gone="이 얼굴들은 그사이 이름이 붙었거나 다시 정리됐어요.",
    split="닮은 정도로 나누기",
    take_out="빼내기",
    play="이 장면 재생",
    select_face="이 얼굴 선택",
    select_all="모두 선택",
    selected_one="얼굴 1개 선택",
    selected_many="얼굴 {count}개 선택",
    not_this="{name} 아님",
    somebody_else="다른 사람이에요",
    give_to="누구의 얼굴인가요?",
    order="얼굴",
    order_video="영상별",
    order_doubt="불확실한 순",
    sure="확신도 {percent}%",
    said_by_hand="직접 붙인 이름",
    no_faces="아직 영상에 나온 얼굴이 없어요.",
    no_faces_imported="얼굴 사진이 없는 가져온 장면에만 나와요.",
    taken_out="빼낸 얼굴",
    taken_out_note="{name} 아니라고 표시한 얼굴이에요.",
    put_back_face="{name} 맞음",
    back_known="인물 전체",
    person_gone="이 인물은 더 이상 없어요.",
    search_person="장면 검색",
    merge_with="같은 사람 찾기",
    edit_person="편집",
    person_name="이름",
    person_display="표시 이름",
    person_display_hint="비우면 이름을 그대로 표시",
    person_group="그룹",
    person_group_hint="없음",
    person_gender="성별",
    gender_none="정하지 않음",
    gender_female="여성",
    gender_male="남성",
    gender_hint="설명에서 성별 표현을 바로잡는 데 쓰여요.",
    aliases="별칭",
    add_alias="별칭 추가",
    drop_alias="{name} 삭제",
    keep_old="이전 이름을 별칭으로 남기기",
    also_called="다른 이름: {names}",
    merge_title="같은 사람인가요?",
    merge_choose="다른 인물 선택",
    merge_keep="앞으로 쓸 이름: {name}",
    merge_do="같은 사람이에요",
    merge_hint="얼굴, 사진, 이름이 모두 합쳐져요. 실행 취소할 수 있어요.",
    compare="비교하기",
    photos="사진",
    photo_of="{name}의 사진",
    photo_waiting="학습 전",
    photo_remove="이 사진 빼기",
    photos_title="인물 사진 추가",
    photos_who="인물",
    photos_who_hint="인물을 고르거나 새 이름을 쓰세요",
    photos_group_hint="그룹을 고르거나 새로 쓰세요",
    photos_files="이 사람의 사진",
    photos_hint=(
        "얼굴이 또렷한 JPEG, PNG, WebP 사진이 필요해요. 정면 사진이 가장 좋고, 서로 다른 사진 5–10장이면 충분해요."
    ),
    photos_add="추가",
    photos_judging="사진을 살펴보는 중…",
    photos_need_name="누구의 사진인지 알려 주세요.",
    photos_need_files="먼저 사진을 골라 주세요.",
    photos_too_many="처음 {count}장만 받았어요. 나머지는 이어서 추가해 주세요.",
    photos_told="{all}장 중 {good}장을 {name}의 사진으로 넣었어요.",
    photos_learning="곧 학습해요. 그다음 ‘이름 갱신’을 확인해 주세요.",
    photo_good="추가됨",
    photo_good_one="추가됨: {name}의 다른 사진과 닮은 얼굴",
    photo_good_like="추가했지만 {other}에 더 가까워 보여요",
    photo_out="다시 뺐어요",
    photo_several="얼굴이 여러 개예요. 맞는 얼굴을 눌러 주세요.",
    photo_no_face="얼굴을 찾지 못했어요.",
    photo_poor="얼굴이 너무 작거나 흐리거나 옆을 보고 있어요.",
    photo_unreadable="읽을 수 없어요. {megapixels}메가픽셀 이하의 JPEG, PNG, WebP를 사용해 주세요.",
    photo_known="이미 있는 사진이에요.",
    photo_elsewhere="{other}에 같은 사진이 있어요. 먼저 그쪽에서 빼 주세요.",
    photo_face="얼굴 {number}",
    update_title="바뀌는 내용",
    update_hint="지금의 사진과 수정 내용으로 이름을 다시 비교해요. 누르기 전에는 아무것도 바뀌지 않아요.",
    update_pending_one="아직 영상에 반영되지 않은 수정이 1개 있어요.",
    update_pending_many="아직 영상에 반영되지 않은 수정이 {count}개 있어요.",
    update_look="바뀌는 내용 보기",
    update_again="다시 보기",
    update_learning="사진과 수정 내용을 학습하는 중…",
    update_working="영상 {all}개 중 {done}번째…",
    update_outdated="그사이 바뀐 것이 있어요. 최신 상태는 다시 확인해 주세요.",
    update_nothing="바뀌는 이름이 없어요.",
    update_told_one="{videos}에서 얼굴 1개의 이름이 바뀌어요.",
    update_told_many="{videos}에서 얼굴 {count}개의 이름이 바뀌어요.",
    update_kept="새로 학습한 결과가 더 나빠서 지금 쓰는 것을 그대로 써요.",
    update_gains="{count}개 늘어남",
    update_loses="{count}개 줄어듦",
    update_nobody="이름 없음",
    update_rest="외 {count}개",
    update_do="모든 영상의 이름 갱신",
    update_asked="요청했어요. 먼저 사진을 학습하고, 이어서 모든 얼굴의 이름을 갱신해요.",
    update_running="이름을 갱신하는 중이에요.",
    update_failed="실패했어요: {reason}",
    done_name_one="{name}: 얼굴 1개에 이름을 붙였어요",
    done_name_many="{name}: 얼굴 {count}개에 이름을 붙였어요",
    done_reject_one="얼굴 1개는 {name} 아님",
    done_reject_many="얼굴 {count}개는 {name} 아님",
    done_together="이름 없는 사람 하나로 합쳤어요",
    done_take_out="나누었어요",
    done_merge="한 사람으로 합쳤어요: {name}",
    done_person="{name} 정보를 바꿨어요",
    done_photos="{name}의 사진을 추가했어요",
    done_photo_out="{name}의 사진을 뺐어요",
    done_undo="되돌렸어요",
    done_nothing="이미 그렇게 되어 있어요.",
    wrong_gone="그사이 다른 사람이 이름을 붙이거나 바꿨어요. 지금 보이는 것이 최신이에요.",
    wrong_taken="이미 {name}의 이름이에요. 같은 사람인가요?",
    wrong_ambiguous="같은 이름이 여러 명이에요: {names}. 한 명을 골라 주세요.",
    wrong_outdated="얼굴을 다시 찾았어요. 다음 실행 때 다시 정리돼요.",
    wrong_alike="서로 너무 닮아 자동으로 나눌 수 없어요. 빼낼 얼굴을 골라 주세요.",
    wrong_busy="지금 보관함에 쓰는 중이에요. 잠시 뒤에 다시 시도해 주세요.",
    wrong_forbidden="볼 수만 있고 바꿀 수는 없어요.",
    wrong_later="나중의 편집이 이어져 있어 되돌릴 수 없어요. 기록을 확인해 주세요.",
)

PEOPLE: Final[dict[Language, PeopleTexts]] = {"ko": KOREAN, "en": ENGLISH}
