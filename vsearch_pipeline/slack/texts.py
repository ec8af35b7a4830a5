"""Everything that is said in Slack, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vsearch_pipeline.wording import Language


@dataclass(frozen=True, slots=True)
class SlackTexts:
    """Texts with `{names}` for values."""

    # results
    found_one: str
    found_many: str
    nothing: str
    nothing_hint: str
    weak: str
    relaxed: str
    page: str
    why: str
    why_meaning: str
    why_words: str
    why_people: str
    why_speech: str
    said: str
    no_caption: str
    nobody: str
    sure: str
    edited: str
    answer_by: str
    # buttons
    watch: str
    edit: str
    web: str
    share: str
    previous: str
    following: str
    notify: str
    undo: str
    shared_by: str
    preview: str
    # the form
    form_title: str
    form_save: str
    form_close: str
    caption_ko: str
    caption_en: str
    caption_hint: str
    caption_model: str
    caption_long: str
    people: str
    people_hint: str
    people_find: str
    start: str
    end: str
    time_hint: str
    time_wrong: str
    time_order: str
    open_web: str
    conflict: str
    conflict_by: str
    conflict_now: str
    conflict_save: str
    nothing_changed: str
    saved: str
    saved_what: str
    undone: str
    # watches
    watching: str
    watching_already: str
    watches: str
    watches_none: str
    watches_more: str
    unwatch: str
    unwatched: str
    # what goes wrong
    gone: str
    stranger: str
    guest: str
    viewer: str
    try_again: str
    too_late: str
    not_here: str
    long_query: str
    person_unknown: str
    person_several: str
    edit_form: str
    no_permission: str
    slack_says: str
    help: str


KOREAN: Final = SlackTexts(
    found_one="*{query}* – 장면 1개",
    found_many="*{query}* – 가까운 장면 {count}개",
    nothing="*{query}* – 맞는 장면이 없어요.",
    nothing_hint="단어를 줄이거나 다른 말로 바꿔 보세요. 이름만 적어도 돼요.",
    weak="잘 맞는 장면은 없지만, 그나마 가까운 장면이에요.",
    relaxed="조건에 모두 맞는 장면은 없어요. 가장 가까운 장면이에요.",
    page="{first}–{last}번째 / {count}",
    why="이유: {reasons}",
    why_meaning="뜻 {percent}%",
    why_words="낱말 {words}",
    why_people="인물 {people}",
    why_speech="대사 {words}",
    said="“{text}”",
    no_caption="아직 설명이 없어요",
    nobody="등장인물 없음",
    sure="{name} {percent}%",
    edited="사람이 고침",
    answer_by="{model} 작성 · 근거는 검색 결과",
    watch="영상 보기",
    edit="수정하기",
    web="웹에서 수정",
    share="채널에 공유",
    previous="◀ 이전",
    following="다음 ▶",
    notify="새 장면 알림 받기",
    undo="되돌리기",
    shared_by="<@{user}> 님이 공유했어요 · 검색어 {query}",
    preview="{title} {span} 미리보기",
    form_title="장면 수정",
    form_save="저장",
    form_close="닫기",
    caption_ko="한국어 설명",
    caption_en="영어 설명",
    caption_hint="비우면 모델이 쓴 설명으로 돌아가요.",
    caption_model="비우면 모델의 설명으로 돌아가요: {text}",
    caption_long="{label}: 너무 길어서 여기서는 고칠 수 없어요. 웹에서 고쳐 주세요.\n{text}",
    people="나오는 사람",
    people_hint="이름을 입력해 찾으세요. ×를 누르면 빠져요.",
    people_find="이름으로 찾기",
    start="시작",
    end="끝",
    time_hint="분:초.천분의 일 초, 예: 1:05.250",
    time_wrong="시간은 1:05.250처럼 적어 주세요.",
    time_order="끝은 시작보다 뒤여야 해요.",
    open_web="웹에서 열기",
    conflict="그사이 다른 사람이 같은 내용을 고쳤어요. 쓰신 내용은 아래 그대로 있어요.",
    conflict_by="{actor} 님이 {time}에 고쳤어요.",
    conflict_now="지금 저장된 내용",
    conflict_save="내 내용으로 저장",
    nothing_changed="바뀐 내용이 없어요.",
    saved="저장했어요: {title} {span}",
    saved_what="{what} · 작업 {operation}",
    undone="되돌렸어요.",
    watching="앞으로 *{query}*에 맞는 새 장면이 들어오면 여기에 알려 드릴게요. 지금 있는 장면은 {count}개예요.",
    watching_already="*{query}*: 이미 알림을 받고 있어요.",
    watches="받고 있는 알림",
    watches_none="받고 있는 알림이 없어요. `/vsearch watch 민지 웃는`처럼 적으면 새 장면을 알려 드려요.",
    watches_more="{count}개가 더 있어요. 위의 것을 끄면 나와요.",
    unwatch="알림 끄기",
    unwatched="*{query}* 알림을 껐어요.",
    gone="이 장면은 이제 없어요. 다시 검색해 주세요.",
    stranger="{email} 계정은 이 보관함을 볼 수 없어요. 관리자에게 보기 권한을 요청해 주세요.",
    guest="게스트와 다른 워크스페이스 사람은 이 보관함을 볼 수 없어요.",
    viewer="{actor} 님은 볼 수만 있어요. 고치려면 관리자에게 편집 권한을 요청해 주세요.",
    try_again="지금은 처리하지 못했어요. 잠시 뒤에 다시 해 주세요.",
    too_late="여는 데 너무 오래 걸렸어요. 버튼을 다시 눌러 주세요.",
    not_here="이 채널에는 글을 쓸 수 없어요. 채널에서 `/invite @vsearch`를 입력한 다음 다시 눌러 주세요.",
    long_query="검색어가 너무 길어서 다음 장면은 웹에서 볼 수 있어요.",
    person_unknown="{names}: 모르는 이름이에요. 인물 페이지에 있는 이름을 적어 주세요.",
    person_several="{name}: 같은 이름이 여럿이에요. 그룹까지 적어 주세요: {choices}",
    edit_form="이렇게 적어 주세요: `수정: 세그먼트ID=141 내용=민지가 웃는다 멤버=민지, 하니`",
    no_permission="Slack 앱에 {scope} 권한이 없어요. docs/slack.md를 보고 권한을 더한 뒤 다시 설치해 주세요.",
    slack_says="Slack이 처리하지 못했어요({reason}).",
    help=(
        "*장면 찾기*  `/vsearch 민지 자는 장면`\n보이는 것, 나오는 사람, 들리는 말을 한국어나 영어로 적으세요."
        " 결과는 나만 보이고, ‘채널에 공유’를 눌러야 모두에게 보여요.\n"
        "*묻기*  `/vsearch 질문: 민지는 무엇을 먹고 있어?`\n"
        "*고치기*  결과의 ‘수정하기’를 누르거나 `/vsearch 수정: 세그먼트ID=141 내용=민지가 웃는다 멤버=민지`\n"
        "*새 장면 알림*  `/vsearch watch 민지 웃는` · 목록은 `/vsearch watches`\n"
        "*도움말*  `/vsearch help`\n"
        "앱에 직접 메시지를 보내거나 채널에서 @로 불러도 똑같이 답해요."
    ),
)

ENGLISH: Final = SlackTexts(
    found_one="*{query}* – 1 moment",
    found_many="*{query}* – {count} best moments",
    nothing="*{query}* – no moment matches.",
    nothing_hint="Try fewer or other words, or only a name.",
    weak="Nothing matches well; these moments come nearest.",
    relaxed="No moment has all that you asked for; these come nearest.",
    page="{first}–{last} of {count}",
    why="Why: {reasons}",
    why_meaning="meaning {percent}%",
    why_words="words {words}",
    why_people="people {people}",
    why_speech="said {words}",
    said="“{text}”",
    no_caption="No caption yet",
    nobody="nobody known on screen",
    sure="{name} {percent}%",
    edited="edited by a person",
    answer_by="Written by {model} from the results",
    watch="Watch",
    edit="Edit",
    web="Edit in Web",
    share="Share",
    previous="◀ Previous",
    following="Next ▶",
    notify="Tell me of new ones",
    undo="Undo",
    shared_by="Shared by <@{user}> · searched for {query}",
    preview="Preview of {title} {span}",
    form_title="Edit moment",
    form_save="Save",
    form_close="Close",
    caption_ko="Korean caption",
    caption_en="English caption",
    caption_hint="Empty, it goes back to what the model wrote.",
    caption_model="Empty, it goes back to the model's: {text}",
    caption_long="{label}: too long to edit here; edit it on the page.\n{text}",
    people="People on screen",
    people_hint="Type a name to find somebody; × takes them out.",
    people_find="Find by name",
    start="Start",
    end="End",
    time_hint="minutes:seconds.milliseconds, as 1:05.250",
    time_wrong="Write a time as 1:05.250.",
    time_order="The end must come after the start.",
    open_web="Open on the page",
    conflict="Somebody else changed the same thing meanwhile. What you wrote is still here, below.",
    conflict_by="{actor} changed it on {time}.",
    conflict_now="As it is now",
    conflict_save="Save mine over it",
    nothing_changed="Nothing was changed.",
    saved="Saved: {title} {span}",
    saved_what="{what} · operation {operation}",
    undone="Taken back.",
    watching="You will be told here of new moments for *{query}*. There are {count} now.",
    watching_already="*{query}*: you are told of these already.",
    watches="What you are told of",
    watches_none="You are told of nothing yet: `/vsearch watch Minji laughing` tells you of new moments.",
    watches_more="{count} more, which show when some of these are ended.",
    unwatch="Stop",
    unwatched="You are no longer told of *{query}*.",
    gone="This moment is no longer there: search again.",
    stranger="{email} may not see this library: ask its keeper to be a viewer.",
    guest="Guests and people of other workspaces may not see this library.",
    viewer="{actor} may look, but not change things: ask for the editor role.",
    try_again="That did not work just now: try again in a moment.",
    too_late="It took too long to open: press the button again.",
    not_here="I cannot write in this channel: type `/invite @vsearch` there, then press again.",
    long_query="The query is too long to go on here: the page shows the other moments.",
    person_unknown="{names}: not a name I know; write it as it stands on the People page.",
    person_several="{name}: several people are called that; write the group as well: {choices}",
    edit_form="Write it like this: `edit: segment=141 caption=Minji laughs people=Minji, Hanni`",
    no_permission="The Slack app lacks the permission {scope}: add it by docs/slack.md and install the app again.",
    slack_says="Slack did not do it ({reason}).",
    help=(
        "*Find a moment*  `/vsearch Minji asleep`\nSay in Korean or English what is seen or said, or who is there."
        " Only you see the results until you press Share.\n"
        "*Ask*  `/vsearch question: what is Minji eating?`\n"
        "*Correct*  press Edit on a result, or `/vsearch edit: segment=141 caption=Minji laughs people=Minji`\n"
        "*Be told of new moments*  `/vsearch watch Minji laughing` · the list: `/vsearch watches`\n"
        "*Help*  `/vsearch help`\n"
        "A message to the app, or @ it in a channel, does the same."
    ),
)

TEXTS: Final[Mapping[Language, SlackTexts]] = {"ko": KOREAN, "en": ENGLISH}
