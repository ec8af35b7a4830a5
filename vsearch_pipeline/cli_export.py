"""`vsearch export`: what leaves the library, from the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.markup import escape
from rich.progress import TextColumn

from vsearch_pipeline.catalog.videos import find_video
from vsearch_pipeline.cli_people import Terminal, terminal_of
from vsearch_pipeline.errors import InputError, NotFoundError, VsearchError
from vsearch_pipeline.export.clips import Progress, Written
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.export.service import ExportService, Text, open_export

Format = Literal["srt", "vtt", "ass", "txt", "json", "csv", "otio", "edl", "fcpxml", "clips", "reel", "gif"]
_TRANSCRIPTS: Final = ("srt", "vtt", "ass", "txt", "json")
"""Formats of one text; of one video they hold what is said, where nothing else is asked for."""


@dataclass(frozen=True)
class _Selection:
    """Items, and what they are called together."""

    items: Sequence[Item]
    name: str
    one_video: bool = False


def export(  # noqa: PLR0917 - options
    context: typer.Context,
    videos: Annotated[
        list[str] | None,
        typer.Argument(help="Videos by id, or by a part of the title that no other has.", metavar="VIDEO"),
    ] = None,
    search: Annotated[str | None, typer.Option(help="The moments of a search, best first.")] = None,
    limit: Annotated[int, typer.Option(help="How many moments of a search.", min=1, max=1000)] = 10,
    segments: Annotated[str | None, typer.Option(help="Segments by number, in this order: 12,7,9.")] = None,
    to: Annotated[
        Format,
        typer.Option(
            "--format",
            help="Subtitles (srt, vtt, ass), text (txt), segments that can be imported or with --text speech the"
            " transcript (json), a table (csv), a timeline for an editing program (otio, edl, fcpxml), or pictures"
            " (clips, reel, gif).",
        ),
    ] = "srt",
    text: Annotated[
        Text | None,
        typer.Option(
            help="What subtitles and texts hold: what is said (default of one video), or captions (default of"
            " everything else: Korean where there is one)."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--out", help="A file, or a folder for clips; texts are printed where it is left out, or -."),
    ] = None,
) -> None:
    """Write videos, segments or what a search finds: subtitles, tables, timelines, clips."""
    terminal = terminal_of(context)
    if sum((bool(videos), search is not None, segments is not None)) != 1:
        raise InputError("Give videos, or a query with --search, or numbers of segments with --segments.")
    if text is not None and to not in _TRANSCRIPTS:
        raise InputError(f"--text chooses what subtitles and texts hold; {to} takes none.")
    service = open_export(terminal.settings())
    if to == "json" and text is None:
        _put(terminal, _segments(terminal, service, videos or (), search, segments, limit), file)
        return
    if videos and len(videos) == 1 and to in _TRANSCRIPTS and text in {None, "speech"}:
        _put(terminal, service.transcript(_video_id(service, videos[0]), to), file)
        return
    if search is not None:
        selected = _Selection(_found(terminal, service, search, limit), search)
    elif segments is not None:
        selected = _Selection(service.segments(_numbers(segments)), "Selection")
    else:
        ids = [_video_id(service, name) for name in videos or ()]
        items = service.videos(ids)
        selected = _Selection(items, items[0].title, one_video=len(ids) == 1)
    if to in {"clips", "reel", "gif"}:
        _write_media(terminal, service, selected, to, file)
    else:
        _put(terminal, _text(service, selected, to, text), file)


def _numbers(listed: str) -> list[int]:
    try:
        return [int(number) for number in listed.split(",") if number.strip()]
    except ValueError as error:
        raise InputError(f"--segments {listed}: give numbers with commas between, such as 12,7,9.") from error


def _video_id(service: ExportService, name: str) -> str:
    with service.catalog.read() as connection:
        return find_video(connection, name).id


def _found(terminal: Terminal, service: ExportService, query: str, limit: int) -> list[Item]:
    from vsearch_pipeline.search.service import open_search

    result = open_search(terminal.settings()).search(query, limit=limit)
    if not result.moments:
        raise NotFoundError(f"{query!r}: nothing is found; try other words.")
    if not result.good:
        terminal.err.print("[yellow]Nothing matches well.[/yellow] What comes nearest is exported.")
    return service.ranges(
        [(m.best.video.id, m.span, [member.segment_id for member in m.members]) for m in result.moments]
    )


def _segments(  # noqa: PLR0917 - options
    terminal: Terminal,
    service: ExportService,
    videos: Sequence[str],
    search: str | None,
    segments: str | None,
    limit: int,
) -> str:
    """Segments with both layers."""
    if videos:
        return service.segments_json(videos=list(dict.fromkeys(_video_id(service, name) for name in videos)))
    if segments is not None:
        return service.segments_json(segments=_numbers(segments))
    items = _found(terminal, service, search or "", limit)
    return service.segments_json(segments=[number for item in items for number in item.segment_ids])


def _text(service: ExportService, selected: _Selection, to: Format, text: Text | None) -> str | bytes:
    if to == "csv":
        return service.table(selected.items)
    if to == "txt":
        return service.plain(selected.items, text)
    if to in {"otio", "edl", "fcpxml"}:
        return service.timeline(selected.items, to, selected.name)
    if to in {"srt", "vtt", "ass"}:
        return service.subtitles(selected.items, to, text, own_clock=selected.one_video)
    raise InputError(
        "--text speech of json is the transcript of one video: give one, or leave --text out for segments."
    )


def _put(terminal: Terminal, written: str | bytes, file: Path | None) -> None:
    content = written.encode() if isinstance(written, str) else written
    if file is None or str(file) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(f"{file}: it cannot be written ({error.strerror}).") from error
    terminal.out.print(f"[green]written[/green]  {escape(str(file))}")


def _write_media(
    terminal: Terminal, service: ExportService, selected: _Selection, to: Format, target: Path | None
) -> None:
    if target is None or str(target) == "-":
        raise InputError(f"{to} needs --out: a {'new file' if to == 'reel' else 'folder'} for what is written.")
    write: Callable[[Sequence[Item], Path, Progress], Written] = {
        "clips": service.clips,
        "reel": service.reel,
        "gif": service.gifs,
    }[to]
    with terminal.progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task(f"writing {to}", total=len(selected.items))
        written = write(
            selected.items, target, lambda done, total: progress.update(task, completed=done, total=total)
        )
    for path in written.paths:
        terminal.out.print(f"[green]written[/green]  {escape(str(path))}")
    for failure in written.failures:
        terminal.err.print(f"[red]left out[/red] {escape(str(failure))}")
    if written.failures:
        raise VsearchError(
            f"{len(written.failures)} of {len(selected.items)} could not be written; the reasons are above."
        )
