"""`vsearch people`: who is on screen, told and corrected from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn
from rich.table import Column, Table

from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import Gender, PersonRecord
from vsearch_pipeline.editing.doors import face_embedder, open_editor, open_people, step_ms
from vsearch_pipeline.editing.gallery_names import GalleryNames
from vsearch_pipeline.editing.people import ClusterSummary, PeopleService, parse_track
from vsearch_pipeline.editing.relabel import RelabelPreview
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.settings import Settings

people = typer.Typer(help="Name the people on screen, and correct the names.", no_args_is_help=True)

SHOWN_CHANGES = 40
NEXT = "See what that changes: `vsearch people relabel --dry-run`."
CAPTIONS = "The captions of videos that are here already follow with `vsearch people relabel`."


@dataclass(frozen=True)
class Terminal:
    """What the commands talk through: `cli.py` hands it over where it mounts them."""

    settings: Callable[[], Settings]
    out: Console
    err: Console
    progress: Callable[..., AbstractContextManager[Progress]]


def terminal_of(context: typer.Context) -> Terminal:
    """What a command was mounted with."""
    terminal = context.find_object(Terminal)
    if terminal is None:
        raise TypeError("mount these commands with a Terminal as their context's object")
    return terminal


def _service(settings: Settings) -> PeopleService:
    return open_people(settings, open_editor(settings, "cli"))


# --- photos and training ----------------------------------------------------------------------------------------


@people.command()
def enroll(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Photos in folders GROUP/PERSON.", metavar="DIR")],
    gender: Annotated[
        Gender | None, typer.Option(help="Of everybody in DIR: captions speak of them that way.")
    ] = None,
) -> None:
    """Copy photos of people into the gallery and learn them."""
    from vsearch_pipeline.editing.photos import copy_photos
    from vsearch_pipeline.people.gallery import read_gallery

    terminal = terminal_of(context)
    settings = terminal.settings()
    open_catalog(settings)
    copied = copy_photos(folder, settings.gallery_dir)
    known = f", {copied.known} were there already" if copied.known else ""
    terminal.out.print(
        f"[green]copied[/green]   {copied.copied} photos of {copied.people} people into"
        f" {escape(str(settings.gallery_dir))}{known}"
    )
    for line in copied.left_out:
        terminal.err.print(f"[yellow]look at[/yellow]  {escape(line)}")
    _train(terminal, settings)
    if gender is not None:
        service = _service(settings)
        for person in read_gallery(folder.expanduser()).people:
            service.set_gender(person.name, gender, person.group)
    terminal.out.print(NEXT)


@people.command()
def train(context: typer.Context) -> None:
    """Learn from the photos of the gallery and from the corrections."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    open_catalog(settings)
    _train(terminal, settings)
    terminal.out.print(NEXT)


@people.command("names")
def names_command(context: typer.Context) -> None:
    """Read what people are called in the gallery's gallery.toml, and let search know it."""
    from vsearch_pipeline.editing.gallery_names import learn_names
    from vsearch_pipeline.people.gallery import NAMES_LIST

    terminal = terminal_of(context)
    settings = terminal.settings()
    path = settings.gallery_dir / NAMES_LIST
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; write entries with [[person]], name, group and aliases.")
    names = learn_names(open_catalog(settings), settings.gallery_dir, actor=settings.actor, door="cli")
    print_names(terminal.out, terminal.err, names)
    if not names.learnt and not names.issues:
        terminal.out.print("Nothing new: everybody is known by these names.")
    if any(each.segments for each in names.learnt):
        terminal.out.print("Search knows them. Captions of videos with files follow: `vsearch people relabel`.")
    if names.issues:
        raise typer.Exit(1)


def print_names(out: Console, err: Console, names: GalleryNames) -> None:
    """What was learnt, a line a person, and what of the list needs a look."""
    for each in names.learnt:
        called = f", also called {', '.join(each.names)}" if each.names else ""
        gender = f", {each.person.gender}" if each.person.gender else ""
        new = " (new)" if each.new else ""
        many = "" if each.segments == 1 else "s"
        where = f"in {each.segments} segment{many}" if each.segments else "in no segment yet"
        out.print(f"[green]learnt[/green]   {escape(str(each.person))}{new}{escape(called)}{gender}, {where}")
    for issue in names.issues:
        err.print(f"[yellow]look at[/yellow]  {escape(str(issue.path))}: {escape(issue.reason)}")


