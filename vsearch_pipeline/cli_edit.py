"""`vsearch segments`, `edit`, `history`, `undo`, `redo`, `revert`, `rewind`: corrections from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Column, Table

from vsearch_pipeline.catalog.library import merged_people
from vsearch_pipeline.catalog.segments import Language, SegmentRecord, read_segments
from vsearch_pipeline.catalog.videos import find_video
from vsearch_pipeline.cli_people import Terminal, print_json, terminal_of
from vsearch_pipeline.editing.called import existing
from vsearch_pipeline.editing.doors import open_editor
from vsearch_pipeline.editing.entries import Difference, Entry
from vsearch_pipeline.editing.history import LISTED, HistoryService
from vsearch_pipeline.editing.offers import CaptionOffer, Offer, offers
from vsearch_pipeline.editing.segments import Layer, SegmentService
from vsearch_pipeline.editing.transaction import Done, Editor
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange, parse_time

edit = typer.Typer(
    help="Correct segments; every edit can be taken back with `vsearch undo`.", no_args_is_help=True
)

Segments = Annotated[
    list[str], typer.Argument(help="Numbers of segments, as `vsearch segments` lists them.", metavar="SEGMENT...")
]
Version = Annotated[
    int | None,
    typer.Option("--version", help="The version you looked at: the edit is refused if somebody changed it since."),
]


def mount(app: typer.Typer, terminal: Terminal) -> None:
    """Give the application these commands."""
    context = {"obj": terminal}
    app.add_typer(edit, name="edit", context_settings=context)
    for command in (segments, history, undo, redo, revert, rewind):
        app.command(context_settings=context)(command)


# --- looking ----------------------------------------------------------------------------------------------------


def segments(
    context: typer.Context,
    video: Annotated[str, typer.Argument(help="A video's id, or a part of its title that no other has.")],
    deleted: Annotated[bool, typer.Option("--deleted", help="Also those that people deleted.")] = False,
    offered: Annotated[
        bool, typer.Option("--offered", help="Only those of which the models say something new.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the segments of a video: what the models say, and what people said over it."""
    terminal = terminal_of(context)
    with _editor(terminal).catalog.begin() as connection:
        record = find_video(connection, video)
        found = [s for s in read_segments(connection, video_id=record.id, deleted=deleted) if not s.covered]
        merged = merged_people(connection)
    told = [(segment, offers(segment, merged)) for segment in found]
    if offered:
        told = [(segment, new) for segment, new in told if new]
    if as_json:
        print_json([_segment_as_json(segment, new) for segment, new in told])
        return
    if not told:
        terminal.out.print("Nothing is offered." if offered else "There are no segments yet.")
        return
    table = Table("segment", "time", Column("caption", overflow="fold"), "people", "by")
    for segment, new in told:
        table.add_row(
            str(segment.id),
            str(segment.span),
            "\n".join(map(escape, _captions(segment, new))),
            escape(", ".join(person.shown for person in segment.people)),
            _by(segment),
        )
    terminal.out.print(table)


