"""What the page stands on, opened once a process."""

from __future__ import annotations

import os
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import IO, Final

import streamlit as st

from editor_app.access import Visitor, visitor
from editor_app.beside import Relabelling, Sorting
from editor_app.links import media_links
from editor_app.media import MediaFiles
from editor_app.photo import read_upload
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.film import Film, film_mark, read_film
from vsearch_pipeline.catalog.library import PersonRecord, list_people, merged_people
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.catalog.requests import (
    RequestKind,
    RequestRecord,
    put_away,
    request_run,
    told_requests,
)
from vsearch_pipeline.catalog.searches import KeptSearch
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.shelf import Order, VideoState
from vsearch_pipeline.catalog.speech import SpokenUtterance, read_utterances
from vsearch_pipeline.catalog.videos import (
    VideoRecord,
    VideoStatus,
    get_video,
    list_videos,
    read_videos,
    video_titles,
)
from vsearch_pipeline.editing.casting import Casting
from vsearch_pipeline.editing.doors import open_casting, open_people, open_photos
from vsearch_pipeline.editing.handing_in import PhotoService
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.export.service import ExportService
from vsearch_pipeline.gemini import Gemini
from vsearch_pipeline.ingest.again import try_failed_again
from vsearch_pipeline.ingest.links import ask_for_link
from vsearch_pipeline.ingest.outlook import LibraryView, VideoView, look_at_library, look_at_video
from vsearch_pipeline.ingest.sample import add_sample
from vsearch_pipeline.ingest.store import Added
from vsearch_pipeline.ingest.uploads import add_upload
from vsearch_pipeline.roles import require_editor
from vsearch_pipeline.search.answers import Answer, AnswerService
from vsearch_pipeline.search.faces import Appearance
from vsearch_pipeline.search.results import SearchResult
from vsearch_pipeline.search.service import SearchService, open_search
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store
from vsearch_pipeline.wording import Language

_FILMS: Final = 64
"""Videos whose lanes are kept in memory."""
_WRITERS: Final = 8
"""Summaries written at once; the next one waits."""


