"""Alembic runs inside the connection that `migrate` hands over."""

from alembic import context

from vsearch_pipeline.catalog.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_schemas=False,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
