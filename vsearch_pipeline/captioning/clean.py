"""Clean-up of captions from generative models, which repeat themselves, break off, echo the prompt, address the
reader, count on without end and slide into the web pages they were taught with."""

from __future__ import annotations

import re
from typing import Final

_SENTENCE: Final = re.compile(r".+?(?:[.!?。！？]+[\"'”’)\]]*(?=\s|$)|$)", re.DOTALL)
_ENDED: Final = re.compile(r"[.!?。！？][\"'”’)\]]*$")
_WORD: Final = re.compile(r"\w+")
_TOKEN: Final = re.compile(r"<\|?/?(?:s|pad|unk|bos|eos|endoftext|im_start|im_end|end_of_turn|eot_id)\|?>")
_LABEL: Final = re.compile(
    r"^\**(?:(?:question|answer|caption|assistant|user|description|response|output|summary"
    r"|(?:unformatted )?text preview)\s*[:.]\**\s*"
    r"|(?:related|similar) videos\s+|no caption\s+|assistant\s+(?=(?-i:[A-Z]))|here(?:['’]s| is)\b[^:.]{0,80}:\s*"
    r"|based on the (?:provided )?(?:video|images?|frames?|clip)\b[^,.]{0,30},\s*)",
    re.IGNORECASE,
)
_CHAT: Final = re.compile(
    r"^(?:(?:sure|certainly|of course|okay)\W*$"
    r"|here(?:['’]s| is) (?:an?|the) (?:\w+ )?(?:description|caption|summary)"
    r"|i['’]?m sorry|i(?: am|['’]m) (?:unable|not able)|i can(?:no|['’])t|as an ai\b|let me know if|feel free to"
    r"|(?:thanks|thank you) for watching|고맙습니다|감사합니다)",
    re.IGNORECASE,
)
"""What a chat model says to whom it answers."""
_SPEAKER: Final = re.compile(r"^\w+(?:\s#?\d+)?:\s*")
_NEXT_SPEAKER: Final = re.compile(r"\s(?=[A-Z]\w*(?:\s#?\d+)?:(?:\s|\W*$))")
_ASKED: Final = re.compile(
    r"(?:(?:describe|explain)\b|(?:what|who|whom|where|when|why|how|which|does|do|is|are|can)\b.*\?\W*$)",
    re.IGNORECASE,
)
"""A request or a question, which describes nothing; in quotation marks it is read out and stays."""
_ADDRESS: Final = re.compile(r"https?:|\bwww\.", re.IGNORECASE)
_PAGE: Final = re.compile(
    r"\buses? cookies\b|\bprivacy policy\b|\bpersonal data\b|\ball rights reserved\b"
    r"|\bcaptcha\b|\be-?mail\s*:|\bsyndicated\b|\bsole right\b|\baccepts no responsibility\b"
    r"|\blatest (?:\w+ )?(?:news|updates)\b"
    r"|^(?:follow|subscribe|click|sign up|log in|download|catch (?:up|the latest)|read (?:all|more)|share|add your"
    r"|visit|cite|be the first|you may also|comments?(?: no|\s*[:*])|categories no|references?:|citation|copyright"
    r"|source:|tags:|taken from|no (?:description|comments|categories)|this is the end of"
    r"|this (?:website|site|service|story)|please)(?!\w)(?!.*[\"”]\W*$)",
    re.IGNORECASE,
)
"""What a web page says around its content. Verbs count at the beginning only: captions give no orders, but read
them out in quotation marks."""
_SEEN: Final = re.compile(
    r"(?<![\w/-])(?:wom[ae]n|m[ae]n|girls?|boys?|child(?:ren)?|kids?|singers?|dancers?|appears?"
    r"|(?:is|are) (?:shown|seen|heard|displayed|visible))(?![\w/-])",
    re.IGNORECASE,
)
"""What web pages do not speak of."""
_TO_A_READER: Final = re.compile(r"\b(?:you|your|our|we|us|content|site|service|story)\b", re.IGNORECASE)
_DESCRIBES: Final = re.compile(
    r"^(?:\w+:\s*)?(?:(?:an?|the|another|two|three|one|some|people|s?he|they|it|there|in the)\b"
    r".*\b(?:is|are|\w+ing)\b|(?:s?he|it) \w+s\b|they \w+)",
    re.IGNORECASE,
)
"""What ends web page text, where it speaks to no reader; so does what tells of somebody."""
_SCRIPTS: Final = re.compile(r"(?P<latin>[A-Za-z])|(?P<hangul>[\uac00-\ud7a3])")
_LEAD_IN: Final = re.compile(
    r"^(?:(?:in|towards the end of) (?:the|this) (?:video|clip|scene|image|picture),?\s+)?"
    r"(?:(?:the|this) (?:video|clip|scene|image) (?:shows|depicts|starts with(?: a shot of)?)\s+"
    r"|(?:we|you) can (?:also )?see (?:that )?)?",
    re.IGNORECASE,
)
_SAYS_NOTHING: Final = frozenset(("is", "are", "was", "were", "there", "who", "that", "also"))
_ORDINALS: Final = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
    "twentieth",
)
_ORDINAL: Final = re.compile(rf"\b(?:{'|'.join(_ORDINALS)}|\d+(?:st|nd|rd|th))\b", re.IGNORECASE)
_COUNTED_ON: Final = 4
"""From so many sentences on that only count up ("the third person is ... the sixth person is ..."), one stays."""
_DANGLING: Final = frozenset(
    ("a", "an", "the", "of", "and", "or", "is", "are", "was", "were", "his", "their", "its")
)
_NO_OBJECT: Final = re.compile(
    r"\b(?:is|are) \w+ing (?:also )?(?:at|to|from|with|in|on|into|for|next to)\W*$", re.IGNORECASE
)
"""A sentence may end in "puts his jacket on", not in "is looking at"."""
_INDIRECT: Final = frozenset(("what", "how", "where", "who"))
"""With one of them it may: "shows how sharp they are"."""
_LINKS: Final = frozenset(("with", "from", "into", "onto", "to", "at", "for", "by", "while", "as", "next"))
_SHORTEST: Final = 3
"""Words of a sentence below which it loses none at its end."""
_DETERMINERS: Final = frozenset(("a", "an", "another", "the", "this", "that"))
_REPEATED_WORDS: Final = 4
"""Shortest run of words that counts as stuttering when it follows itself; a shorter one has to do so twice."""


