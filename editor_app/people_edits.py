"""What the people page asks for: requests of a browser, read strictly, done by the services, and what became of
them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError

from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import Gender, PersonRecord
from vsearch_pipeline.editing.handing_in import JudgedPhoto, PhotoService
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.people import PeopleService, parse_track
from vsearch_pipeline.editing.person_edits import PersonEdit
from vsearch_pipeline.errors import InputError, NotFoundError, VsearchError

MOST_AT_ONCE: Final = 1000


class Services(Protocol):
    """What edits are done by."""

    @property
    def naming(self) -> PeopleService: ...

    @property
    def photos(self) -> PhotoService: ...

    @property
    def history(self) -> HistoryService: ...

    def update_names(self) -> None: ...


@dataclass
class PhotoDesk:
    """The photos that a visitor handed in last, as they were judged.

    Attributes:
        kept: of those that are in the gallery, by number: their places below it.
    """

    person: PersonRecord
    photos: list[JudgedPhoto]
    kept: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What an edit did.

    Attributes:
        operation: in the history; None where nothing changed, or the history cannot take it back.
        person: whom it is about.
        count: of faces or photos.
        undo: the request that takes back what the history cannot.
        told: whether there is anything to tell.
    """

    operation: int | None = None
    person: PersonRecord | None = None
    count: int = 0
    undo: dict[str, Any] | None = None
    changed: bool = True


class Request(BaseModel):
    """Attributes:
    token: tells the browser which of its requests an outcome belongs to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: str
    token: Annotated[str, Field(max_length=40)]

    @abstractmethod
    def run(self, services: Services, desk: PhotoDesk | None) -> Result: ...


def _is_track(text: str) -> str:
    try:
        parse_track(text)
    except InputError as error:
        raise ValueError(str(error)) from error
    return text


Name = Annotated[str, Field(max_length=400)]
Tracks = Annotated[list[Annotated[str, AfterValidator(_is_track)]], Field(max_length=MOST_AT_ONCE)]


class NameRequest(Request):
    """A cluster, or single faces, are somebody: who is known, or of a name that may be new."""

    do: Literal["name"]
    cluster: PositiveInt | None = None
    tracks: Tracks = []
    who: PositiveInt | None = None
    name: Name = ""

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        who = self.who if self.who is not None else self.name
        if self.cluster is not None:
            naming = services.naming.name_cluster(self.cluster, who)
        else:
            naming = services.naming.name_tracks(_refs(self.tracks), who)
        return Result(naming.operation, naming.person, len(naming.tracks))


class RejectRequest(Request):
    do: Literal["reject"]
    tracks: Tracks
    who: PositiveInt

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        rejection = services.naming.reject_all(_refs(self.tracks), self.who)
        return Result(rejection.operation, rejection.person, len(rejection.tracks))


class TogetherRequest(Request):
    """Several clusters are one person; the first goes on."""

    do: Literal["together"]
    clusters: Annotated[list[PositiveInt], Field(min_length=2, max_length=MOST_AT_ONCE)]

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        first, *others = self.clusters
        merging = services.naming.merge_clusters(first, others)
        return Result(merging.operation, count=merging.tracks)


class TakeOutRequest(Request):
    """These faces of a cluster are somebody else's; where none is given it is taken apart where it holds least."""

    do: Literal["take_out"]
    cluster: PositiveInt
    tracks: Tracks = []

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        splitting = services.naming.split(self.cluster, _refs(self.tracks))
        return Result(splitting.operation, count=len(splitting.clusters))


class MergeRequest(Request):
    do: Literal["merge"]
    who: PositiveInt
    into: PositiveInt

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        merging = services.naming.merge_people(self.who, self.into)
        person = merging.into if isinstance(merging.into, PersonRecord) else None
        return Result(merging.operation, person, merging.tracks)


class RenameRequest(Request):
    do: Literal["rename"]
    who: PositiveInt
    name: Name
    keep_old: bool = True

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        return _edited(services.naming.rename(self.who, self.name, keep_old=self.keep_old))