def _train(terminal: Terminal, settings: Settings) -> None:
    """Run the job train_people and print what its assets say."""
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import failure_reason, train_people

    with terminal.progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task("training", total=2)
        result = train_people(
            open_instance(settings), lambda step, done, _: progress.update(task, completed=done, description=step)
        )
    if not result.success:
        raise VsearchError(failure_reason(result))
    reports = {
        asset: {name: value.value for name, value in found[0].metadata.items()}
        for asset in ("gallery", "person_classifier")
        if (found := result.asset_materializations_for_node(asset))
    }
    photos, trained = reports["gallery"], reports["person_classifier"]
    terminal.out.print(
        f"[green]trained[/green]  {trained['people']} people, {trained['photos']} photos,"
        f" {trained['marked_faces']} faces named by hand"
    )
    for name, told in (("member_f1_macro", "member F1"), ("group_f1_macro", "group F1")):
        if name in trained:
            terminal.out.print(f"         {told} {trained[name]:.3f} on photos held out")
    if trained["people"] and "member_f1_macro" not in trained:
        terminal.out.print("         one photo a person: a second one of each tells how well they are recognised")
    if not trained["promoted"]:
        terminal.err.print(
            "[yellow]kept[/yellow]     the classifier in use stays: the new one names known people less often"
        )
    if photos["issues"] != "*none*":
        terminal.err.print("These photos or folders need a look:")
        terminal.err.print(escape(str(photos["issues"])))


@people.command()
def evaluate(
    context: typer.Context,
    gallery: Annotated[Path, typer.Option(help="Photos to learn from, in folders GROUP/PERSON.", metavar="DIR")],
    probes: Annotated[Path, typer.Option(help="Photos to name, in folders of the same names.", metavar="DIR")],
    strangers: Annotated[
        Path | None, typer.Option(help="Photos of people who are not in the gallery.", metavar="DIR")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how well photos would be named; touches no library."""
    from vsearch_pipeline.people.evaluation import evaluate as evaluate_people
    from vsearch_pipeline.resources.models import load_face_detector

    terminal = terminal_of(context)
    settings = terminal.settings()
    with terminal.progress(TextColumn("{task.completed} photos")) as progress:
        task = progress.add_task("gallery", total=None)
        result = evaluate_people(
            gallery,
            probes,
            strangers,
            detector=load_face_detector(settings.face_detector, settings.onnx_providers),
            embedder=face_embedder(settings),
            progress=lambda step, _: progress.update(task, description=step, advance=1),
        )
    if as_json:
        print_json(result.report)
    else:
        _print_evaluation(terminal, result.report)


def _print_evaluation(terminal: Terminal, report: dict[str, Any]) -> None:
    out, labelled, strangers = terminal.out, report["as_labelled"], report["strangers"]
    learnt = report["gallery"]
    out.print(
        f"{learnt['references']} photos of {learnt['people']} people learnt ({report['head']}),"
        f" {report['probes']} probes"
    )
    table = Table("", "F1 weighted", "F1 macro", "mAP", "ROC-AUC")
    for part in ("group", "member"):
        if report[part]:
            table.add_row(part, *(f"{value:.3f}" for value in report[part].values()))
    out.print(table)
    out.print(
        f"named {labelled['named']:.1%}, unknown {labelled['unknown']:.1%}, misnamed {labelled['misnamed']:.1%}"
    )
    if strangers:
        out.print(
            f"strangers named: {strangers['named']} of {strangers['faces']} ({strangers['false_name_rate']:.1%})"
        )
    for person in report["people"]:
        if person["recall"] is not None and person["recall"] < 1:
            out.print(f"  {escape(person['person'])}: {person['recall']:.0%} of {person['probes']} named")
    for issue in learnt["issues"]:
        terminal.err.print(f"[yellow]look at[/yellow]  {escape(issue['photo'])}: {escape(issue['reason'])}")
    for name in report["probes_not_in_gallery"]:
        terminal.err.print(f"[yellow]left out[/yellow] {escape(name)}: the gallery has nobody of that name")
    for photo in report["probes_without_face"]:
        terminal.err.print(f"[yellow]no face[/yellow]  {escape(photo)}")


# --- looking ----------------------------------------------------------------------------------------------------


@people.command("list")
def list_command(
    context: typer.Context,
    unknown: Annotated[bool, typer.Option("--unknown", help="The people without a name instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="With --unknown: write a contact sheet of each cluster's best faces here.", metavar="DIR"
        ),
    ] = None,
) -> None:
    """Show who there is: the people with a name, or the clusters of faces without one."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    service = _service(settings)
    if pictures is not None and not unknown:
        raise InputError("Pictures are made of people without a name: add --unknown.")
    if unknown:
        clusters = service.clusters()
        if pictures is not None:
            _write_sheets(settings, clusters, pictures)
        _print_clusters(terminal, clusters, as_json)
    else:
        _print_people(terminal, service, as_json)


def _print_people(terminal: Terminal, service: PeopleService, as_json: bool) -> None:
    found = service.people()
    if as_json:
        print_json(
            [
                {
                    "name": item.person.name,
                    "group": item.person.group,
                    "display": item.person.display,
                    "aliases": item.person.aliases,
                    "gender": item.person.gender,
                    "photos": item.photos,
                    "tracks": item.tracks,
                    "videos": item.videos,
                    "seconds": item.seconds,
                }
                for item in found
            ]
        )
        return
    if not found:
        terminal.out.print("Nobody has a name yet: `vsearch people enroll DIR`, or name a cluster.")
        return
    table = Table("person", "also", "photos", "tracks", "videos", "on screen")
    for item in found:
        aliases = ", ".join(item.person.aliases)
        table.add_row(
            escape(str(item.person)),
            escape(aliases),
            *map(str, (item.photos, item.tracks, item.videos)),
            f"{item.seconds:.1f} s",
        )
    terminal.out.print(table)


def _print_clusters(terminal: Terminal, clusters: list[ClusterSummary], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "cluster": item.cluster,
                    "tracks": [str(track) for track in item.tracks],
                    "videos": item.videos,
                    "seconds": item.seconds,
                    "best": [
                        {
                            "track": str(best.track),
                            "time_ms": best.face.time_ms,
                            "bbox_xyxy": best.face.bbox_xyxy,
                            "quality": round(best.face.quality, 3),
                        }
                        for best in item.best
                    ],
                }
                for item in clusters
            ]
        )
        return
    if not clusters:
        terminal.out.print("Nobody is unknown, or they were not gathered yet: `vsearch people gather`.")
        return
    # tracks are copied into other commands: folded, never cut short
    table = Table("cluster", "tracks", "videos", "on screen", Column("best tracks", overflow="fold"))
    for item in clusters:
        best = "\n".join(str(face.track) for face in item.best[:3])
        counts = map(str, (item.cluster, len(item.tracks), item.videos))
        table.add_row(*counts, f"{item.seconds:.1f} s", escape(best))
    terminal.out.print(table)


