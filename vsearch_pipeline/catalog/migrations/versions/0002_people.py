"""people: marks on faces, merged people, who decided a label"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import VECTOR

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "face_marks",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("time_ms", sa.Integer(), nullable=False),
        sa.Column("bbox_xyxy", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("revoked_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind in ('is', 'is_not', 'group')", name=op.f("ck_face_marks_kind")),
        sa.CheckConstraint("(kind = 'group') = (group_id is not null)", name=op.f("ck_face_marks_group")),
        sa.CheckConstraint("(kind <> 'group') = (person_id is not null)", name=op.f("ck_face_marks_person")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_face_marks_video_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_face_marks_person_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_face_marks_operation_id")),
        sa.ForeignKeyConstraint(["revoked_by"], ["operations.id"], name=op.f("fk_face_marks_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face_marks")),
    )
    for column in ("video_id", "person_id", "operation_id", "revoked_by"):
        op.create_index(op.f(f"ix_face_marks_{column}"), "face_marks", [column])

    op.add_column("people", sa.Column("display", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("notes", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_people_merged_into"), "people", "people", ["merged_into"], ["id"])
    op.create_index(op.f("ix_people_merged_into"), "people", ["merged_into"])

    op.add_column("reference_faces", sa.Column("augmented", VECTOR(), nullable=True))

    op.add_column("face_labels", sa.Column("decided_by", sa.Text(), server_default="model", nullable=False))
    op.add_column("face_labels", sa.Column("group_name", sa.Text(), nullable=True))
    op.add_column("face_labels", sa.Column("group_confidence", sa.Double(), server_default="0", nullable=False))
    op.add_column("face_labels", sa.Column("model_person_id", sa.Integer(), nullable=True))
    op.add_column("face_labels", sa.Column("model_confidence", sa.Double(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_face_labels_decided_by"), "face_labels", "decided_by in ('model', 'person')"
    )
    op.create_foreign_key(
        op.f("fk_face_labels_model_person_id"),
        "face_labels",
        "people",
        ["model_person_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.execute(
        "update face_labels set model_person_id = person_id, model_confidence = confidence,"
        " group_confidence = case when person_id is null then 0 else confidence end,"
        " group_name = (select people.group_name from people where people.id = face_labels.person_id)"
    )

    # clusters keep their numbers: each track is given its clearest face; one without a face is nobody's
    op.add_column("unknown_people", sa.Column("time_ms", sa.Integer(), nullable=True))
    op.add_column("unknown_people", sa.Column("bbox_xyxy", sa.ARRAY(sa.Double()), nullable=True))
    op.add_column("unknown_people", sa.Column("tracks_mark", sa.Text(), nullable=True))
    op.execute(
        "update unknown_people set time_ms = clearest.time_ms, bbox_xyxy = clearest.bbox_xyxy,"
        " tracks_mark = stage_runs.fingerprint from ("
        " select distinct on (face_tracks.video_id, face_tracks.index) face_tracks.video_id,"
        " face_tracks.index as track_index, faces.time_ms, faces.bbox_xyxy"
        " from face_tracks join faces on faces.video_id = face_tracks.video_id"
        " and faces.index = any(face_tracks.faces)"
        " order by face_tracks.video_id, face_tracks.index, faces.quality desc, faces.index"
        ") clearest join stage_runs"
        " on stage_runs.video_id = clearest.video_id and stage_runs.stage = 'face_tracks'"
        " where unknown_people.video_id = clearest.video_id"
        " and unknown_people.track_index = clearest.track_index"
    )
    op.execute("delete from unknown_people where tracks_mark is null")
    for column in ("time_ms", "bbox_xyxy", "tracks_mark"):
        op.alter_column("unknown_people", column, nullable=False)
    op.execute(
        "insert into counters (name, value) select 'cluster', coalesce(max(cluster), 0) from unknown_people"
    )


def downgrade() -> None:
    op.drop_column("reference_faces", "augmented")
    op.execute("delete from counters where name in ('cluster', 'face group')")
    for column in ("time_ms", "bbox_xyxy", "tracks_mark"):
        op.drop_column("unknown_people", column)
    for column in ("decided_by", "group_name", "group_confidence", "model_person_id", "model_confidence"):
        op.drop_column("face_labels", column)
    for column in ("display", "notes", "merged_into"):
        op.drop_column("people", column)
    op.drop_table("face_marks")