@dataclass(frozen=True, slots=True)
class Services:
    """The catalogue, the search and the files of one library, for one visitor."""

    settings: Settings
    visitor: Visitor
    catalog: Catalog
    searching: SearchService
    answering: AnswerService
    media: MediaFiles
    casting: Casting
    relabelling: Relabelling
    sorting: Sorting
    writers: ThreadPoolExecutor

    @property
    def actor(self) -> str:
        return self.visitor.name

    @property
    def editor(self) -> Editor:
        """Edits by the visitor through the page; a viewer's are refused."""
        return Editor(self.catalog, self.searching.embedder, actor=self.actor, door="web", role=self.visitor.role)

    @property
    def editing(self) -> SegmentService:
        return SegmentService(self.editor)

    @property
    def history(self) -> HistoryService:
        return HistoryService(self.editor)

    @property
    def naming(self) -> PeopleService:
        return open_people(self.settings, self.editor)

    @property
    def photos(self) -> PhotoService:
        return open_photos(self.settings, self.editor)

    @property
    def export(self) -> ExportService:
        return ExportService(self.catalog, open_store(self.settings))

    def search(self, text: str, limit: int) -> SearchResult:
        """Raises InputError where the query cannot be searched."""
        return self.searching.search(text, limit=limit)

    def similar(self, segment_id: int, limit: int) -> SearchResult:
        """Raises NotFoundError where the segment is gone."""
        return self.searching.similar(segment_id, limit=limit)

    def appearances(self, photo: bytes) -> list[Appearance]:
        """Where the face of a photo is on screen; the first time the models for faces are loaded.

        Raises:
            InputError: it is no photo that can be read, or shows no clear face.
        """
        return self.searching.appearances(read_upload(photo))

    def remember(self, text: str) -> None:
        self.searching.remember(self.actor, text)

    def recent(self) -> list[KeptSearch]:
        return self.searching.recent(self.actor)

    def save(self, text: str, name: str) -> None:
        """Raises InputError where the name cannot be taken."""
        self.searching.save(self.actor, text, name)

    def saved(self) -> list[KeptSearch]:
        return self.searching.saved(self.actor)

    def forget(self, search_id: int) -> None:
        self.searching.forget(self.actor, search_id)

    def answer(self, result: SearchResult, language: Language) -> Future[Answer]:
        """A summary of the results, written beside the page: a press elsewhere does not end what is paid for.

        It costs money where Gemini has a key and was not asked the same before.
        """
        return self.writers.submit(self.answering.answer, result, language)

    def videos(self) -> list[VideoStatus]:
        with self.catalog.begin() as connection:
            return list_videos(connection)

    def request(self, kind: RequestKind, subject: str = "") -> int:
        """Ask the pipeline for a run, as the visitor; returns the request's id.

        Raises:
            ForbiddenError: the visitor may only look.
            NotFoundError: there is no such video.
        """
        require_editor(self.visitor.role, self.actor)
        with self.catalog.begin() as connection:
            return request_run(connection, kind, subject, actor=self.actor, door="web")

    def request_again(self) -> int:
        """Ask for another run for everything that failed; returns how many that is.

        Raises:
            ForbiddenError: the visitor may only look.
        """
        require_editor(self.visitor.role, self.actor)
        return try_failed_again(self.catalog, actor=self.actor, door="web")

    def put_away(self, request_id: int) -> None:
        """Let a request that failed no longer be told of.

        Raises:
            ForbiddenError: the visitor may only look.
        """
        require_editor(self.visitor.role, self.actor)
        with self.catalog.begin() as connection:
            put_away(connection, request_id)

    def add_upload(self, name: str, content: IO[bytes]) -> Added:
        """Add an uploaded file to the library.

        Raises:
            ForbiddenError: the visitor may only look.
            MediaError: it is not a video we can read.
        """
        require_editor(self.visitor.role, self.actor)
        return add_upload(self.catalog, self.settings, name, content, actor=self.actor, door="web")

    def add_link(self, link: str) -> int:
        """Ask the pipeline to take a link in; returns the request's id.

        Raises:
            ForbiddenError: the visitor may only look.
            InputError: it is no link.
        """
        require_editor(self.visitor.role, self.actor)
        return ask_for_link(self.catalog, link, actor=self.actor, door="web")

    def load_sample(self) -> list[Added]:
        """Add the sample videos; takes a few seconds the first time.

        Raises:
            ForbiddenError: the visitor may only look.
            ModelUnavailableError: the wheels with the media are not installed.
        """
        require_editor(self.visitor.role, self.actor)
        return add_sample(self.catalog, self.settings, actor=self.actor, door="web")

    def library(
        self, *, title: str = "", states: Collection[VideoState] = (), order: Order = "newest", limit: int
    ) -> LibraryView:
        """The first videos of the library in an order, with how far each is."""
        return look_at_library(self.catalog, title=title, states=states, order=order, limit=limit)

    def video(self, video_id: str) -> VideoView:
        """Everything that is told of one video.

        Raises:
            NotFoundError: there is no such video.
        """
        return look_at_video(self.catalog, video_id)

    def update_names(self) -> None:
        """Ask the pipeline to learn who is who, and then to name all faces again.

        Raises:
            ForbiddenError: the visitor may only look.
        """
        require_editor(self.visitor.role, self.actor)
        with self.catalog.begin() as connection:
            learnt = request_run(connection, "train", actor=self.actor, door="web")
            request_run(connection, "relabel", actor=self.actor, door="web", after=learnt)

    def relabel_request(self) -> RequestRecord | None:
        """The request to name all faces again that is under way, or failed and nobody has put away."""
        with self.catalog.begin() as connection:
            asked = told_requests(connection)
        return next((request for request in asked if request.kind == "relabel"), None)

    def people(self) -> list[PersonRecord]:
        with self.catalog.begin() as connection:
            return list_people(connection)

    def segment(self, segment_id: int) -> tuple[SegmentRecord, VideoRecord] | None:
        """A segment and its video; None where it is gone."""
        with self.catalog.begin() as connection:
            found = read_segments(connection, ids=[segment_id])
            return (found[0], get_video(connection, found[0].video_id)) if found else None

    def segments(self, ids: Collection[int]) -> list[SegmentRecord]:
        """Those of the segments that are there, in order of time."""
        with self.catalog.begin() as connection:
            return read_segments(connection, ids=list(ids))

    def film(self, video_id: str) -> Film:
        """A whole video, read again only when something of it changed.

        Raises:
            NotFoundError: there is no such video.
        """
        with self.catalog.begin() as connection:
            mark = film_mark(connection, video_id)
        return _film(self.catalog, video_id, mark)

    def merged(self) -> dict[int, int]:
        """Who merged people turned out to be, by id."""
        with self.catalog.begin() as connection:
            return merged_people(connection)

    def records(self, video_ids: Collection[str]) -> dict[str, VideoRecord]:
        """Those of the videos that are there, by id."""
        with self.catalog.begin() as connection:
            return read_videos(connection, video_ids)

    def titles(self) -> dict[str, str]:
        """Every video's title, by id, in order of titles."""
        with self.catalog.begin() as connection:
            return video_titles(connection)

    def scenes(self, video_ids: Collection[str]) -> tuple[dict[str, VideoRecord], dict[str, list[SegmentRecord]]]:
        """Videos and their segments, both by the video's id."""
        with self.catalog.begin() as connection:
            videos = read_videos(connection, video_ids)
            return videos, {video_id: read_segments(connection, video_id=video_id) for video_id in videos}

    def speech(self, video_id: str) -> tuple[SpokenUtterance, ...]:
        """What is said in a video; empty where nobody speaks."""
        with self.catalog.begin() as connection:
            return tuple(read_utterances(connection, video_id))


