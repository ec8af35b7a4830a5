"""A library whose captions, names, titles, file names and reasons were written by somebody who means harm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from tests.editor_app.library import FRAME_RATE, SECONDS, Library, another_library, write_film, write_pictures
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.library import list_people
from vsearch_pipeline.catalog.models import Utterance
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, fail_stage, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, update_video
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.service import open_search
from vsearch_pipeline.timeline import TimeRange

WORD: Final = "lighthouse"
"""Stands in each caption, so that one query finds all."""

OUT: Final = "https://elsewhere.invalid"
"""Where nothing may ever be fetched from."""

TEXTS: Final[dict[str, str]] = {
    "script": "<script>window.hacked='script'</script>",
    "handler": "<img src=x onerror=\"window.hacked='handler'\">",
    "svg": "<svg/onload=window.hacked='svg'><style>*{display:none}</style>",
    "way out": "</textarea></title></style></script>--><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "markdown": f"[press](javascript:window.hacked=1) ![x]({OUT}/x.png) **bold** `code` # head | a | b",
    "link": f"<a href=\"javascript:window.hacked='link'\" target=_blank>here</a> <link rel=stylesheet href={OUT}>",
    "directive": ":red[hot] :material/delete: $$\\frac{1}{0}$$ $x^2$ :smile: :streamlit: <!-- c -->",
    "template": "{{constructor.constructor('window.hacked=1')()}} {0} {name:>9999} {} ${7*7} %s %(x)d \\1 \\g<0>",
    "entity": "&lt;b&gt;bold&lt;/b&gt; &amp;amp; &#x3C;script&#x3E; &nbsp;&zwj;",
    "override": "photo\u202egpj.exe is one \u202dof two",
    "isolate": "open \u2067isolate \u202bembedding \u2066and more",
    "pop": "pop \u2069\u2069\u202c\u202c\u2069 goes the weasel",
    "arabic": "مرحبا (hello) שלום 12:30–14:00 العربية",
    "zalgo": "Z" + "\u0300\u0336\u035f\u0489\u030d" * 40 + "algo",
    "width": "a\u200bb\u200cc\u200dd\ufefee\u2060f\u00ad\u034f\u115f\u3164 \U000e0041\U000e007f",
    "emoji": "👨‍👩‍👧‍👦👩🏽‍🚀🏴󠁧󠁢󠁳󠁣󠁴󠁿🇰🇷❤️‍🔥" * 3,
    "control": "bell\x07 \x1b[31mred\x1b[0m \x08back \x01\x1f\x7f \x9b31m \ufffe \ufffd",
    "formula": f'=HYPERLINK("{OUT}","win") +1 -1 @SUM(A1) \t|calc',
    "statement": "'); drop table segments; -- \" \\' ` %00 ../../etc/passwd",
    "lines": "first\nsecond\r\nthird\u2028fourth\u0085fifth\x0bsixth",
    "unbroken": "unbroken" * 1_250,
    "unbroken Korean": "끊지않고이어쓴말" * 600,
}
"""What people could be made to read, by the kind of harm."""

FILE_NAME: Final = "<img src=x onerror=window.hacked='file'> [x](javascript:1) \u202e4pm.gpj {0} $x$ 한글.mp4"
ANOTHER_FILE: Final = b"\x00\x00\x00\x08free"
"""An empty box at the end of an MP4: the film of the library with another digest."""
ACTOR: Final = "<b onmouseover=\"window.hacked='actor'\">Mallory\u202e</b> [x](javascript:1) {0}"
LONGEST_LINE: Final = 400
"""Kept searches, names of files and lines of speech are no longer than that."""


@dataclass(frozen=True)
class Hostile:
    """The library, and what there is of it to see.

    Attributes:
        segments: two of each imported video, the second with a caption by hand.
        spoken: the segment of the film.
        people: ids by name.
    """

    library: Library
    titles: tuple[str, ...]
    segments: tuple[SegmentRecord, ...]
    film: VideoRecord
    spoken: int
    people: dict[str, int]
    groups: tuple[str, ...]
    saved: tuple[str, ...]


def short(text: str) -> str:
    return text[:LONGEST_LINE]


def hostile_library(lib: Library, folder: Path) -> Hostile:
    """A database of its own on the server of `lib`."""
    library = another_library(lib, "hostile")
    settings = library.settings
    catalog = open_catalog(settings)
    embedder = load_sentence_embedder(settings.sentence_embedder)
    listing = folder / f"{short(TEXTS['handler']).replace('/', '')}.json"
    listing.write_text(json.dumps([record for text in TEXTS.values() for record in _records(text)]))
    imported = [video.video_id for video in import_metadata(catalog, listing, actor=ACTOR)]
    path = folder / FILE_NAME
    write_film(path, "libx264")
    path.write_bytes(path.read_bytes() + ANOTHER_FILE)
    film = add_file(catalog, settings, path, actor=ACTOR, door="cli").video
    with catalog.begin() as connection:
        for number, (video, text) in enumerate(zip(imported, TEXTS.values(), strict=True)):
            fail_stage(connection, video, ("captions", "shots", "transcript")[number % 3], text, "tests")
        update_video(
            connection,
            film.id,
            {"start_ms": 0, "duration_ms": SECONDS * 1000, "frame_rate_num": FRAME_RATE, "frame_rate_den": 1},
        )
        _say(connection, film)
        fail_stage(connection, film.id, "transcript", "; ".join(map(short, TEXTS.values())), "tests")
        for video in imported:
            embed_segments(connection, video, embedder)
        segments = tuple(each for video in imported for each in read_segments(connection, video_id=video))
    write_pictures(settings, film)
    _edit(catalog, embedder, film, segments)
    searching = open_search(settings)
    for text in TEXTS.values():
        searching.remember("tester", text[:LONGEST_LINE])
        searching.save("tester", f"{WORD} {text[:80]}", text[:60])
    with catalog.begin() as connection:
        people = [person for person in list_people(connection) if person.group != "Rainbow"]
        [spoken] = read_segments(connection, video_id=film.id)
        segments = tuple(each for video in imported for each in read_segments(connection, video_id=video))
    return Hostile(
        library,
        tuple(TEXTS.values()),
        segments,
        film,
        spoken.id,
        {person.name: person.id for person in people},
        tuple(person.group for person in people if person.group),
        tuple(search.name for search in searching.saved("tester") if search.name),
    )


def _records(text: str) -> list[dict[str, object]]:
    """A video of that title: two captions, somebody of that name in a group of that name."""
    face = {"member": text, "group": text, "confidence": 0.8}
    return [
        {"video_id": text, "timestamp": 1, "caption": f"a {WORD} {text}", "caption_ko": text, "faces": [face]},
        {"video_id": text, "timestamp": 100, "caption": f"another {WORD}", "faces": []},
    ]


def _say(connection: Connection, film: VideoRecord) -> None:
    """Each text as a line of the film."""
    producer = producer_id(connection, ProducerInfo("transcript", "tests", "1"))
    rows = [
        {
            "index": index,
            "start_ms": 150 * index,
            "end_ms": 150 * index + 150,
            "text": short(text),
            "language": "en",
            "confidence": 0.9,
            "words": [[word, 150 * index, 150 * index + 150, 0.9] for word in short(text).split()],
        }
        for index, text in enumerate(TEXTS.values())
    ]
    replace_rows(connection, film.id, producer, {Utterance: rows})


def _edit(
    catalog: Catalog, embedder: SentenceEmbedder, film: VideoRecord, segments: Sequence[SegmentRecord]
) -> None:
    """What somebody of that name wrote: captions, names, aliases."""
    editor = Editor(catalog, embedder, actor=ACTOR, door="web")
    whole = TimeRange(0, SECONDS * 1000)
    SegmentService(editor).create(film.id, whole, captions={"en": f"a {WORD} on film {TEXTS['script']}"})
    for segment, text in zip(segments[1::2], TEXTS.values(), strict=True):
        SegmentService(editor).set_captions([segment.id], {"en": f"{WORD} by hand: {text[:4000]}"})
    people = PeopleService(editor, embedding_model="none", step_ms=500)
    for kind in ("handler", "markdown", "override", "formula", "zalgo", "directive"):
        person = people.add_person(f"another {kind}", "Made").person
        people.add_aliases(person.id, [TEXTS[kind][:100]])
        people.rename(person.id, f"renamed {TEXTS[kind].replace('/', ' ')[:80]}")
