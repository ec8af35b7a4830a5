"""What the page stands on, opened once a process."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from editor_app.access import Visitor, visitor
from editor_app.media import MediaFiles
from editor_app.photo import read_upload
from editor_app.texts.language import Language
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import PersonRecord, list_people
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.catalog.searches import KeptSearch
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.speech import SpokenUtterance, read_utterances
from vsearch_pipeline.catalog.videos import VideoRecord, VideoStatus, get_video, list_videos, read_videos
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.export.service import ExportService
from vsearch_pipeline.gemini import Gemini
from vsearch_pipeline.search.answers import Answer, AnswerService
from vsearch_pipeline.search.faces import Appearance
from vsearch_pipeline.search.results import SearchResult
from vsearch_pipeline.search.service import SearchService, open_search
from vsearch_pipeline.settings import Settings

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
    def export(self) -> ExportService:
        return ExportService(self.catalog, self.settings.videos_dir)

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

    def scenes(self, video_ids: Collection[str]) -> tuple[dict[str, VideoRecord], dict[str, list[SegmentRecord]]]:
        """Videos and their segments, both by the video's id."""
        with self.catalog.begin() as connection:
            videos = read_videos(connection, video_ids)
            return videos, {video_id: read_segments(connection, video_id=video_id) for video_id in videos}

    def speech(self, video_id: str) -> tuple[SpokenUtterance, ...]:
        """What is said in a video; empty where nobody speaks."""
        with self.catalog.begin() as connection:
            return tuple(read_utterances(connection, video_id))


def open_services(settings: Settings) -> Services:
    """The services of these settings for who is visiting, ready to search: the database is up and the text model
    is loaded.

    Raises:
        VsearchError: the database or a model is not available; the next call tries again.
    """
    return replace(_open(settings), visitor=visitor(settings))


@st.cache_resource(show_spinner=False, hash_funcs={Settings: Settings.model_dump_json})
def _open(settings: Settings) -> Services:
    searching = open_search(settings)
    searching.embedder.embed([""])
    return Services(
        settings,
        visitor(settings),
        searching.catalog,
        searching,
        AnswerService(Gemini(settings.gemini, PaidLedger(searching.catalog))),
        MediaFiles(settings.videos_dir),
        ThreadPoolExecutor(_WRITERS, thread_name_prefix="answer"),
    )
