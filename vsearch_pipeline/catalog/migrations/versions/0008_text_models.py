"""which text model search answers with"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_models",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_models")),
    )
    # the one that has answered up to now; a folder is found again by whoever has it in the settings
    op.execute(
        "insert into text_models (model, source) select model, model from segment_embeddings"
        " group by model order by count(*) desc, model limit 1"
    )


def downgrade() -> None:
    op.drop_table("text_models")
