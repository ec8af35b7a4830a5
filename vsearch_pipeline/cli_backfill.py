"""`vsearch backfill`: bringing many videos up to date."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import TextColumn, TimeRemainingColumn

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.cli_people import Terminal
from vsearch_pipeline.errors import InputError, VsearchError

FOLLOW_SECONDS = 2.0
SHOWN = 1000
"""Parts of a video that the progress bar counts."""


def mount_backfill(app: typer.Typer, terminal: Terminal) -> None:
    """Add the command to `app`."""

    @app.command()
    def backfill(
        videos: Annotated[
            list[str] | None, typer.Argument(help="Their ids; all of the library without.", metavar="VIDEO...")
        ] = None,
        failed: Annotated[bool, typer.Option("--failed", help="Only what failed or is unfinished.")] = False,
        wait: Annotated[
            bool, typer.Option(help="Follow it, where the daemon of `vsearch up` does the work.")
        ] = True,
    ) -> None:
        """Bring videos up to date: everything that is missing, failed or made by an older model or setting.

        Several videos go into a run, which loads each model once. What is current is skipped, so it can be stopped
        and started again at any time. Where `vsearch up` runs for this library, its daemon does the work.
        """
        from vsearch_pipeline.resources.instance import open_instance
        from vsearch_pipeline.runner import is_served

        settings = terminal.settings()
        catalog = open_catalog(settings)
        chosen = _chosen(catalog, videos or [], failed=failed)
        if not chosen:
            why = "no video failed or is unfinished" if failed else "the library is empty"
            terminal.out.print(f"There is nothing to do: {why}.")
            return
        instance = open_instance(settings)
        if is_served(settings) or settings.executor != "in_process":
            _by_the_daemon(terminal, catalog, instance, chosen, wait=wait)
        else:
            _here(terminal, catalog, instance, chosen)


def _chosen(catalog: Catalog, named: Sequence[str], *, failed: bool) -> list[str]:
    """
    Raises:
        InputError: there is no video of that name.
    """
    from vsearch_pipeline.catalog.videos import list_videos

    with catalog.begin() as connection:
        found = {item.video.id: item for item in list_videos(connection)}
    for name in named:
        if name not in found:
            raise InputError(f"There is no video {name}: `vsearch status` lists them.")
    return [
        video
        for video in named or found
        if not failed or found[video].errors or "segment_embeddings" not in found[video].stages
    ]


def _bar(terminal: Terminal) -> Any:
    return terminal.progress(TextColumn("{task.fields[videos]} videos"), TimeRemainingColumn())


def _here(terminal: Terminal, catalog: Catalog, instance: Any, chosen: Sequence[str]) -> None:
    from vsearch_pipeline.runner import backfill

    started = time.monotonic()
    with _bar(terminal) as progress:
        task = progress.add_task("backfill", total=len(chosen) * SHOWN, videos=f"0/{len(chosen)}")

        def tell(videos: float, step: str) -> None:
            described = f"backfill [dim]{step}[/dim]" if step else "backfill"
            shown = f"{int(videos)}/{len(chosen)}"
            progress.update(task, completed=round(videos * SHOWN), videos=shown, description=described)

        failed = backfill(instance, catalog, chosen, tell)
    _tell_end(terminal, len(chosen), failed, f" ({time.monotonic() - started:.0f} s)")


def _by_the_daemon(
    terminal: Terminal, catalog: Catalog, instance: Any, chosen: Sequence[str], *, wait: bool
) -> None:
    from vsearch_pipeline.catalog.videos import list_videos
    from vsearch_pipeline.runner import backfill_state, ingest_steps, queue_backfill

    number = queue_backfill(instance, chosen)
    terminal.out.print(
        f"[green]asked[/green]    {len(chosen)} videos, backfill {number} (Dagster UI: Runs, Backfills)"
    )
    if not wait:
        return
    steps = ingest_steps()
    with _bar(terminal) as progress:
        task = progress.add_task("backfill", total=len(chosen) * SHOWN, videos=f"0/{len(chosen)}")
        while not (state := backfill_state(instance, number, steps)).over:
            progress.update(task, completed=round(state.done * SHOWN), videos=f"{int(state.done)}/{len(chosen)}")
            time.sleep(FOLLOW_SECONDS)
    if state.stopped:
        raise VsearchError(f"The backfill {number} was stopped; what was done stays. Ask again to go on.")
    with catalog.begin() as connection:
        errors = {item.video.id: item.errors for item in list_videos(connection) if item.video.id in set(chosen)}
    firsts = {video: next(iter(found.items())) for video, found in errors.items() if found}
    _tell_end(terminal, len(chosen), {video: f"{stage}: {why}" for video, (stage, why) in firsts.items()})


def _tell_end(terminal: Terminal, asked: int, failed: Mapping[str, str], took: str = "") -> None:
    """
    Args:
        asked: how many videos were to be brought up to date.
        failed: why, by video.

    Raises:
        VsearchError: some failed.
    """
    for video_id, reason in failed.items():
        terminal.err.print(f"[red]failed[/red]   {escape(video_id)}: {escape(reason)}")
    terminal.out.print(f"[green]done[/green]     {asked - len(failed)} of {asked} videos are up to date{took}.")
    if failed:
        raise VsearchError(f"{len(failed)} of {asked} videos failed; the reasons are above.")