class DisplayRequest(Request):
    do: Literal["display"]
    who: PositiveInt
    display: Name | None

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        return _edited(services.naming.set_display(self.who, self.display))


class GroupRequest(Request):
    do: Literal["group"]
    who: PositiveInt
    group: Name | None

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        return _edited(services.naming.move_to_group(self.who, self.group))


class GenderRequest(Request):
    do: Literal["gender"]
    who: PositiveInt
    gender: Gender | None

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        return _edited(services.naming.set_gender(self.who, self.gender))


class AliasesRequest(Request):
    do: Literal["aliases"]
    who: PositiveInt
    add: Annotated[list[Name], Field(max_length=20)] = []
    remove: Annotated[list[Name], Field(max_length=20)] = []

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        if self.remove:
            return _edited(services.naming.remove_aliases(self.who, self.remove))
        return _edited(services.naming.add_aliases(self.who, self.add))


class UndoRequest(Request):
    do: Literal["undo"]
    operation: PositiveInt

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        services.history.revert(self.operation)
        return Result()


class PhotosOutRequest(Request):
    """Photos are taken out of somebody's gallery, or put back."""

    do: Literal["photos_out", "photos_back"]
    who: PositiveInt
    sources: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(min_length=1, max_length=100)]

    def run(self, services: Services, desk: PhotoDesk | None) -> Result:
        out = self.do == "photos_out"
        move = services.photos.take_out if out else services.photos.put_back
        done = [move(self.who, source) for source in self.sources]
        if desk is not None and out:
            desk.kept = {place: source for place, source in desk.kept.items() if source not in self.sources}
        back = {"do": "photos_back", "who": self.who, "sources": self.sources} if out else None
        return Result(person=done[0].person, count=len(done), undo=back)


class PhotoFaceRequest(Request):
    """Which face is meant of a photo of several that was handed in."""

    do: Literal["photo_face"]
    place: Annotated[int, Field(ge=0)]
    face: Annotated[int, Field(ge=0)]

    def run(self, services: Services, desk: PhotoDesk | None) -> Result:
        if desk is None or self.place >= len(desk.photos) or self.face >= len(desk.photos[self.place].faces):
            raise NotFoundError("This photo is no longer here: hand it in again.")
        photo = desk.photos[self.place].of_face(self.face)
        kept = services.photos.keep(desk.person.id, [photo])
        desk.photos[self.place] = photo
        [desk.kept[self.place]] = kept.sources
        back = {"do": "photos_out", "who": desk.person.id, "sources": list(kept.sources)}
        return Result(person=desk.person, count=1, undo=back)


class UpdateRequest(Request):
    """All faces are to be named again."""

    do: Literal["update"]

    def run(self, services: Services, _desk: PhotoDesk | None) -> Result:
        services.update_names()
        return Result(changed=False)


_READER: Final[TypeAdapter[Request]] = TypeAdapter(
    Annotated[
        NameRequest
        | RejectRequest
        | TogetherRequest
        | TakeOutRequest
        | MergeRequest
        | RenameRequest
        | DisplayRequest
        | GroupRequest
        | GenderRequest
        | AliasesRequest
        | UndoRequest
        | PhotosOutRequest
        | PhotoFaceRequest
        | UpdateRequest,
        Field(discriminator="do"),
    ]
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request; `problem` is what stood in the way."""

    request: Request
    result: Result | None = None
    problem: VsearchError | None = None


def read_request(asked: object) -> Request | None:
    """The request that a browser sent; None where it is none."""
    try:
        return _READER.validate_python(asked)
    except ValidationError:
        return None


def perform(services: Services, request: Request, desk: PhotoDesk | None) -> Outcome:
    """Do what is asked; what stands in the way is told, not raised."""
    try:
        return Outcome(request, request.run(services, desk))
    except VsearchError as problem:
        return Outcome(request, problem=problem)


def _edited(edit: PersonEdit) -> Result:
    return Result(edit.operation, edit.person)


def _refs(tracks: Sequence[str]) -> list[TrackRef]:
    return list(dict.fromkeys(parse_track(track) for track in tracks))
