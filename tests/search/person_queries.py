"""Queries about four people as they are typed: with particles, spaces left out or put in, and slips."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.particles import Particle, with_particle
from vsearch_pipeline.search.names import ORDINARY

Kind = Literal["plain", "particle", "spacing", "typo", "action", "two", "or", "not"]
KINDS: Final[tuple[Kind, ...]] = ("plain", "particle", "spacing", "typo", "action", "two", "or", "not")

PEOPLE: Final = (
    PersonRecord(1, "NJZ", "Kim Minji", ("민지", "김민지", "킴민지", "minji")),
    PersonRecord(2, "NJZ", "Pham Hanni", ("하니", "하니팜", "팜하니", "hanni")),
    PersonRecord(3, "NJZ", "Gang Harin", ("해린", "강해린", "고양이", "haerin")),
    PersonRecord(4, "NJZ", "Danielle", ("다니엘", "다니", "dani", "danielle")),
)
KOREAN: Final = {
    "Kim Minji": ("민지", "김민지", "킴민지"),
    "Pham Hanni": ("하니", "하니팜", "팜하니"),
    "Gang Harin": ("해린", "강해린"),
    "Danielle": ("다니엘", "다니"),
}
ENGLISH: Final = {
    "Kim Minji": ("minji", "Minji", "Kim Minji"),
    "Pham Hanni": ("hanni", "Hanni", "Pham Hanni"),
    "Gang Harin": ("haerin", "Haerin", "Gang Harin"),
    "Danielle": ("dani", "danielle", "Danielle"),
}
SPACED: Final = {
    "Kim Minji": ("김 민지", "킴 민지", "kimminji", "minji kim", "Kim  Minji", "min ji", "Min-ji", "minjikim"),
    "Pham Hanni": ("하니 팜", "팜 하니", "hanni pham", "phamhanni", "Han-ni", "hannipham"),
    "Gang Harin": ("강 해린", "harin gang", "gangharin", "hae rin", "Hae-rin"),
    "Danielle": ("다니 엘", "dani elle", "DANIELLE"),
}
OF_KOREAN: Final[tuple[Particle | str, ...]] = (
    "이/가", "은/는", "을/를", "와/과", "이랑/랑", "의", "도", "만", "한테", "에게", "하고", "씨", "언니",
    "한테는", "씨가", "언니랑", "까지", "님은", "네", "꺼", "들",
)  # fmt: skip
ACTIONS_KOREAN: Final = (
    "웃는", "손 흔드는 장면", "춤추는", "노래하는 거", "물을 마신다", "손흔드는거", "윙크하는 모습",
    "울고 있는 장면", "카메라를 보는", "밥 먹는", "혼자 서 있는", "뛰는 영상", "박수치는", "나오는 장면",
    "찾아줘", "하트 하는 거", "머리 만지는", "바다에서 노는", "나무 아래", "고개를 숙이는", "아이랑 노는",
    "사과 먹는", "다리 꼬고 앉은", "모자 쓴", "인사하는", "하나 둘 셋", "편지 읽는", "무대 위에서", "반지 낀",
    "먼지 터는",
)  # fmt: skip
ACTIONS_ENGLISH: Final = (
    "waving", "dancing on stage", "is laughing", "drinking water", "eating an apple", "singing",
    "looking at the camera", "with a dog", "in a red dress", "playing guitar", "scene", "close up", "crying",
    "running in the rain", "and many people", "holding money", "has a mini bag", "at the beach", "riding a bike",
    "talks to a man",
)  # fmt: skip
JOINED: Final = ("웃는", "손흔드는거", "춤추는", "노래하는거", "나오는장면", "직캠", "뛰는거", "먹는거")


@dataclass(frozen=True, slots=True)
class PersonQuery:
    """A query, and who must be on screen for it: of each of `wanted` at least one, of `without` nobody."""

    text: str
    wanted: tuple[frozenset[str], ...]
    without: frozenset[str]
    kind: Kind


def person_queries(seed: int, count: int) -> list[PersonQuery]:
    """`count` queries, the kinds in turn; the same seed gives the same queries."""
    made = _Maker(random.Random(seed))
    return [made.query(KINDS[i % len(KINDS)]) for i in range(count)]


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def query(self, kind: Kind) -> PersonQuery:
        pick = self.chance
        korean = pick.random() < 0.6
        one, other = pick.sample(list(KOREAN), 2)
        called = pick.choice((KOREAN if korean else ENGLISH)[one])
        wanted: tuple[frozenset[str], ...] = (frozenset((one,)),)
        without: frozenset[str] = frozenset()
        match kind:
            case "plain":
                text = called
            case "particle":
                text = self._doing(self._inflected(called), korean)
            case "spacing":
                text = pick.choice(SPACED[one])
                if pick.random() < 0.4:
                    text = pick.choice(KOREAN[one]) + pick.choice(JOINED)
                else:
                    text = self._doing(text, text[0] > "가")
            case "typo":
                text, near = self._misspelt(one)
                wanted = (near,)
                if text[0] >= "가" and pick.random() < 0.5:
                    text = with_particle(text, pick.choice(("이/가", "을/를", "와/과", "이랑/랑")))
                text = self._doing(text, text[0] >= "가", nothing=0.5)
            case "action":
                text = self._doing(with_particle(called, "이/가") if korean else called, korean, nothing=0)
            case "two":
                wanted = (*wanted, frozenset((other,)))
                text = self._doing(self._joined(one, other, korean), korean)
            case "or":
                wanted = (frozenset((one, other)),)
                text = self._doing(self._either(one, other, korean), korean)
            case "not":
                text, denied = self._denied(one, other, korean)
                wanted, without = ((), frozenset((one,))) if denied else (wanted, frozenset((other,)))
        return PersonQuery(text, wanted, without, kind)

    def _inflected(self, called: str) -> str:
        if called[0] < "가":
            return called + self.chance.choice(("", "'s", "가", "랑", "는", "이랑"))
        ending = self.chance.choice(OF_KOREAN)
        if called == "다니" and ending == "은/는":
            return "다니가"  # 다니는 alone is the verb as well
        return with_particle(called, ending) if "/" in ending else called + ending  # type: ignore[arg-type]

    def _doing(self, text: str, korean: bool, nothing: float = 0.3) -> str:
        if self.chance.random() < nothing:
            return text
        return f"{text} {self.chance.choice(ACTIONS_KOREAN if korean else ACTIONS_ENGLISH)}"

    def _two(self, one: str, other: str, korean: bool) -> tuple[str, str]:
        names = KOREAN if korean else ENGLISH
        return self.chance.choice(names[one]), self.chance.choice(names[other])

    def _joined(self, one: str, other: str, korean: bool) -> str:
        a, b = self._two(one, other, korean)
        if not korean:
            return self.chance.choice(
                (f"{a} and {b}", f"{a} {b}", f"{a} with {b}", f"{a}, {b}", f"{a} & {b} together")
            )
        return self.chance.choice(
            (
                f"{with_particle(a, '이랑/랑')} {with_particle(b, '이/가')}",
                f"{with_particle(a, '와/과')} {b}",
                f"{a}하고 {b}",
                f"{a} {b} 같이",
                f"{a}{b}",
                f"{a}{b}가" if with_particle(b, "이/가").endswith("가") else f"{a}{b}이",
                f"{with_particle(a, '이랑/랑')}{b}",
                f"{a} 그리고 {b}",
                f"{a}, {b}",
                f"{a} 랑 {b}",
            )
        )

    def _either(self, one: str, other: str, korean: bool) -> str:
        a, b = self._two(one, other, korean)
        if not korean:
            return self.chance.choice((f"{a} or {b}", f"{a} | {b}", f"{a}/{b}"))
        return self.chance.choice(
            (f"{a} 또는 {b}", f"{with_particle(a, '이나/나')} {b}", f"{a} 아니면 {b}", f"{a}/{b}", f"{a} 혹은 {b}")
        )

    def _denied(self, one: str, other: str, korean: bool) -> tuple[str, bool]:
        """A query without somebody, and whether it asks for nobody else."""
        a, b = self._two(one, other, korean)
        if not korean:
            alone = self.chance.random() < 0.3
            return (
                f"scene without {a}"
                if alone
                else self._doing(
                    self.chance.choice(
                        (f"{a} without {b}", f"{a} not {b}", f"{a} -{b}", f"{a} but not {b}", f"{a} except {b}")
                    ),
                    korean,
                )
            ), alone
        if self.chance.random() < 0.3:
            return f"{a} {self.chance.choice(('없는 장면', '안 나오는 영상', '빼고', '없이'))}", True
        return self._doing(
            self.chance.choice(
                (f"{b} 말고 {a}", f"{b}말고 {a}", f"{b} 빼고 {a}", f"{b} 없이 {a}", f"-{b} {a}", f"{a} {b} 제외")
            ),
            korean,
        ), False

    def _misspelt(self, person: str) -> tuple[str, frozenset[str]]:
        """One slip in a name, and everybody to whose names it is nearest; never a name or an ordinary word."""
        names = [name for name in (*KOREAN[person], *ENGLISH[person]) if len(name) > 3 or name[0] >= "가"]
        for _ in range(1000):
            typed = self.chance.choice([name for name in names if " " not in name])
            slipped = self._slip_in_syllables(typed) if typed[0] >= "가" else self._slip_in_letters(typed)
            far = {
                other: min(
                    _edits(_apart(slipped.lower()), _apart(n.lower())) for n in (*KOREAN[other], *ENGLISH[other])
                )
                for other in KOREAN
                if slipped[0] >= "가" or any(n[0].lower() == slipped[0].lower() for n in ENGLISH[other])
            }
            if far[person] != 1 or min(far.values()) < 1 or slipped.lower() in ORDINARY:
                continue
            return slipped, frozenset(other for other, edits in far.items() if edits == 1)
        raise AssertionError(person)

    def _slip_in_syllables(self, name: str) -> str:
        pick = self.chance
        place = pick.randrange(len(name))
        jamo = list(unicodedata.normalize("NFD", name[place]))
        what = pick.choice(("first", "vowel", "last"))
        if what == "first":
            jamo[0] = chr(0x1100 + pick.randrange(19))
        elif what == "vowel":
            jamo[1] = chr(0x1161 + pick.randrange(21))
        else:
            jamo = jamo[:2] if len(jamo) == 3 and pick.random() < 0.5 else [*jamo[:2], pick.choice("ᆨᆫᆮᆯᆷᆸᆺᆼ")]
        return name[:place] + unicodedata.normalize("NFC", "".join(jamo)) + name[place + 1 :]

    def _slip_in_letters(self, name: str) -> str:
        pick = self.chance
        place = pick.randrange(1, len(name) - 1)
        letter = pick.choice("abcdeghiklmnoprstuy")
        return pick.choice(
            (
                name[:place] + letter + name[place + 1 :],
                name[:place] + letter + name[place:],
                name[:place] + name[place + 1 :] if len(name) > 4 else name,
                name[:place] + name[place + 1] + name[place] + name[place + 2 :],
            )
        )


def _apart(text: str) -> str:
    """Letters of syllables, whether they begin or end one."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(
        unicodedata.name(c, c).split()[-1] + " " if "\u1100" <= c <= "\u11ff" else c + " " for c in letters
    )


def _edits(one: str, other: str) -> int:
    """Letters changed, added, left out or swapped with their neighbours, written plainly for comparison."""
    a, b = one.split(), other.split()
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(a), len(b)]