@st.cache_resource(show_spinner=False, max_entries=_FILMS, hash_funcs={Catalog: id})
def _film(catalog: Catalog, video_id: str, mark: str) -> Film:  # noqa: ARG001 - the mark tells films apart
    with catalog.read() as connection:
        return read_film(connection, video_id)


def current_settings() -> Settings:
    """The settings, read anew only where the environment changed: reading them takes as long as a small page."""
    return _read_settings(frozenset(os.environ.items()))


@lru_cache(maxsize=1)
def _read_settings(_environment: frozenset[tuple[str, str]]) -> Settings:
    return Settings()


def open_services(settings: Settings) -> Services:
    """The services of these settings for who is visiting, ready to search: the database is up and the text model
    is loaded.

    Raises:
        ForbiddenError: who is visiting may not come in.
        VsearchError: the database or a model is not available; the next call tries again.
    """
    return replace(_open(settings), visitor=visitor(settings))


def warm_up(settings: Settings) -> None:
    """Open the library before anybody visits, and search: the first search loads the words of both languages,
    which takes seconds. The same errors as `open_services`."""
    _open(settings).searching.warm_up("안녕 hello")


_NOBODY: Final = Visitor("", "viewer")
_FIRST_QUERY: Final = "a person 사람이 나오는"


@st.cache_resource(show_spinner=False, hash_funcs={Settings: Settings.model_dump_json})
def _open(settings: Settings) -> Services:
    searching = open_search(settings, "web")
    searching.warm_up(_FIRST_QUERY)  # loads all that the first visitor would wait for
    casting = open_casting(settings, searching.catalog)
    return Services(
        settings,
        _NOBODY,
        searching.catalog,
        searching,
        AnswerService(Gemini(settings.gemini, PaidLedger(searching.catalog))),
        MediaFiles(open_store(settings), media_links(settings)),
        casting,
        Relabelling(settings, searching.catalog, casting),
        Sorting(casting),
        ThreadPoolExecutor(_WRITERS, thread_name_prefix="answer"),
    )
