"""Tables of the catalogue.

Three layers: the model layer (replaced per video, keyed by video and position, so that the same input gives the
same rows), the library (people, photos, classifiers) and the human layer (human columns of segments, marks on
faces, operations).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from pgvector.sqlalchemy import HALFVEC, VECTOR
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        float: Double,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
        list[int]: ARRAY(BigInteger),
        list[float]: ARRAY(Double),
    }


def _video_key() -> Mapped[str]:
    return mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)


def _producer() -> Mapped[int]:
    return mapped_column(ForeignKey("producers.id"))


class Producer(Base):
    """What wrote a batch of rows: one row for each stage, model, version and settings."""

    __tablename__ = "producers"
    __table_args__ = (UniqueConstraint("stage", "model", "version", "settings"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str]
    model: Mapped[str]
    version: Mapped[str]
    settings: Mapped[dict[str, Any]]


# --- videos and how far each has come ---------------------------------------------------------------------------


class Video(Base):
    __tablename__ = "videos"
    __table_args__ = (CheckConstraint("kind in ('file', 'imported')", name="kind"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    kind: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    path: Mapped[str | None]  # relative to HOME/videos
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # what the container claims, corrected by what decoding measured
    container: Mapped[str | None]
    video_codec: Mapped[str | None]
    audio_codec: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    rotation: Mapped[int | None]
    start_ms: Mapped[int | None]  # the first frame on the container's clock: add it to seek
    duration_ms: Mapped[int | None]
    frame_rate_num: Mapped[int | None]
    frame_rate_den: Mapped[int | None]
    variable_frame_rate: Mapped[bool | None]
    decode_errors: Mapped[int | None]
    # whether the models' ranges overlap, or once did (some imported catalogues): then no segment gives way
    overlapping: Mapped[bool] = mapped_column(server_default="false")


class StageRun(Base):
    """The last finished run of a stage for a video; its fingerprint says whether the stage is current.

    `inputs` are the fingerprints of the stages that it read, None where they are not known; `missing` is what
    could not be made, for people.
    """

    __tablename__ = "stage_runs"

    video_id: Mapped[str] = _video_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    producer_id: Mapped[int] = _producer()
    run_id: Mapped[str]
    seconds: Mapped[float]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())
    inputs: Mapped[dict[str, Any] | None]
    missing: Mapped[str | None]


class StageError(Base):
    """Why a stage last failed for a video; removed when it succeeds."""

    __tablename__ = "stage_errors"

    video_id: Mapped[str] = _video_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]
    run_id: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StageProgress(Base):
    """A stage at work on a video: `done` of `total` of whatever it counts, where it counts something.

    Its run writes it now and then (`assets/watching.py`); a row that is written no more is of a run that died.
    """

    __tablename__ = "stage_progress"

    video_id: Mapped[str] = _video_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done: Mapped[int | None]
    total: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Request(Base):
    """A run that somebody asked for through a door that starts none (`catalog/requests.py`)."""

    __tablename__ = "requests"
    __table_args__ = (
        CheckConstraint("kind in ('retry', 'ingest', 'relabel', 'train', 'take_in')", name="kind"),
        CheckConstraint("state in ('waiting', 'queued', 'running', 'done', 'failed', 'dropped')", name="state"),
        Index(
            "uq_requests_open",
            "kind",
            text("md5(subject)"),
            unique=True,
            postgresql_where=text("state in ('waiting', 'queued', 'running')"),
        ),
        Index(
            "ix_requests_told", "id", postgresql_where=text("state in ('waiting', 'queued', 'running', 'failed')")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    actor: Mapped[str]
    door: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="waiting")
    run_id: Mapped[str | None]
    reason: Mapped[str | None]
    video_id: Mapped[str | None] = mapped_column(ForeignKey("videos.id", ondelete="SET NULL"))
    done: Mapped[int | None] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    after: Mapped[int | None] = mapped_column(ForeignKey("requests.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


# --- model layer ------------------------------------------------------------------------------------------------


class Shot(Base):
    __tablename__ = "shots"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    producer_id: Mapped[int] = _producer()


class Frame(Base):
    """A sampled frame; its picture is `HOME/videos/ID/frames/{index:06d}.jpg`."""

    __tablename__ = "frames"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    time_ms: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    producer_id: Mapped[int] = _producer()


class Face(Base):
    """A detected face; boxes and landmarks are fractions of the frame's width and height."""

    __tablename__ = "faces"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    frame_index: Mapped[int]
    shot_index: Mapped[int]
    time_ms: Mapped[int]
    bbox_xyxy: Mapped[list[float]]
    landmarks: Mapped[list[float]]
    score: Mapped[float]
    quality: Mapped[float]
    producer_id: Mapped[int] = _producer()