def _write_sheets(settings: Settings, clusters: list[ClusterSummary], folder: Path) -> None:
    from vsearch_pipeline.assets.people_pictures import face_sheet
    from vsearch_pipeline.storage.store import local_frame, open_store

    frame = partial(local_frame, open_store(settings))

    folder.mkdir(parents=True, exist_ok=True)
    for item in clusters:
        sheet = face_sheet(((best, _short(best.track)) for best in item.best), frame)
        if sheet is not None:
            (folder / f"cluster-{item.cluster}.jpg").write_bytes(sheet)


def _short(track: TrackRef) -> str:
    """What fits below a picture, with the track's number."""
    return f"{track.video_id[:16]}:{track.index}"


@people.command()
def gather(context: typer.Context) -> None:
    """Gather the faces without a name, over the whole library, into likely people."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    service = _service(settings)
    _gather(settings)
    _print_clusters(terminal, service.clusters(), as_json=False)


def _gather(settings: Settings) -> None:
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import failure_reason, gather_unknown_people

    result = gather_unknown_people(open_instance(settings))
    if not result.success:
        raise VsearchError(failure_reason(result))


# --- editing ----------------------------------------------------------------------------------------------------


@people.command()
def name(
    context: typer.Context,
    who: Annotated[
        str, typer.Argument(help="A cluster's number, or a track as VIDEO:NUMBER.", metavar="CLUSTER|TRACK")
    ],
    person: Annotated[str, typer.Argument(help="A name, an alias or GROUP/NAME; a new one makes a new person.")],
    group: Annotated[str | None, typer.Option(help="The person's group.")] = None,
) -> None:
    """Say who the people of a cluster are, or who a single track is."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    service = _service(settings)
    if who.isascii() and who.isdigit():
        naming = service.name_cluster(int(who), person, group)
    else:
        naming = service.name_track(parse_track(who), person, group)
    new = " (new)" if naming.new else ""
    terminal.out.print(
        f"[green]named[/green]    {escape(who)} is {escape(str(naming.person))}{new}: {_tracks(naming.tracks)}"
    )
    print_operation(terminal, naming.operation)
    terminal.out.print(NEXT)