def history(  # noqa: PLR0917 - options
    context: typer.Context,
    segment: Annotated[int | None, typer.Option(help="Only what was done to this segment.")] = None,
    video: Annotated[str | None, typer.Option(help="Only what was done to this video.")] = None,
    person: Annotated[str | None, typer.Option(help="Only what is about this person.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what they did.")] = None,
    before: Annotated[int | None, typer.Option(help="Only what is older than this operation.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = LISTED,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who changed what, when, through which door; the newest first."""
    terminal = terminal_of(context)
    editor = _editor(terminal)
    with editor.catalog.begin() as connection:
        who = existing(connection, person).id if person is not None else None
        which = find_video(connection, video).id if video is not None else None
    entries = HistoryService(editor).entries(
        segment=segment, person=who, video=which, actor=actor, before=before, limit=limit
    )
    if as_json:
        print_json([_entry_as_json(entry) for entry in entries])
        return
    if not entries:
        terminal.out.print("Nothing was done yet.")
    for entry in entries:
        _print_entry(terminal, entry)
    if len(entries) == limit:
        older = entries[-1].operation.id
        terminal.out.print(f"[dim]What is older: --before {older}[/dim]")


# --- editing ----------------------------------------------------------------------------------------------------


@edit.command()
def caption(
    context: typer.Context,
    numbers: Segments,
    en: Annotated[str | None, typer.Option(help="The English caption.")] = None,
    ko: Annotated[str | None, typer.Option(help="The Korean caption.")] = None,
    version: Version = None,
) -> None:
    """Write the caption of a segment, or the same one of several."""
    service, ids = _service(context), _numbers(numbers)
    _told(context, service.set_captions(ids, _written(en, ko), seen=_seen(ids, version)))


@edit.command("people")
def people_command(
    context: typer.Context,
    numbers: Segments,
    add: Annotated[list[str] | None, typer.Option(help="Who is there: name, alias or GROUP/NAME.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Who is not there.")] = None,
    version: Version = None,
) -> None:
    """Say who is in segments, and who is not."""
    terminal, ids = terminal_of(context), _numbers(numbers)
    editor = _editor(terminal)
    with editor.catalog.begin() as connection:
        there, gone = ([existing(connection, name).id for name in names or ()] for names in (add, remove))
    done = SegmentService(editor).set_people(ids, add=there, remove=gone, seen=_seen(ids, version))
    _told(context, done)


@edit.command()
def move(  # noqa: PLR0917 - options
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="SEGMENT")],
    start: Annotated[str | None, typer.Option(help="Where it begins: 1:02.500, or seconds.")] = None,
    end: Annotated[str | None, typer.Option(help="Where it ends.")] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Leave the segments that meet it where they are.")
    ] = False,
    version: Version = None,
) -> None:
    """Move the edges of a segment; segments that meet them follow."""
    if start is None and end is None:
        raise InputError("Give --start, --end or both.")
    done = _service(context).move(
        number,
        start_ms=None if start is None else parse_time(start),
        end_ms=None if end is None else parse_time(end),
        neighbours="stay" if alone else "follow",
        seen=_seen([number], version),
    )
    _told(context, done)


@edit.command()
def merge(
    context: typer.Context,
    numbers: Segments,
    captions: Annotated[
        Literal["join", "first", "longest", "models"], typer.Option(help="Where people wrote some, what is kept.")
    ] = "join",
    people: Annotated[
        Literal["all", "common", "first"], typer.Option(help="Everybody, who is in each part, or the first's.")
    ] = "all",
) -> None:
    """Make one of several segments of a video, and of what lies between."""
    _told(context, _service(context).merge(_numbers(numbers), captions=captions, people=people))


@edit.command()
def split(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="SEGMENT")],
    at: Annotated[str, typer.Argument(help="A time of the video: 1:02.500, or seconds.", metavar="TIME")],
    captions: Annotated[
        Literal["both", "first", "second"], typer.Option(help="Which part keeps a caption that people wrote.")
    ] = "both",
    version: Version = None,
) -> None:
    """Cut a segment in two; people are divided by who is on screen in each part."""
    seen = _seen([number], version)
    _told(context, _service(context).split(number, parse_time(at), captions=captions, seen=seen))


@edit.command()
def create(  # noqa: PLR0917 - options
    context: typer.Context,
    video: Annotated[str, typer.Argument(help="A video's id, or a part of its title that no other has.")],
    start: Annotated[str, typer.Argument(help="1:02.500, or seconds.", metavar="START")],
    end: Annotated[str, typer.Argument(metavar="END")],
    en: Annotated[str | None, typer.Option(help="The English caption.")] = None,
    ko: Annotated[str | None, typer.Option(help="The Korean caption.")] = None,
) -> None:
    """Make a segment from an in and an out point; what the models made gives way."""
    editor = _editor(terminal_of(context))
    with editor.catalog.begin() as connection:
        record = find_video(connection, video)
    try:
        span = TimeRange(parse_time(start), parse_time(end))
    except ValueError as error:
        raise InputError(f"A segment must end after it begins: {start} is not before {end}.") from error
    _told(context, SegmentService(editor).create(record.id, span, captions=_written(en, ko)))


@edit.command()
def delete(context: typer.Context, numbers: Segments) -> None:
    """Take segments out of the library; `restore` brings them back."""
    _told(context, _service(context).delete(_numbers(numbers)))


@edit.command()
def restore(context: typer.Context, numbers: Segments) -> None:
    """Bring deleted segments back."""
    _told(context, _service(context).restore(_numbers(numbers)))


