"""editing: both layers of a segment's range, what an operation changed, records of imported catalogues"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default="false", nullable=False)


def upgrade() -> None:
    for name in ("auto_start_ms", "auto_end_ms"):
        op.add_column("segments", sa.Column(name, sa.Integer()))
    for name in ("covered", "created", "locked"):
        op.add_column("segments", _flag(name))
    for name in ("seen_caption_en", "seen_caption_ko"):
        op.add_column("segments", sa.Column(name, sa.Text()))
    op.add_column(
        "segments",
        sa.Column("shown", sa.Boolean(), sa.Computed("deleted_at is null and not covered", persisted=True)),
    )
    op.alter_column("segments", "shown", nullable=False)
    op.alter_column("segments", "version", type_=sa.BigInteger(), server_default="0")
    op.execute(
        "update segments set version = 0, seen_caption_en = case when human_caption_en is not null"
        " then auto_caption_en end, seen_caption_ko = case when human_caption_ko is not null"
        " then auto_caption_ko end,"
        " auto_start_ms = case when not human_range then start_ms end,"
        " auto_end_ms = case when not human_range then end_ms end"
    )
    op.add_column("segment_people", sa.Column("seen", sa.Boolean()))
    op.add_column("videos", _flag("overlapping"))
    op.execute(
        "update videos set overlapping = true where exists (select from segments one join segments other"
        " on one.video_id = other.video_id and one.id <> other.id and one.start_ms < other.end_ms"
        " and other.start_ms < one.end_ms where one.video_id = videos.id)"
    )
    op.drop_constraint(op.f("fk_face_marks_person_id"), "face_marks", type_="foreignkey")
    op.add_column("people", _flag("gender_said"))
    op.add_column("people", _flag("display_said"))
    op.add_column(
        "people", sa.Column("dropped_aliases", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.execute(
        "update people set gender_said = true where id in"
        " (select cast(after->>'person' as int) from operations where kind = 'people.gender')"
    )
    op.create_table(
        "imported_records",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("caption_en", sa.Text()),
        sa.Column("caption_ko", sa.Text()),
        sa.Column("objects", postgresql.JSONB(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("speech", sa.Text()),
        sa.Column("people", postgresql.JSONB(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_imported_records_producer_id")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_imported_records_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "index", name=op.f("pk_imported_records")),
    )
    # the automatic fields of segments are what is left of earlier imports
    op.execute(
        """
        insert into imported_records
            (video_id, index, start_ms, end_ms, caption_en, caption_ko, objects, speech, people, producer_id)
        select s.video_id, row_number() over (partition by s.video_id order by s.start_ms, s.id) - 1,
            s.start_ms, s.end_ms, s.auto_caption_en, s.auto_caption_ko, coalesce(s.auto_objects, '{}'),
            s.auto_speech, coalesce(seen.people, '{}'), s.producer_id
        from segments s join videos on videos.id = s.video_id and videos.kind = 'imported'
        left join lateral (
            select jsonb_object_agg(person_id, coalesce(confidence, 1)) as people from segment_people
            where segment_id = s.id and layer = 'auto'
        ) seen on true
        where not s.human_range
        """
    )
    op.add_column("operations", sa.Column("about", postgresql.JSONB(none_as_null=True)))
    op.add_column("operations", sa.Column("reverts", sa.BigInteger()))
    op.create_foreign_key(op.f("fk_operations_reverts"), "operations", "operations", ["reverts"], ["id"])
    op.create_index(op.f("ix_operations_reverts"), "operations", ["reverts"])
    op.create_index("ix_operations_actor_id", "operations", ["actor", "id"])
    op.create_table(
        "operation_subjects",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_operation_subjects_operation_id")
        ),
        sa.PrimaryKeyConstraint("kind", "subject", "operation_id", name=op.f("pk_operation_subjects")),
    )
    op.create_index(op.f("ix_operation_subjects_operation_id"), "operation_subjects", ["operation_id"])
    op.execute(
        "insert into operation_subjects (kind, subject, operation_id)"
        " select 'video', video_id, id from operations where video_id is not null"
    )
    # what was written before this release are facts to read, not fields that could be put back
    op.execute(
        "update operations set"
        " about = (jsonb_build_object('before', before) - array(select 'before' where before is null))"
        " || (jsonb_build_object('after', after) - array(select 'after' where after is null)),"
        " before = null, after = null where before is not null or after is not null"
    )
    op.drop_index("ix_operations_video_id", table_name="operations")
    op.drop_column("operations", "video_id")


def downgrade() -> None:
    op.add_column("operations", sa.Column("video_id", sa.Text()))
    op.create_index("ix_operations_video_id", "operations", ["video_id"])
    op.execute(
        "update operations set before = about->'before', after = about->'after'"
        " where before is null and after is null and (about ? 'before' or about ? 'after')"
    )
    op.execute(
        "update operations set video_id = subject from operation_subjects"
        " where operation_id = id and operation_subjects.kind = 'video'"
    )
    op.drop_table("operation_subjects")
    op.drop_index("ix_operations_actor_id", table_name="operations")
    op.drop_column("operations", "reverts")
    op.drop_column("operations", "about")
    op.drop_table("imported_records")
    for name in ("dropped_aliases", "display_said", "gender_said"):
        op.drop_column("people", name)
    op.execute("delete from face_marks where person_id not in (select id from people)")
    op.create_foreign_key(op.f("fk_face_marks_person_id"), "face_marks", "people", ["person_id"], ["id"])
    op.drop_column("videos", "overlapping")
    op.drop_column("segment_people", "seen")
    op.execute("delete from segments where covered")
    for name in ("shown", "seen_caption_en", "seen_caption_ko", "locked", "created", "covered"):
        op.drop_column("segments", name)
    for name in ("auto_end_ms", "auto_start_ms"):
        op.drop_column("segments", name)
    op.alter_column("segments", "version", type_=sa.Integer(), server_default="1")
