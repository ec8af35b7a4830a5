"""what Slack is told, what it watches for, what was uploaded to it and what it delivered"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "slack_files",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        _moment("uploaded_at"),
        sa.PrimaryKeyConstraint("team", "digest", name=op.f("pk_slack_files")),
    )
    op.create_table(
        "slack_deliveries",
        sa.Column("key", sa.Text(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_slack_deliveries")),
    )
    op.create_table(
        "watches",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        _moment("since"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )
    op.create_index("uq_watches_query", "watches", ["user_id", "channel", sa.text("md5(query)")], unique=True)
    op.create_table(
        "watched_moments",
        sa.Column("watch_id", sa.BigInteger(), nullable=False),
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        _moment("told_at"),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name=op.f("fk_watched_moments_watch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_watched_moments_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("watch_id", "video_id", "start_ms", "end_ms", name=op.f("pk_watched_moments")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("about", postgresql.JSONB(none_as_null=True), nullable=False),
        _moment("made_at"),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("message", sa.Text()),
        _moment("changed_at"),
        sa.Column("ts", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("kind in ('searchable', 'failed', 'check', 'watch')", name=op.f("ck_alerts_kind")),
        sa.CheckConstraint(
            "state in ('waiting', 'sending', 'sent', 'failed', 'dropped')", name=op.f("ck_alerts_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
    )
    op.create_index(
        "ix_alerts_open", "alerts", ["id"], postgresql_where=sa.text("state in ('waiting', 'sending')")
    )
    op.create_index(
        "ix_alerts_sent", "alerts", ["channel", "changed_at"], postgresql_where=sa.text("state = 'sent'")
    )


def downgrade() -> None:
    for table in ("alerts", "watched_moments", "watches", "slack_deliveries", "slack_files"):
        op.drop_table(table)