def clean_caption(text: str, prompt: str = "") -> str:
    """A caption without repeated sentences, cut-off tail, echo of the prompt, endless counting and web page text.

    Args:
        text: what the model wrote.
        prompt: the question it was asked; removed wherever the text repeats it.

    Returns:
        Some of the words of `text`, unchanged and in order; none where it only repeats the prompt, asks, or talks
        of a web page. Applying it twice changes nothing more.
    """
    cleaned = _pass(" ".join(_TOKEN.sub(" ", text).split()), prompt)
    while cleaned != (again := _pass(cleaned, prompt)):
        cleaned = again
    return cleaned


def _pass(text: str, prompt: str) -> str:
    sentences = [
        _without_stutter(_LABEL.sub("", sentence)) for sentence in _sentences(_without_prompt(text, prompt))
    ]
    said = [s for s in sentences if _WORD.search(_SPEAKER.sub("", s)) and not _is_to_somebody(_SPEAKER.sub("", s))]
    kept = _without_repeats(_without_counting(_without_other_scripts(_without_page(said))))
    while len(kept) > 1 and _is_cut_off(kept[-1], kept[:-1]):
        kept.pop()
    return _without_loose_end(kept[0]) if len(kept) == 1 else " ".join(kept)


def _is_to_somebody(sentence: str) -> bool:
    return _ASKED.match(sentence) is not None or _CHAT.match(sentence) is not None


def _sentences(text: str) -> list[str]:
    """Sentences, and what each of several speakers says; one goes on after a mark in it ("Why? asks a sign.")."""
    found: list[str] = []
    for sentence in _SENTENCE.findall(text):
        if found and found[-1][-1] in "?!" and sentence.strip()[:1].islower():
            found[-1] += sentence
        else:
            found.append(sentence)
    return [part.strip() for sentence in found for part in _NEXT_SPEAKER.split(sentence)]


def _without_prompt(text: str, prompt: str) -> str:
    words = _WORD.findall(prompt)
    if not words:
        return text
    echo = r"\W+".join(re.escape(word) for word in words)
    return " ".join(re.sub(rf"\b{echo}\b[\s?!.:]*", " ", text, flags=re.IGNORECASE).split())


