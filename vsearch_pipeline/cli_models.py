"""`vsearch models`: which text model search answers with, changing it, and dropping what the one before left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.progress import TextColumn

from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.cli_people import terminal_of
from vsearch_pipeline.errors import VsearchError

if TYPE_CHECKING:
    from vsearch_pipeline.search.changing import ModelState

models = typer.Typer(help="The text model that search answers with, and changing it.", no_args_is_help=True)


@models.command("list")
def list_models(context: typer.Context) -> None:
    """Show which model answers, how far a change is, and what is kept of each model."""
    from vsearch_pipeline.language.embedding import load_sentence_embedder
    from vsearch_pipeline.search.changing import model_state

    terminal = terminal_of(context)
    settings = terminal.settings()
    wanted = load_sentence_embedder(settings.sentence_embedder).name
    with open_catalog(settings).begin() as connection:
        state = model_state(connection, wanted)
    for line in state_lines(state):
        terminal.out.print(escape(line))
    for each in state.stored:
        kept = f"{each.texts} texts, {each.words} words, {each.passages} passages"
        terminal.out.print(f"  {escape(each.model)}  [dim]{kept}[/dim]")
    if state.unused:
        terminal.out.print("What is used no more is dropped by `vsearch models prune`.")


def state_lines(state: ModelState) -> list[str]:
    """What is to be told of a library's text models, a sentence a line."""
    if state.answering is None:
        return [f"Nothing is embedded yet; {state.wanted} will answer."]
    since = f"{state.answering.since:%Y-%m-%d %H:%M}"
    lines = [f"Search answers with {state.answering.model} since {since}."]
    if state.coverage is not None:
        lines.append(
            f"It changes to {state.wanted}, which has {state.coverage.done} of {state.coverage.total} texts:"
            " `vsearch models embed` does the rest."
        )
    return lines


@models.command()
def embed(context: typer.Context) -> None:
    """Embed all videos with the model of the settings; when the last one is done, search answers with it."""
    from vsearch_pipeline.catalog.videos import list_videos
    from vsearch_pipeline.language.embedding import load_sentence_embedder
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import embed_again
    from vsearch_pipeline.search.changing import model_state

    terminal = terminal_of(context)
    settings = terminal.settings()
    catalog = open_catalog(settings)
    wanted = load_sentence_embedder(settings.sentence_embedder).name
    with catalog.begin() as connection:
        videos = [each.video.id for each in list_videos(connection) if "segment_embeddings" in each.stages]
    with terminal.progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task("embedding", total=len(videos))
        failed = embed_again(open_instance(settings), catalog, videos, lambda n: progress.advance(task, n))
    for video_id, reason in failed.items():
        terminal.err.print(f"[red]failed[/red]   {escape(video_id)}: {escape(reason)}")
    with catalog.begin() as connection:
        state = model_state(connection, wanted)
    for line in state_lines(state):
        terminal.out.print(escape(line))
    if failed:
        raise VsearchError(f"{len(failed)} of {len(videos)} videos could not be embedded; the reasons are above.")


@models.command()
def prune(context: typer.Context) -> None:
    """Drop the vectors of models that neither answer nor are on their way."""
    from vsearch_pipeline.language.embedding import load_sentence_embedder
    from vsearch_pipeline.search.changing import drop_unused

    terminal = terminal_of(context)
    settings = terminal.settings()
    wanted = load_sentence_embedder(settings.sentence_embedder).name
    dropped = drop_unused(open_catalog(settings), wanted)
    for each in dropped:
        terminal.out.print(f"[green]dropped[/green]  {escape(each.model)}: {each.texts} texts, {each.words} words")
    if not dropped:
        terminal.out.print("Every model that is kept is used.")