@people.command()
def rename(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="A name, an alias or GROUP/NAME.", metavar="NAME")],
    new: Annotated[str, typer.Argument(help="What they are called from now on.", metavar="NEW")],
    keep_old: Annotated[
        bool, typer.Option("--keep/--forget", help="Whether the old name becomes an alias.")
    ] = True,
) -> None:
    """Give a person another name; what is known under the old one stays theirs."""
    terminal = terminal_of(context)
    edit = _service(terminal.settings()).rename(person, new, keep_old=keep_old)
    terminal.out.print(f"[green]renamed[/green]  {escape(person)} is {escape(_called(edit.person))}")
    print_operation(terminal, edit.operation)
    terminal.out.print(CAPTIONS)


@people.command()
def alias(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="A name, an alias or GROUP/NAME.", metavar="NAME")],
    aliases: Annotated[list[str], typer.Argument(help="What else they are called.", metavar="ALIAS...")],
    remove: Annotated[bool, typer.Option("--remove", help="Take these away instead.")] = False,
) -> None:
    """Say what else a person is called."""
    terminal = terminal_of(context)
    service = _service(terminal.settings())
    edit = service.remove_aliases(person, aliases) if remove else service.add_aliases(person, aliases)
    terminal.out.print(f"[green]noted[/green]    {escape(_called(edit.person))}")
    print_operation(terminal, edit.operation)


@people.command()
def group(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="A name, an alias or GROUP/NAME.", metavar="NAME")],
    into: Annotated[str, typer.Argument(help="The group; - for none.", metavar="GROUP|-")],
) -> None:
    """Move a person to another group."""
    terminal = terminal_of(context)
    edit = _service(terminal.settings()).move_to_group(person, None if into == "-" else into)
    terminal.out.print(f"[green]moved[/green]    {escape(person)} is {escape(str(edit.person))}")
    print_operation(terminal, edit.operation)


@people.command("gender")
def gender_command(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="A name, an alias or GROUP/NAME.", metavar="NAME")],
    gender: Annotated[Literal["female", "male", "none"], typer.Argument(help="`none` takes it back.")],
) -> None:
    """Say how captions speak of a person."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    service = _service(settings)
    edit = service.set_gender(person, None if gender == "none" else gender)
    told = f"is {edit.person.gender}" if edit.person.gender else "has no gender that captions know of"
    terminal.out.print(f"[green]noted[/green]    {escape(str(edit.person))} {told}")
    print_operation(terminal, edit.operation)
    terminal.out.print(CAPTIONS)


@people.command()
def merge(
    context: typer.Context,
    first: Annotated[
        str, typer.Argument(help="A cluster's number, or a person who is somebody else.", metavar="A")
    ],
    second: Annotated[str, typer.Argument(help="A cluster's number, or the person who stays.", metavar="B")],
) -> None:
    """Say that two are one: two clusters, a cluster and a person, or two people."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    merging = _service(settings).merge(first, second)
    into = f"cluster {merging.into}" if isinstance(merging.into, int) else str(merging.into)
    terminal.out.print(f"[green]merged[/green]   {escape(first)} and {escape(second)} are {escape(into)}")
    print_operation(terminal, merging.operation)
    terminal.out.print(NEXT)


