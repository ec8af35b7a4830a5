"""search: words and people of segments, a vector for each text, passages, kept searches"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INTEGERS = postgresql.ARRAY(sa.Integer())


def upgrade() -> None:
    for name in ("words", "people"):
        op.add_column("segments", sa.Column(name, _INTEGERS, server_default="{}", nullable=False))
    op.create_index("ix_segments_people", "segments", ["people"], postgresql_using="gin")
    # captions and words come with the next run of segment_embeddings, which is not done any more
    op.execute("delete from stage_runs where stage = 'segment_embeddings'")
    # who is there, people over models
    op.execute(
        """
        update segments set people = effective.people from (
            select segment_id, array_agg(person order by person) as people from (
                select distinct on (segment_id, coalesce(merged_into, people.id))
                    segment_id, coalesce(merged_into, people.id) as person, present
                from segment_people join people on people.id = segment_people.person_id
                order by segment_id, coalesce(merged_into, people.id), layer desc, present desc
            ) each_person where present group by segment_id
        ) effective where effective.segment_id = segments.id
        """
    )
    op.add_column("segment_embeddings", sa.Column("part", sa.Text(), server_default="en", nullable=False))
    op.alter_column("segment_embeddings", "part", server_default=None)
    op.create_check_constraint(
        op.f("ck_segment_embeddings_part"), "segment_embeddings", "part in ('en', 'ko', 'speech')"
    )
    op.drop_constraint("pk_segment_embeddings", "segment_embeddings", type_="primary")
    op.create_primary_key("pk_segment_embeddings", "segment_embeddings", ["segment_id", "model", "part"])
    op.create_table(
        "passages",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("words", _INTEGERS, nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_passages_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "index", "model", name=op.f("pk_passages")),
    )
    op.create_table(
        "words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("segments", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_words")),
        sa.UniqueConstraint("word", name=op.f("uq_words_word")),
    )
    op.create_table(
        "word_embeddings",
        sa.Column("word_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["word_id"], ["words.id"], name=op.f("fk_word_embeddings_word_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word_id", "model", name=op.f("pk_word_embeddings")),
    )
    op.create_table(
        "searches",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
        sa.UniqueConstraint("actor", "text", name=op.f("uq_searches_actor_text")),
    )


def downgrade() -> None:
    for table in ("searches", "word_embeddings", "words", "passages"):
        op.drop_table(table)
    op.execute("delete from segment_embeddings where part <> 'en'")
    op.drop_constraint("pk_segment_embeddings", "segment_embeddings", type_="primary")
    op.drop_constraint(op.f("ck_segment_embeddings_part"), "segment_embeddings", type_="check")
    op.drop_column("segment_embeddings", "part")
    op.create_primary_key("pk_segment_embeddings", "segment_embeddings", ["segment_id", "model"])
    op.drop_index("ix_segments_people", table_name="segments")
    op.drop_column("segments", "people")
    op.drop_column("segments", "words")
