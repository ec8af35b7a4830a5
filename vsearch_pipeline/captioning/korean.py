"""Captions in Korean."""

from __future__ import annotations

from collections.abc import Sequence

from vsearch_pipeline.captioning.content import CUP_OF_COFFEE, Content, Thing
from vsearch_pipeline.particles import with_particle

_NUMBERS = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열")
_COUNTERS = {"animal": "마리", "vehicle": "대", "person": "명"}
_OWN_COUNTERS = {
    "배": "척",
    "책": "권",
    "병": "병",
    "피자": "판",
    "꽃병": "개",
    "나무": "그루",
    "꽃": "송이",
    "로켓": "기",
}


def sentences(content: Content, names: Sequence[str]) -> str:
    """One to three sentences; `names` are the people on screen that are known."""
    if content.blank:
        return "빈 화면."
    look = _look(content)
    companions = [thing for thing in content.things if thing.term.kind != "fixture"]
    fixtures = [thing for thing in content.things if thing.term.kind == "fixture"]
    if content.people or names:
        said = [_people_sentence(content, names, companions)]
        if fixtures:
            said.append(f"{_listed(fixtures, '도')} 보인다.")
    elif content.things:
        where = f"{content.place.ko}에 " if content.place else ""
        said = [f"{where}{_listed([*companions, *fixtures], '이/가')} 보인다."]
    elif content.place:
        return f"{look}{content.place.ko} 장면."
    else:
        return f"알아본 물체가 없는 {look}장면."
    if look or content.still:
        said.append(f"{look}{'정지 화면' if content.still else '장면'}이다.")
    return " ".join(said)


def counted(thing: Thing) -> str:
    """ "고양이 두 마리", "컵 세 개"; one lifeless thing stands without a number, as Korean prefers."""
    noun = thing.noun
    if noun == CUP_OF_COFFEE:
        return f"커피 {_NUMBERS[thing.count] if thing.count < len(_NUMBERS) else '여러'} 잔"
    counter = _OWN_COUNTERS.get(noun.ko) or _COUNTERS.get(thing.term.kind, "개")
    if noun.form != "count" or (thing.count == 1 and counter in ("개", "권", "병", "판", "송이", "그루")):
        return noun.ko
    if thing.count >= len(_NUMBERS):
        return f"여러 {counter}의 {noun.ko}"
    return f"{noun.ko} {_NUMBERS[thing.count]} {counter}"


def joined(words: Sequence[str]) -> str:
    """ "가", "가와 나", "가, 나와 다"."""
    if len(words) == 1:
        return words[0]
    return f"{', '.join([*words[:-2], with_particle(words[-2], '와/과')])} {words[-1]}"


def _people_sentence(content: Content, names: Sequence[str], companions: Sequence[Thing]) -> str:
    worn = f"{with_particle(joined([noun.ko for noun in content.worn]), '을/를')} 착용한 " if content.worn else ""
    role = f"{with_particle(content.role.ko, '으로/로')} 보이는 " if content.role else ""
    subject = with_particle(f"{worn}{role}{_subject(content, names)}", "이/가")
    together = f"{_listed(companions, '와/과')} 함께 " if companions else ""
    if content.close_up:
        where = f"{content.place.ko}에서 " if content.place else ""
        return f"{where}{subject} {together}화면에 크게 보인다."
    if content.place:
        return f"{subject} {content.place.ko}{f'에서 {together}' if together else '에 '}있다."
    return f"{subject} {together}있다." if together else f"{subject} 보인다."


def _subject(content: Content, names: Sequence[str]) -> str:
    others = max(0, content.people - len(names))
    people = f"{_NUMBERS[others]} 사람" if others < len(_NUMBERS) else "여러 사람"
    if not names:
        return people
    return joined([*names, f"다른 {people}"] if others else list(names))


def _listed(things: Sequence[Thing], particle: str) -> str:
    # Doubtful names go last: "A로 보이는 B" before others would seem to speak of them all.
    ordered = [*(t for t in things if not t.maybe), *(t for t in things if t.maybe)]
    text = joined([_thing(thing) for thing in ordered])
    if particle == "도":
        return f"{text}도"
    return with_particle(text, "이/가" if particle == "이/가" else "와/과")


def _thing(thing: Thing) -> str:
    if not thing.maybe:
        return counted(thing)
    names = [noun.ko for noun in thing.maybe]
    guess = names[0] if len(names) == 1 else f"{with_particle(names[0], '이나/나')} {names[1]}"
    return f"{with_particle(guess, '으로/로')} 보이는 {counted(thing)}"


def _look(content: Content) -> str:
    """ "어두운 흑백 " or nothing."""
    words = [
        word
        for word, holds in (
            ("움직임이 빠른", content.fast),
            ("색이 화려한", content.colourful),
            ("어두운", content.dark),
            ("흑백", content.grey),
        )
        if holds
    ]
    return f"{' '.join(words)} " if words else ""
