"""`vsearch import segments`, `import captions`, `backup`, `restore`: work out of a library and into another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import TextColumn

from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.segments import Language
from vsearch_pipeline.catalog.videos import find_video
from vsearch_pipeline.cli_people import Terminal, print_operation, terminal_of
from vsearch_pipeline.editing.doors import open_editor
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.ingest.captions import By
from vsearch_pipeline.ingest.taking_over import FieldDifference, ImportedSegments

_LISTED: Final = 100
"""Differences and cues that get a line each; of more the number is told."""


def mount(app: typer.Typer, importing: typer.Typer, terminal: Terminal) -> None:
    """Give the application these commands, and `import` its own."""
    context = {"obj": terminal}
    importing.command("segments", context_settings=context)(segments)
    importing.command("captions", context_settings=context)(captions)
    for command in (backup, restore):
        app.command(context_settings=context)(command)


def segments(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `vsearch export --format json` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Let the file's captions, people and times go over different ones.")
    ] = False,
) -> None:
    """Import segments: a video that is not here is made exactly, of others what people did is taken over."""
    from vsearch_pipeline.ingest.segments_json import import_segments

    terminal = terminal_of(context)
    settings = terminal.settings()
    done = import_segments(open_editor(settings, "cli"), file, replace=replace)
    for video in done:
        _print_video(terminal, video)
    _print_differences(terminal, [each for video in done for each in video.differences], replaced=replace)
    _print_left_out(terminal, [f"{video.title}: {told}" for video in done for told in video.left_out])
    _make_searchable(terminal, [video.video_id for video in done if video.new])


def captions(
    context: typer.Context,
    video: Annotated[str, typer.Argument(help="A video's id, or a part of its title that no other has.")],
    file: Annotated[Path, typer.Argument(help="Subtitles, .srt or .vtt.")],
    language: Annotated[Language | None, typer.Option(help="Guessed from the letters where not given.")] = None,
    by: Annotated[
        By,
        typer.Option(help="Give each cue to the segment it lies in most (overlap), or make one of it (new)."),
    ] = "overlap",
) -> None:
    """Import captions of a video from subtitles; `vsearch undo` takes them back."""
    from vsearch_pipeline.ingest.captions import import_captions

    terminal = terminal_of(context)
    editor = open_editor(terminal.settings(), "cli")
    with editor.catalog.begin() as connection:
        found = find_video(connection, video)
    done = import_captions(editor, found.id, file, language=language, by=by)
    name = {"en": "English", "ko": "Korean"}[done.language]
    instead = f", {done.replaced} instead of what people wrote" if done.replaced else ""
    made = _many(done.captions, f"{name} caption")
    terminal.out.print(f"[green]imported[/green] {made} of {escape(done.title)}{instead}")
    print_operation(terminal, done.operation)
    _print_left_out(terminal, done.left_out)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The zip file to write; an earlier backup there is replaced.")],
) -> None:
    """Write everything that people did, and what the library knows of its videos, into one file."""
    from vsearch_pipeline.ingest.backup import write_backup

    terminal = terminal_of(context)
    settings = terminal.settings()
    with terminal.progress() as progress:
        task = progress.add_task("writing", total=None)
        manifest = write_backup(
            open_catalog(settings),
            settings.gallery_dir,
            file,
            lambda part: progress.update(task, description=f"writing [dim]{escape(part)}[/dim]"),
        )
    held = [_many(manifest.counts[table], what) for table, what in _TOLD.items() if manifest.counts[table]]
    held += [_many(manifest.photos, "photo")] if manifest.photos else []
    terminal.out.print(f"[green]written[/green]  {escape(str(file))}: {', '.join(held) or 'an empty library'}")


_TOLD: Final = {"videos": "video", "segments": "segment", "people": "person", "operations": "operation"}


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `vsearch backup` wrote.")],
) -> None:
    """Bring a backup back: exactly into an empty library, else beside what is there, overwriting nothing."""
    from vsearch_pipeline.ingest.backup import restore_backup

    terminal = terminal_of(context)
    settings = terminal.settings()
    with terminal.progress() as progress:
        task = progress.add_task("restoring", total=None)
        done = restore_backup(
            open_editor(settings, "cli"),
            settings.gallery_dir,
            file,
            lambda part: progress.update(task, description=f"restoring [dim]{escape(part)}[/dim]"),
        )
    counts = {
        "video": len(done.videos),
        "segment": done.segments,
        "person": done.people,
        "mark": done.marks,
        "operation": done.operations,
        "saved search": done.searches,
        "photo": done.photos,
    }
    held = ", ".join(_many(count, what) for what, count in counts.items() if count)
    terminal.out.print(f"[green]restored[/green] {held or 'nothing that is not here already'}")
    _print_differences(terminal, done.differences, replaced=False)
    _print_left_out(terminal, done.left_out)
    _make_searchable(terminal, done.videos)
    if done.videos:
        terminal.out.print("Add the videos' files again with `vsearch add`: each finds what is known of it.")


def _make_searchable(terminal: Terminal, videos: Collection[str]) -> None:
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import ingest_imported

    if not videos:
        return
    settings = terminal.settings()
    with terminal.progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task("making searchable", total=len(videos))
        failed = ingest_imported(
            open_instance(settings), open_catalog(settings), videos, lambda count: progress.advance(task, count)
        )
    for video, reason in failed.items():
        terminal.err.print(f"[red]failed[/red]   {escape(video)}: {escape(reason)}")
    if failed:
        raise VsearchError(
            f"{len(failed)} of {len(videos)} videos are here, but not searchable by meaning; see above."
            " `vsearch up` tries again."
        )


def _print_video(terminal: Terminal, video: ImportedSegments) -> None:
    if video.new:
        told = f"[green]made[/green]     {escape(video.video_id)}: {_many(video.changed, 'segment')}"
    elif video.operation is None:
        terminal.out.print(f"[green]known[/green]    {escape(video.video_id)}: nothing new")
        return
    else:
        told = f"[green]changed[/green]  {escape(video.video_id)}: {_many(video.changed, 'segment')}"
    terminal.out.print(f"{told} (operation {video.operation})")


def _print_differences(terminal: Terminal, found: Sequence[FieldDifference], *, replaced: bool) -> None:
    for each in found[:_LISTED]:
        what = "[yellow]replaced[/yellow]" if replaced else "[yellow]kept[/yellow]    "
        told = f"{each.where}, {each.field}: {each.here!r} here, {each.there!r} in the file"
        terminal.err.print(f"{what} {escape(told)}")
    _print_more(terminal, len(found))
    if found and not replaced:
        terminal.err.print("What was said here stands where the file says something else.")


def _print_left_out(terminal: Terminal, found: Iterable[str]) -> None:
    told = list(found)
    for line in told[:_LISTED]:
        terminal.err.print(f"[yellow]left out[/yellow] {escape(line)}")
    _print_more(terminal, len(told))


def _print_more(terminal: Terminal, count: int) -> None:
    if count > _LISTED:
        terminal.err.print(f"and {count - _LISTED} more")


def _many(count: int, what: str) -> str:
    if count == 1:
        return f"1 {what}"
    plural = {"person": "people", "saved search": "saved searches"}.get(what, f"{what}s")
    return f"{count} {plural}"
