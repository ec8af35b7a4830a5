"""language: tracks of objects, gender of people, slots of translations, paid answers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("objects", sa.Column("track", sa.Integer(), nullable=True))
    op.add_column("captions", sa.Column("people", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False))
    op.add_column("people", sa.Column("gender", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_people_gender"), "people", "gender in ('female', 'male')")
    op.create_table(
        "paid_answers",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_paid_answers")),
    )
    op.create_table(
        "paid_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_usd", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", "model", name=op.f("pk_paid_days")),
    )


def downgrade() -> None:
    op.drop_table("paid_days")
    op.drop_table("paid_answers")
    op.drop_column("people", "gender")
    op.drop_column("captions", "people")
    op.drop_column("objects", "track")