@people.command()
def split(
    context: typer.Context,
    cluster: Annotated[int, typer.Argument(help="A number of `list --unknown`.")],
    tracks: Annotated[
        list[str] | None, typer.Argument(help="Tracks to take out, VIDEO:NUMBER.", metavar="TRACK...")
    ] = None,
) -> None:
    """Take a cluster apart: the given tracks from the rest, or where it holds least."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    service = _service(settings)
    splitting = service.split(cluster, [parse_track(track) for track in tracks or ()])
    parts = ", ".join(map(str, splitting.clusters))
    terminal.out.print(f"[green]split[/green]    cluster {cluster} is now {parts}")
    print_operation(terminal, splitting.operation)
    terminal.out.print("See them with `vsearch people list --unknown`.")


@people.command()
def reject(
    context: typer.Context,
    track: Annotated[str, typer.Argument(help="VIDEO:NUMBER.")],
    person: Annotated[str | None, typer.Option(help="Who it is not; its present name where not given.")] = None,
) -> None:
    """Say that a track is not somebody."""
    terminal = terminal_of(context)
    settings = terminal.settings()
    rejection = _service(settings).reject(parse_track(track), person)
    terminal.out.print(f"[green]noted[/green]    {escape(track)} is not {escape(str(rejection.person))}")
    print_operation(terminal, rejection.operation)
    terminal.out.print(NEXT)


@people.command()
def relabel(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Name every track again by today's photos and corrections, after showing what changes."""
    from vsearch_pipeline.catalog.identities import tracks_marks
    from vsearch_pipeline.editing.relabel import relabel_preview

    terminal = terminal_of(context)
    settings = terminal.settings()
    catalog = open_catalog(settings)
    preview = relabel_preview(catalog, face_embedder(settings), step_ms(settings))
    _print_preview(terminal, preview)
    if dry_run:
        return
    if not yes and not typer.confirm(f"Name the faces of {preview.videos} videos again?"):
        terminal.out.print("Nothing was changed.")
        return
    _train(terminal, settings)
    with catalog.begin() as connection:
        videos = list(tracks_marks(connection))
    _relabel(terminal, settings, videos)


def _print_preview(terminal: Terminal, preview: RelabelPreview) -> None:
    if preview.kept:
        terminal.err.print(f"[yellow]kept[/yellow]     the classifier in use stays: {escape(preview.kept)}")
    if not preview.changes:
        terminal.out.print(f"No name would change in {preview.videos} videos.")
        return
    table = Table(Column("track", overflow="fold"), "time", "now", "then", "confidence", "by")
    for change in preview.changes[:SHOWN_CHANGES]:
        table.add_row(
            escape(str(change.track)),
            str(change.span),
            escape(change.before or "-"),
            escape(change.after or "-"),
            f"{change.confidence:.2f}",
            change.decided_by,
        )
    terminal.out.print(table)
    if len(preview.changes) > SHOWN_CHANGES:
        terminal.out.print(f"and {len(preview.changes) - SHOWN_CHANGES} more")
    for person, (gained, lost) in preview.per_person.items():
        terminal.out.print(f"{escape(person)}: +{gained} -{lost}")
    terminal.out.print(f"{_tracks(preview.changes)} of {len(preview.per_video)} videos would change.")


def _relabel(terminal: Terminal, settings: Settings, videos: list[str]) -> None:
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.runner import failure_reason, is_served, queue_relabel, relabel_video

    instance = open_instance(settings)
    if not videos:
        terminal.out.print("No video has faces yet.")
        return
    if is_served(settings):
        backfill = queue_relabel(instance, videos)
        terminal.out.print(
            f"[green]queued[/green]   {len(videos)} videos as backfill {backfill}: watch it in Dagster, under"
            " Runs, Backfills (`vsearch up` printed the address)"
        )
        return
    failed = []
    with terminal.progress(TextColumn("{task.completed}/{task.total}")) as progress:
        task = progress.add_task("relabelling", total=len(videos))
        for video_id in videos:
            result = relabel_video(instance, video_id)
            if not result.success:
                failed.append(failure_reason(result))
            progress.advance(task)
    for reason in failed:
        terminal.err.print(f"[red]failed[/red]   {escape(reason)}")
    if failed:
        raise VsearchError(
            f"{len(failed)} of {len(videos)} videos could not be relabelled; the reasons are above."
        )
    _gather(settings)
    terminal.out.print(f"[green]done[/green]     {len(videos)} videos were relabelled; search knows the names.")


def print_operation(terminal: Terminal, operation: int | None) -> None:
    """By which number what was done is found again."""
    told = "It was like that already." if operation is None else f"operation {operation}; undo with: vsearch undo"
    terminal.out.print(told)


def _called(person: PersonRecord) -> str:
    also = f", also called {', '.join(person.aliases)}" if person.aliases else ""
    return f"{person}{also}"


def _tracks(items: tuple[Any, ...]) -> str:
    return f"{len(items)} track" if len(items) == 1 else f"{len(items)} tracks"


def print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))  # noqa: T201 - for programs, not rich
