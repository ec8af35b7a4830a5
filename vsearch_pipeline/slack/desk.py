"""What stands behind the door for Slack: search, edits and pictures of one library, for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import PersonRecord, list_people
from vsearch_pipeline.catalog.paid import PaidLedger
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.videos import VideoRecord, get_video
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import NotFoundError
from vsearch_pipeline.gemini import Gemini
from vsearch_pipeline.previews import local_preview
from vsearch_pipeline.search.answers import AnswerService
from vsearch_pipeline.search.results import Moment
from vsearch_pipeline.search.service import SearchService, open_search
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.client import Tokens, Workspace, web_client
from vsearch_pipeline.slack.members import Member, Members
from vsearch_pipeline.slack.pictures import Pictures
from vsearch_pipeline.storage.store import MediaStore, open_store

_BESIDE: Final = 8
"""Uploads and answers that go on after the first answer is out."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The services of one library, and the workspace that asks."""

    settings: Settings
    searching: SearchService
    answering: AnswerService
    workspace: Workspace
    members: Members
    pictures: Pictures
    beside: ThreadPoolExecutor

    @property
    def catalog(self) -> Catalog:
        return self.searching.catalog

    def editor(self, member: Member, once: str | None = None) -> Editor:
        """Edits by a member; a viewer's are refused.

        Args:
            once: what names the delivery, which may come again.
        """
        return Editor(
            self.catalog,
            self.searching.embedder,
            actor=member.actor,
            door="slack",
            role=member.role or "viewer",
            once=once,
        )

    def editing(self, member: Member, once: str | None = None) -> SegmentService:
        return SegmentService(self.editor(member, once))

    def history(self, member: Member, once: str | None = None) -> HistoryService:
        return HistoryService(self.editor(member, once))

    def segment(self, number: int) -> tuple[SegmentRecord, VideoRecord]:
        """Raises NotFoundError where it is gone."""
        with self.catalog.begin() as connection:
            found = read_segments(connection, ids=[number])
            if not found:
                raise NotFoundError(f"There is no segment {number}: it may have been removed.")
            return found[0], get_video(connection, found[0].video_id)

    def people(self) -> list[PersonRecord]:
        with self.catalog.begin() as connection:
            return list_people(connection)

    @property
    def store(self) -> MediaStore:
        return open_store(self.settings)

    def preview(self, segment: SegmentRecord) -> Path | None:
        """The file of its moving preview."""
        return local_preview(self.store, segment.video_id, segment.span)

    def previews(self, moments: Sequence[Moment]) -> list[Path | None]:
        """The file of each moment's best part."""
        spans = [
            next(m.span for m in moment.members if m.segment_id == moment.best.segment_id) for moment in moments
        ]
        return [
            local_preview(self.store, moment.best.video.id, span)
            for moment, span in zip(moments, spans, strict=True)
        ]

    def close(self) -> None:
        self.pictures.close()
        self.beside.shutdown(wait=False, cancel_futures=True)


def open_desk(settings: Settings, tokens: Tokens) -> Desk:
    """Everything that answers need, ready to search.

    Raises:
        VsearchError: the database or the text model is not available, or Slack does not let us in.
    """
    searching = open_search(settings, "slack")
    workspace = Workspace(web_client(tokens))
    _ = workspace.team
    searching.warm_up("a person 사람이 나오는", "안녕 hello")  # loads all that the first asker would wait for
    return Desk(
        settings,
        searching,
        AnswerService(Gemini(settings.gemini, PaidLedger(searching.catalog))),
        workspace,
        Members(settings, workspace),
        Pictures(searching.catalog, workspace),
        ThreadPoolExecutor(_BESIDE, thread_name_prefix="slack-beside"),
    )