def _without_stutter(sentence: str) -> str:
    """Drop a run of words that follows itself, however often; what is sung or read in quotation marks stays."""
    words = sentence.split()
    at = 0
    while at < len(words):
        for size in range(1, (len(words) - at) // 2 + 1):
            run = [word.rstrip(",") for word in words[at : at + size]]
            end = at + size
            while [word.rstrip(",") for word in words[end : end + size]] == run:
                end += size
            enough = end - at >= size * (2 if size >= _REPEATED_WORDS else 3)
            if enough and not _is_quoted(words[:at], words[at:end]):
                del words[at : end - size]
                break
        at += 1
    return " ".join(words)


def _is_quoted(before: list[str], words: list[str]) -> bool:
    marks = re.compile('["“”]')
    return len(marks.findall(" ".join(before))) % 2 == 1 or marks.search(" ".join(words)) is not None


def _without_page(sentences: list[str]) -> list[str]:
    """Drop what a web page says around its content, up to the next sentence that describes something."""
    kept = []
    inside = False
    for sentence in sentences:
        tells = _SEEN.search(sentence) is not None
        describes = tells or (_DESCRIBES.match(sentence) is not None and _TO_A_READER.search(sentence) is None)
        page = _PAGE.search(sentence) is not None and not tells
        inside = _ADDRESS.search(sentence) is not None or page or (inside and not describes)
        if not inside:
            kept.append(sentence)
    return kept


def _without_other_scripts(sentences: list[str]) -> list[str]:
    """Drop sentences with no letter in the script the caption begins in: models drift into other languages."""
    used = [{match.lastgroup for match in _SCRIPTS.finditer(sentence)} for sentence in sentences]
    first = next((match.lastgroup for s in sentences if (match := _SCRIPTS.search(s))), None)
    return [s for s, scripts in zip(sentences, used, strict=True) if not scripts or first in scripts]


def _without_counting(sentences: list[str]) -> list[str]:
    """Drop sentences that say what one before said of the next in order, where they are many."""
    runs: list[list[str]] = []
    for sentence in sentences:
        if runs and 0 < _place_in_order(runs[-1][-1]) < _place_in_order(sentence):
            runs[-1].append(sentence)
        else:
            runs.append([sentence])
    kept = []
    for run in runs:
        new = [s for n, s in enumerate(run) if not any(_goes_on(earlier, s) for earlier in run[:n])]
        kept += new if len(run) - len(new) >= _COUNTED_ON - 1 else run
    return kept


def _place_in_order(sentence: str) -> int:
    """The number that an ordinal in it stands for; 0 without one."""
    found = _ORDINAL.search(sentence)
    if found is None:
        return 0
    word = found[0].lower()
    return _ORDINALS.index(word) + 1 if word in _ORDINALS else int(word[:-2])


def _goes_on(first: str, sentence: str) -> bool:
    """Whether two sentences differ in their ordinals only, the second perhaps broken off."""
    whole, other = (_WORD.findall(_ORDINAL.sub("0", text).casefold()) for text in (first, sentence))
    return whole[: len(other)] == other


def _without_repeats(sentences: list[str]) -> list[str]:
    """Drop what was said before, whole or broken off, also behind another speaker's name or another lead-in
    ("The video shows people walking. People are walking.")."""
    said: list[list[str]] = []
    kept = []
    for sentence in sentences:
        spoken = _SPEAKER.sub("", sentence)
        words = _WORD.findall(spoken.casefold())
        told = [word for word in _WORD.findall(_LEAD_IN.sub("", spoken).casefold()) if word not in _SAYS_NOTHING]
        ways = [way for way in (words, told) if way]
        if not any(earlier[: len(way)] == way for way in ways for earlier in said):
            said += ways
            kept.append(sentence)
    return kept


def _is_cut_off(sentence: str, before: list[str]) -> bool:
    """Whether a last sentence has no end, or ends where none can ("The.", "The twelfth.", "The woman is.").

    Models stopped at a token limit close such a stump with a full stop: more than 50 of the 764 different captions
    of one 18-minute video end in a single word. "Beautiful!" and a noun that is new ("A smile.") are none.
    """
    words = _WORD.findall(_SPEAKER.sub("", sentence).casefold())
    said = frozenset(_WORD.findall(" ".join(before).casefold()))
    bare_noun = len(words) == 2 and words[0] in _DETERMINERS
    stump = (len(words) == 1 and not sentence.endswith("!")) or (
        bare_noun and (words[1] in said or _ORDINAL.search(sentence) is not None)
    )
    if not _ENDED.search(sentence) or stump:
        return True
    open_end = words[-1] in _DANGLING or _NO_OBJECT.search(sentence) is not None
    return open_end and _INDIRECT.isdisjoint(words)


def _without_loose_end(sentence: str) -> str:
    """An only sentence that breaks off without the words that need others after them ("... a chair with a")."""
    words = sentence.split()
    if _ENDED.search(sentence):
        return sentence
    while len(words) > _SHORTEST and words[-1].casefold() in _DANGLING | _LINKS:
        words.pop()
    return " ".join(words)
