"""requests of runs, stages at work, and what a finished stage read and lacks"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OPEN = "state in ('waiting', 'queued', 'running')"
_TOLD = "state in ('waiting', 'queued', 'running', 'failed')"


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.add_column("stage_runs", sa.Column("inputs", postgresql.JSONB(none_as_null=True)))
    op.add_column("stage_runs", sa.Column("missing", sa.Text()))
    op.create_table(
        "stage_progress",
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        _moment("started_at"),
        sa.Column("done", sa.Integer()),
        sa.Column("total", sa.Integer()),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_stage_progress_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "stage", name=op.f("pk_stage_progress")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        _moment("asked_at"),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("run_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("video_id", sa.Text()),
        sa.Column("done", sa.BigInteger()),
        sa.Column("total", sa.BigInteger()),
        sa.Column("after", sa.BigInteger()),
        _moment("changed_at"),
        sa.CheckConstraint(
            "kind in ('retry', 'ingest', 'relabel', 'train', 'take_in')", name=op.f("ck_requests_kind")
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'queued', 'running', 'done', 'failed', 'dropped')",
            name=op.f("ck_requests_state"),
        ),
        sa.ForeignKeyConstraint(["after"], ["requests.id"], name=op.f("fk_requests_after"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_requests_video_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(
        "uq_requests_open",
        "requests",
        ["kind", sa.text("md5(subject)")],  # a link may be longer than what an index holds
        unique=True,
        postgresql_where=sa.text(_OPEN),
    )
    op.create_index("ix_requests_told", "requests", ["id"], postgresql_where=sa.text(_TOLD))


def downgrade() -> None:
    op.drop_table("requests")
    op.drop_table("stage_progress")
    op.drop_column("stage_runs", "missing")
    op.drop_column("stage_runs", "inputs")