@edit.command()
def lock(context: typer.Context, numbers: Segments) -> None:
    """Let nobody change segments until they are unlocked."""
    _told(context, _service(context).lock(_numbers(numbers)))


@edit.command()
def unlock(context: typer.Context, numbers: Segments) -> None:
    """Let segments be changed again."""
    _told(context, _service(context).lock(_numbers(numbers), locked=False))


Layers = Annotated[
    Literal["en", "ko", "people"] | None,
    typer.Option("--what", help="Only the captions in one language, or the people."),
]


@edit.command()
def accept(context: typer.Context, numbers: Segments, what: Layers = None) -> None:
    """Accept what the models say now, in the place of what people said."""
    _told(context, _service(context).use_models(_numbers(numbers), _layers(what)))


@edit.command()
def keep(context: typer.Context, numbers: Segments, what: Layers = None) -> None:
    """Keep what people said, and be offered what the models say now no more."""
    _told(context, _service(context).keep_mine(_numbers(numbers), _layers(what)))


# --- going back -------------------------------------------------------------------------------------------------


def undo(context: typer.Context) -> None:
    """Take back what you did last."""
    _went_back(context, HistoryService(_editor(terminal_of(context))).undo(), "There is nothing of yours to undo.")


def redo(context: typer.Context) -> None:
    """Do again what you undid last."""
    _went_back(context, HistoryService(_editor(terminal_of(context))).redo(), "There is nothing to do again.")


def revert(
    context: typer.Context,
    operation: Annotated[int, typer.Argument(help="A number of `vsearch history`.")],
    with_later: Annotated[
        bool, typer.Option("--with-later", help="And what was done later and stands in the way.")
    ] = False,
) -> None:
    """Take an operation back, whoever did it; what was done to other things since stands."""
    done = HistoryService(_editor(terminal_of(context))).revert(operation, with_later=with_later)
    for each in done:
        _told(context, each)


def rewind(
    context: typer.Context,
    segment: Annotated[int | None, typer.Option(help="A segment.")] = None,
    video: Annotated[str | None, typer.Option(help="Or all segments of a video.")] = None,
    to: Annotated[
        str | None, typer.Option(help="An operation's number (to right after it; 0: before all), or a time.")
    ] = None,
) -> None:
    """Put a segment, or a video, back to how people had it at some point."""
    if to is None:
        raise InputError("Say to which point with --to: an operation's number, or a time (2026-11-26T14:00).")
    editor = _editor(terminal_of(context))
    if video is not None:
        with editor.catalog.begin() as connection:
            video = find_video(connection, video).id
    point: dict[str, Any] = {"operation": int(to)} if to.isdecimal() else {"moment": _moment(to)}
    _told(context, HistoryService(editor).restore(segment=segment, video=video, **point))


# --- parts ------------------------------------------------------------------------------------------------------


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is neither an operation's number nor a time: write 2026-11-26T14:00."
        ) from error
    return moment if moment.tzinfo else moment.astimezone()


def _editor(terminal: Terminal) -> Editor:
    return open_editor(terminal.settings(), "cli")


def _service(context: typer.Context) -> SegmentService:
    return SegmentService(_editor(terminal_of(context)))


def _written(en: str | None, ko: str | None) -> dict[Language, str]:
    given: dict[Language, str | None] = {"en": en, "ko": ko}
    return {language: text for language, text in given.items() if text is not None}


def _numbers(texts: Sequence[str]) -> list[int]:
    """Numbers, also written 3-7 or 3,5."""
    found: list[int] = []
    for part in ",".join(texts).split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise InputError(f"{part!r} is not a number of a segment: `vsearch segments VIDEO` lists them.")
        found += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(found))


def _seen(ids: Sequence[int], version: int | None) -> dict[int, int] | None:
    if version is None:
        return None
    if len(ids) > 1:
        raise InputError("--version is of one segment.")
    return {ids[0]: version}


def _layers(what: Layer | None) -> Sequence[Layer]:
    return [what] if what else ["en", "ko", "people"]


def _went_back(context: typer.Context, done: Done | None, nothing: str) -> None:
    if done is None:
        raise NotFoundError(nothing)
    _told(context, done)


