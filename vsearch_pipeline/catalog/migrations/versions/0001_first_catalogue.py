"""first catalogue"""

import pgvector.sqlalchemy
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "classifiers",
    "counters",
    "operations",
    "people",
    "producers",
    "videos",
    "captions",
    "face_embeddings",
    "face_labels",
    "face_tracks",
    "faces",
    "frames",
    "objects",
    "previews",
    "reference_faces",
    "segments",
    "shots",
    "stage_errors",
    "stage_runs",
    "transcripts",
    "unknown_people",
    "segment_embeddings",
    "segment_people",
)


def upgrade() -> None:
    op.execute("create extension if not exists vector")

    op.create_table(
        "classifiers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("embedding_model", sa.Text(), nullable=False),
        sa.Column("metrics", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("description", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("parameters", sa.LargeBinary(), nullable=False),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classifiers")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_classifiers_fingerprint")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("video_id", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("door in ('cli', 'web', 'slack', 'sensor', 'import')", name=op.f("ck_operations_door")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
    )
    op.create_index(op.f("ix_operations_video_id"), "operations", ["video_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("aliases", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint(
            "group_name", "name", name=op.f("uq_people_group_name_name"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "producers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producers")),
        sa.UniqueConstraint(
            "stage", "model", "version", "settings", name=op.f("uq_producers_stage_model_version_settings")
        ),
    )
    op.create_table(
        "videos",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("container", sa.Text(), nullable=True),
        sa.Column("video_codec", sa.Text(), nullable=True),
        sa.Column("audio_codec", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("rotation", sa.Integer(), nullable=True),
        sa.Column("start_ms", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("frame_rate_num", sa.Integer(), nullable=True),
        sa.Column("frame_rate_den", sa.Integer(), nullable=True),
        sa.Column("variable_frame_rate", sa.Boolean(), nullable=True),
        sa.Column("decode_errors", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind in ('file', 'imported')", name=op.f("ck_videos_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("sha256", name=op.f("uq_videos_sha256")),
    )
    op.create_table(
        "captions",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raw_text", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_captions_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_captions_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "language", "index", name=op.f("pk_captions")),
    )
    op.create_table(
        "face_embeddings",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("face_index", sa.Integer(), nullable=False),
        sa.Column("track_index", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.VECTOR(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_face_embeddings_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_face_embeddings_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "face_index", name=op.f("pk_face_embeddings")),
    )
    op.create_table(
        "face_labels",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("track_index", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("runner_up_id", sa.Integer(), nullable=True),
        sa.Column("runner_up_confidence", sa.Double(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_face_labels_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_face_labels_producer_id")),
        sa.ForeignKeyConstraint(
            ["runner_up_id"], ["people.id"], name=op.f("fk_face_labels_runner_up_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_face_labels_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "track_index", name=op.f("pk_face_labels")),
    )
    op.create_index(op.f("ix_face_labels_person_id"), "face_labels", ["person_id"], unique=False)
    op.create_table(
        "face_tracks",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("shot_index", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("faces", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("best", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_face_tracks_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_face_tracks_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_face_tracks")),
    )
    op.create_table(
        "faces",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("frame_index", sa.Integer(), nullable=False),
        sa.Column("shot_index", sa.Integer(), nullable=False),
        sa.Column("time_ms", sa.Integer(), nullable=False),
        sa.Column("bbox_xyxy", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("landmarks", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_faces_producer_id")),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_faces_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_faces")),
    )
    op.create_table(
        "frames",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("time_ms", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_frames_producer_id")),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_frames_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_frames")),
    )
    op.create_table(
        "objects",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("frame_index", sa.Integer(), nullable=False),
        sa.Column("time_ms", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("bbox_xyxy", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_objects_producer_id")),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_objects_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_objects")),
    )
    op.create_table(
        "previews",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_previews_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_previews_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "start_ms", "end_ms", name=op.f("pk_previews")),
    )
    op.create_table(
        "reference_faces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.VECTOR(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_reference_faces_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_reference_faces_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_faces")),
        sa.UniqueConstraint("source", "model", name=op.f("uq_reference_faces_source_model")),
    )
    op.create_index(op.f("ix_reference_faces_person_id"), "reference_faces", ["person_id"], unique=False)
    op.create_table(
        "segments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("human_range", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("auto_caption_en", sa.Text(), nullable=True),
        sa.Column("auto_caption_ko", sa.Text(), nullable=True),
        sa.Column("human_caption_en", sa.Text(), nullable=True),
        sa.Column("human_caption_ko", sa.Text(), nullable=True),
        sa.Column(
            "caption_en",
            sa.Text(),
            sa.Computed(
                "coalesce(human_caption_en, auto_caption_en)",
            ),
            nullable=True,
        ),
        sa.Column(
            "caption_ko",
            sa.Text(),
            sa.Computed(
                "coalesce(human_caption_ko, auto_caption_ko)",
            ),
            nullable=True,
        ),
        sa.Column("auto_objects", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("auto_speech", sa.Text(), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("start_ms >= 0 and end_ms > start_ms", name=op.f("ck_segments_range")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_segments_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_segments_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
    )
    op.create_index("ix_segments_search", "segments", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_segments_video_id_start_ms", "segments", ["video_id", "start_ms"], unique=False)
    op.create_table(
        "shots",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_shots_producer_id")),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_shots_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_shots")),
    )
    op.create_table(
        "stage_errors",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_stage_errors_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "stage", name=op.f("pk_stage_errors")),
    )
    op.create_table(
        "stage_runs",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_stage_runs_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_stage_runs_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "stage", name=op.f("pk_stage_runs")),
    )
    op.create_table(
        "transcripts",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("words", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_transcripts_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_transcripts_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_transcripts")),
    )
    op.create_table(
        "unknown_people",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("track_index", sa.Integer(), nullable=False),
        sa.Column("cluster", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_unknown_people_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "track_index", name=op.f("pk_unknown_people")),
    )
    op.create_index(op.f("ix_unknown_people_cluster"), "unknown_people", ["cluster"], unique=False)
    op.create_table(
        "segment_embeddings",
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.Text(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_segment_embeddings_segment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("segment_id", "model", name=op.f("pk_segment_embeddings")),
    )
    op.create_table(
        "segment_people",
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.CheckConstraint("layer in ('auto', 'human')", name=op.f("ck_segment_people_layer")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_segment_people_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_segment_people_segment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("segment_id", "person_id", "layer", name=op.f("pk_segment_people")),
    )
    op.create_index(op.f("ix_segment_people_person_id"), "segment_people", ["person_id"], unique=False)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
