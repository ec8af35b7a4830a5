"""What the page stands on, opened once a process."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import streamlit as st

from editor_app.media import MediaFiles
from editor_app.texts import Language
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.library import PersonRecord, list_people
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.speech import SpokenUtterance, read_utterances
from vsearch_pipeline.catalog.videos import VideoRecord, VideoStatus, get_video, list_videos
from vsearch_pipeline.gemini import Gemini
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.search.answers import Answer, AnswerService
from vsearch_pipeline.search.service import SearchResult, SearchService
from vsearch_pipeline.settings import Settings

_WRITERS: Final = 8
"""Summaries written at once; the next one waits."""


@dataclass(frozen=True, slots=True)
class Services:
    """The catalogue, the search and the files of one library."""

    settings: Settings
    catalog: Catalog
    searching: SearchService
    answering: AnswerService
    media: MediaFiles
    writers: ThreadPoolExecutor

    def search(self, text: str, limit: int) -> SearchResult:
        """Raises InputError where the query cannot be searched."""
        return self.searching.search(text, limit=limit)

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

    def speech(self, video_id: str) -> tuple[SpokenUtterance, ...]:
        """What is said in a video; empty where nobody speaks."""
        with self.catalog.begin() as connection:
            return tuple(read_utterances(connection, video_id))


@st.cache_resource(show_spinner=False, hash_funcs={Settings: Settings.model_dump_json})
def open_services(settings: Settings) -> Services:
    """The services of these settings, ready to search: the database is up and the text model is loaded.

    Raises:
        VsearchError: the database or a model is not available; the next call tries again.
    """
    catalog = open_catalog(settings)
    embedder = load_sentence_embedder(settings.sentence_embedder)
    embedder.embed([""])
    return Services(
        settings,
        catalog,
        SearchService(catalog, embedder),
        AnswerService(Gemini(settings.gemini, PaidLedger(catalog))),
        MediaFiles(settings.videos_dir),
        ThreadPoolExecutor(_WRITERS, thread_name_prefix="answer"),
    )