class FaceTrack(Base):
    """One face followed through a shot; `faces` and `best` are indices into the video's faces."""

    __tablename__ = "face_tracks"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    shot_index: Mapped[int]
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    faces: Mapped[list[int]]
    best: Mapped[list[int]]
    producer_id: Mapped[int] = _producer()


class FaceEmbedding(Base):
    """Embedding of one of a track's best faces."""

    __tablename__ = "face_embeddings"

    video_id: Mapped[str] = _video_key()
    face_index: Mapped[int] = mapped_column(primary_key=True)
    track_index: Mapped[int]
    model: Mapped[str]
    embedding: Mapped[Any] = mapped_column(VECTOR)
    producer_id: Mapped[int] = _producer()


class FaceLabel(Base):
    """Who a track is: a person's word where there is one, else the classifier's; `model_*` is what the classifier
    alone says."""

    __tablename__ = "face_labels"
    __table_args__ = (CheckConstraint("decided_by in ('model', 'person')", name="decided_by"),)

    video_id: Mapped[str] = _video_key()
    track_index: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    confidence: Mapped[float]
    decided_by: Mapped[str] = mapped_column(server_default="model")
    runner_up_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    runner_up_confidence: Mapped[float]
    group_name: Mapped[str | None]
    group_confidence: Mapped[float] = mapped_column(server_default="0")
    model_person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    model_confidence: Mapped[float] = mapped_column(server_default="0")
    producer_id: Mapped[int] = _producer()


class Object(Base):
    __tablename__ = "objects"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    frame_index: Mapped[int]
    time_ms: Mapped[int]
    label: Mapped[str]
    score: Mapped[float]
    bbox_xyxy: Mapped[list[float]]
    track: Mapped[int | None]  # which thing it is, followed through its shot
    producer_id: Mapped[int] = _producer()


class Caption(Base):
    """What a captioner wrote about a range, in one language; the raw text is kept beside the cleaned one.

    A translation has slots (`slots.py`) where the text names somebody: `people` are who they stand for, in order.
    """

    __tablename__ = "captions"

    video_id: Mapped[str] = _video_key()
    language: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    text: Mapped[str]
    raw_text: Mapped[str]
    facts: Mapped[dict[str, Any] | None]
    people: Mapped[list[int]] = mapped_column(server_default="{}")
    producer_id: Mapped[int] = _producer()


class Utterance(Base):
    """A piece of speech; `words` is a list of `[text, start_ms, end_ms, probability]`."""

    __tablename__ = "transcripts"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    text: Mapped[str]
    language: Mapped[str]
    confidence: Mapped[float]
    words: Mapped[list[Any]]
    producer_id: Mapped[int] = _producer()


class Preview(Base):
    """A small moving picture of a range: `HOME/videos/ID/previews/{start_ms}-{end_ms}.webp`."""

    __tablename__ = "previews"

    video_id: Mapped[str] = _video_key()
    start_ms: Mapped[int] = mapped_column(primary_key=True)
    end_ms: Mapped[int] = mapped_column(primary_key=True)
    size_bytes: Mapped[int]
    producer_id: Mapped[int] = _producer()