def _told(context: typer.Context, done: Done) -> None:
    """Print what an edit did."""
    terminal = terminal_of(context)
    if done.operation is None:
        terminal.out.print("It was like that already; nothing was changed.")
        return
    entries = HistoryService(_editor(terminal)).entries(before=done.operation + 1, limit=1)
    for entry in entries:
        _print_entry(terminal, entry)
    for segment in done.segments[:_SHOWN]:
        told = escape(segment.caption_ko or segment.caption_en or "")
        terminal.out.print(f"[dim]segment {segment.id}[/dim]  {segment.span}  {told}")
    if len(done.segments) > _SHOWN:
        terminal.out.print(f"[dim]and {len(done.segments) - _SHOWN} more[/dim]")


_SHOWN = 10


def _print_entry(terminal: Terminal, entry: Entry) -> None:
    operation = entry.operation
    state = f"  [yellow]taken back by {operation.reverted_by}[/yellow]" if operation.reverted_by else ""
    of = f" {operation.reverts}" if operation.reverts else ""
    terminal.out.print(
        f"[bold]{operation.id}[/bold]  {operation.at.astimezone():%Y-%m-%d %H:%M:%S}"
        f"  [cyan]{escape(operation.actor)}[/cyan] ({operation.door})  {operation.kind}{of}{state}"
    )
    if "merged" in operation.about:
        terminal.out.print(f"      segments {', '.join(map(str, operation.about['merged']))} are one")
    for difference in entry.differences[:_SHOWN]:
        terminal.out.print(f"      {escape(difference_text(difference))}")
    if len(entry.differences) > _SHOWN:
        terminal.out.print(f"      [dim]and {len(entry.differences) - _SHOWN} more[/dim]")


def difference_text(difference: Difference) -> str:
    """A line for people: `title 0:03-0:08, caption_en: a dog -> two dogs`."""
    what = difference.who or difference.field
    before, after = (text if text is not None else "-" for text in (difference.before, difference.after))
    kind = f"{difference.kind} {difference.id}" if difference.kind != "person" else difference.label
    label = f"{kind} ({difference.label})" if difference.kind == "segment" else kind
    return f"{label}, {what}: {before} -> {after}"


def _captions(segment: SegmentRecord, new: Iterable[Offer]) -> list[str]:
    lines = []
    for language, human, auto in (
        ("ko", segment.layers.human_ko, segment.layers.auto_ko),
        ("en", segment.layers.human_en, segment.layers.auto_en),
    ):
        if human is not None:
            lines.append(f"{language}* {human}")
        elif auto:
            lines.append(f"{language}  {auto}")
    for offer in new:
        if isinstance(offer, CaptionOffer):
            lines.append(f"{offer.language}? {offer.now or '-'}")
        else:
            lines.append(f"?  person {offer.person_id} is {'' if offer.now else 'not '}there, say the models")
    return lines


def _by(segment: SegmentRecord) -> str:
    told = [
        *(["deleted"] if segment.deleted_at else []),
        *(["locked"] if segment.locked else []),
        "people" if segment.touched else "models",
    ]
    return ", ".join(told)


def _segment_as_json(segment: SegmentRecord, new: Sequence[Offer]) -> dict[str, Any]:
    layers = segment.layers
    return {
        "segment": segment.id,
        "version": segment.version,
        "start_ms": segment.span.start_ms,
        "end_ms": segment.span.end_ms,
        "caption_en": segment.caption_en,
        "caption_ko": segment.caption_ko,
        "models": {"caption_en": layers.auto_en, "caption_ko": layers.auto_ko},
        "people_said": {"caption_en": layers.human_en, "caption_ko": layers.human_ko},
        "people": [person.shown for person in segment.people],
        "speech": segment.speech,
        "edited": segment.touched,
        "locked": segment.locked,
        "deleted": segment.deleted_at is not None,
        "offers": [asdict(offer) for offer in new],
    }


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    operation = entry.operation
    return {
        "operation": operation.id,
        "at": operation.at.isoformat(),
        "actor": operation.actor,
        "door": operation.door,
        "kind": operation.kind,
        "reverts": operation.reverts,
        "reverted_by": operation.reverted_by,
        "differences": [asdict(difference) for difference in entry.differences],
    }