class ImportedRecord(Base):
    """A record of another system's catalogue, which is all that is known of an imported video; `people` are ids
    with the confidence of each."""

    __tablename__ = "imported_records"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    caption_en: Mapped[str | None]
    caption_ko: Mapped[str | None]
    objects: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    speech: Mapped[str | None]
    people: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    producer_id: Mapped[int] = _producer()


# --- library ----------------------------------------------------------------------------------------------------


class Person(Base):
    """`merged_into` is the person that this one turned out to be: always one that is not merged itself."""

    __tablename__ = "people"
    __table_args__ = (
        UniqueConstraint("group_name", "name", postgresql_nulls_not_distinct=True),
        CheckConstraint("gender in ('female', 'male')", name="gender"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_name: Mapped[str | None]
    name: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(server_default="{}")
    display: Mapped[str | None]
    gender: Mapped[str | None]  # puts gender words of captions right; None leaves them as they are
    # said by a person: no list changes it
    gender_said: Mapped[bool] = mapped_column(server_default="false")
    display_said: Mapped[bool] = mapped_column(server_default="false")
    dropped_aliases: Mapped[list[str]] = mapped_column(server_default="{}")
    notes: Mapped[str | None]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReferenceFace(Base):
    """An enrolled photograph's face; `source` is the photo's path below the gallery, `augmented` what is learnt
    from where that is not `embedding` itself."""

    __tablename__ = "reference_faces"
    __table_args__ = (UniqueConstraint("source", "model"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    source: Mapped[str]
    sha256: Mapped[str]
    quality: Mapped[float]
    model: Mapped[str]
    embedding: Mapped[Any] = mapped_column(VECTOR)
    augmented: Mapped[Any | None] = mapped_column(VECTOR)
    producer_id: Mapped[int] = _producer()


class Classifier(Base):
    """A trained person classifier; the newest promoted one names faces."""

    __tablename__ = "classifiers"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(unique=True)
    model: Mapped[str]
    embedding_model: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    description: Mapped[dict[str, Any]]
    parameters: Mapped[bytes]
    promoted: Mapped[bool]
    trained_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UnknownPerson(Base):
    """Which cluster of unnamed faces a track belongs to; the whole table is rewritten at once.

    `time_ms` and `bbox_xyxy` are the track's clearest face: they find it again after the faces were detected anew.
    `tracks_mark` is the fingerprint of the tracks that were clustered: another one means the row is out of date.
    """

    __tablename__ = "unknown_people"

    video_id: Mapped[str] = _video_key()
    track_index: Mapped[int] = mapped_column(primary_key=True)
    cluster: Mapped[int] = mapped_column(index=True)
    time_ms: Mapped[int]
    bbox_xyxy: Mapped[list[float]]
    tracks_mark: Mapped[str]


# --- what people see and search ---------------------------------------------------------------------------------


class Segment(Base):
    """A searchable range. `auto_*` is the model layer's, `human_*` a person's; the effective value is the human
    one where there is one. A segment that a person touched keeps its range through every later run.

    `auto_start_ms` and `auto_end_ms` are the range of the models' that this row stands for, None for a part of one
    or for a range of a person's (`editing/fit.py`). `seen_caption_*` is what the models said when a person wrote.
    """

    __tablename__ = "segments"
    __table_args__ = (
        CheckConstraint("start_ms >= 0 and end_ms > start_ms", name="range"),
        Index("ix_segments_video_id_start_ms", "video_id", "start_ms"),
        Index("ix_segments_search", "search", postgresql_using="gin"),
        Index("ix_segments_people", "people", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    auto_start_ms: Mapped[int | None]
    auto_end_ms: Mapped[int | None]
    covered: Mapped[bool] = mapped_column(server_default="false")  # wholly below a person's segments
    created: Mapped[bool] = mapped_column(server_default="false")  # by a person
    human_range: Mapped[bool] = mapped_column(server_default="false")
    locked: Mapped[bool] = mapped_column(server_default="false")
    auto_caption_en: Mapped[str | None]
    auto_caption_ko: Mapped[str | None]
    human_caption_en: Mapped[str | None]
    human_caption_ko: Mapped[str | None]
    seen_caption_en: Mapped[str | None]
    seen_caption_ko: Mapped[str | None]
    caption_en: Mapped[str | None] = mapped_column(Computed("coalesce(human_caption_en, auto_caption_en)"))
    caption_ko: Mapped[str | None] = mapped_column(Computed("coalesce(human_caption_ko, auto_caption_ko)"))
    auto_objects: Mapped[dict[str, Any] | None]  # {label: count}
    auto_speech: Mapped[str | None]
    # what search reads: written with the rest in one transaction (search/documents.py)
    search: Mapped[Any] = mapped_column(TSVECTOR, server_default="")
    words: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    people: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    # the operation whose effect stands, 0 where the segment is as the models made it
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    deleted_at: Mapped[datetime | None]
    shown: Mapped[bool] = mapped_column(Computed("deleted_at is null and not covered"))
    producer_id: Mapped[int] = _producer()


class SegmentPerson(Base):
    """Who is on screen in a segment, by layer; a human row with `present = false` says "not this person", and
    `seen` whether the models had them when it was said."""

    __tablename__ = "segment_people"
    __table_args__ = (CheckConstraint("layer in ('auto', 'human')", name="layer"),)

    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    layer: Mapped[str] = mapped_column(primary_key=True)
    present: Mapped[bool] = mapped_column(server_default="true")
    seen: Mapped[bool | None]
    confidence: Mapped[float | None]


class SegmentEmbedding(Base):
    """A segment's vectors in one model, one for each text; the model's HNSW index covers only its own rows."""

    __tablename__ = "segment_embeddings"
    __table_args__ = (CheckConstraint("part in ('en', 'ko', 'speech')", name="part"),)

    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    text_sha256: Mapped[str]
    embedding: Mapped[Any] = mapped_column(HALFVEC)


class Passage(Base):
    """A few segments of one stretch of a video taken together, in one model: what is around a segment.

    `words` are those of its segments, `embedding` the mean of their vectors. Stretches with one segment, or with
    so many that they tell little of each, have no row (`catalog/passages.py`).
    """

    __tablename__ = "passages"

    video_id: Mapped[str] = _video_key()
    index: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    segments: Mapped[int]
    words: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    embedding: Mapped[Any] = mapped_column(HALFVEC)


class VocabularyWord(Base):
    """A word that segments have; `segments` is how many, as of the last count (`catalog/vocabulary.py`)."""

    __tablename__ = "words"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(unique=True)
    token: Mapped[str]
    segments: Mapped[int] = mapped_column(server_default="1")


class WordEmbedding(Base):
    """A word's vector in one model: words of the same meaning, in whatever language, lie near each other."""

    __tablename__ = "word_embeddings"

    word_id: Mapped[int] = mapped_column(ForeignKey("words.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    embedding: Mapped[Any] = mapped_column(HALFVEC)


class TextModel(Base):
    """A text model that search answers with from a moment on: the newest row's does (`catalog/text_models.py`).

    `source` is what it is loaded by: its own name, a hub id or a folder.
    """

    __tablename__ = "text_models"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    model: Mapped[str]
    source: Mapped[str]
    since: Mapped[datetime] = mapped_column(server_default=func.now())


class KeptSearch(Base):
    """What somebody searched for; one with a name was saved."""

    __tablename__ = "searches"
    __table_args__ = (UniqueConstraint("actor", "text"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    actor: Mapped[str]
    text: Mapped[str]
    name: Mapped[str | None]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Counter(Base):
    """Numbers that are handed out inside the transaction that uses them, so a rollback leaves no gap."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class PaidAnswer(Base):
    """An answer of a paid service, by a digest of everything that was asked: it is never paid for twice."""

    __tablename__ = "paid_answers"

    key: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    model: Mapped[str]
    answer: Mapped[dict[str, Any]]
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PaidDay(Base):
    """What a paid service was asked and cost in a day (UTC): the limits of the settings are held against it."""

    __tablename__ = "paid_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(server_default="0")
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cost_usd: Mapped[float] = mapped_column(server_default="0")


class Operation(Base):
    """Append-only log of what people did: who, when, through which door.

    `before` and `after` hold the fields of the human layer that it changed, by kind and id (`catalog/human.py`);
    `about` what is told of it besides: names, titles, files.
    """

    __tablename__ = "operations"
    __table_args__ = (
        CheckConstraint("door in ('cli', 'web', 'slack', 'sensor', 'import')", name="door"),
        Index("ix_operations_actor_id", "actor", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    door: Mapped[str]
    kind: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    about: Mapped[dict[str, Any] | None]
    reverts: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), index=True)


class OperationSubject(Base):
    """What an operation is about: the key by which the history of a segment, a person or a video is read."""

    __tablename__ = "operation_subjects"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"), primary_key=True, index=True)


class FaceMark(Base):
    """What a person said about a face: it is somebody, it is not somebody, or it belongs with other faces.

    Held to the picture (video, time, box as shares of the frame), not to a track, so that it outlives every new
    detection; `editing/marks.py` finds the track. Never changed or deleted: what is taken back is `revoked_by`.
    """

    __tablename__ = "face_marks"
    __table_args__ = (
        CheckConstraint("kind in ('is', 'is_not', 'group')", name="kind"),
        CheckConstraint("(kind = 'group') = (group_id is not null)", name="group"),
        CheckConstraint("(kind <> 'group') = (person_id is not null)", name="person"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    time_ms: Mapped[int]
    bbox_xyxy: Mapped[list[float]]
    kind: Mapped[str]
    # no foreign key: who was only named by mistake goes, and the marks stay
    person_id: Mapped[int | None] = mapped_column(index=True)
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"), index=True)
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), index=True)


# --- Slack ------------------------------------------------------------------------------------------------------


class SlackFile(Base):
    """A picture that a workspace has, by the digest of its bytes: each is uploaded once."""

    __tablename__ = "slack_files"

    team: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SlackDelivery(Base):
    """What Slack delivered and was done: delivered again, it is not done again."""

    __tablename__ = "slack_deliveries"

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Watch(Base):
    """A search whose new moments somebody is told of, in a channel."""

    __tablename__ = "watches"
    __table_args__ = (Index("uq_watches_query", "user_id", "channel", text("md5(query)"), unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[str]
    channel: Mapped[str]
    actor: Mapped[str]
    query: Mapped[str]
    language: Mapped[str]
    since: Mapped[datetime] = mapped_column(server_default=func.now())


class WatchedMoment(Base):
    """A range of a video that a watch has told of."""

    __tablename__ = "watched_moments"

    watch_id: Mapped[int] = mapped_column(ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    start_ms: Mapped[int] = mapped_column(primary_key=True)
    end_ms: Mapped[int] = mapped_column(primary_key=True)
    told_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Alert(Base):
    """Something people are told in Slack, once: `key` is what it is about (`searchable VIDEO`, `failed RUN`).

    `message` names the message that tells it, of which the workspace is asked where it is not known whether it got
    there (`sending`); `ts` is the message's number in its channel.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("kind in ('searchable', 'failed', 'check', 'watch')", name="kind"),
        CheckConstraint("state in ('waiting', 'sending', 'sent', 'failed', 'dropped')", name="state"),
        Index("ix_alerts_open", "id", postgresql_where=text("state in ('waiting', 'sending')")),
        Index("ix_alerts_sent", "channel", "changed_at", postgresql_where=text("state = 'sent'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    channel: Mapped[str]
    about: Mapped[dict[str, Any]]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="waiting")
    message: Mapped[str | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ts: Mapped[str | None]
    error: Mapped[str | None]
