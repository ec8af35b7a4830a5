"""Slack as a Dagster resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from dagster import ConfigurableResource

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.alerts import Report, brief_client, posting_client, send_alerts
from vsearch_pipeline.slack.client import Tokens, Workspace, tokens_of
from vsearch_pipeline.slack.quiet import QuietHours, quiet_hours


class SlackResource(ConfigurableResource[Any]):
    """What Slack is told, where and when. Its tokens come from the environment when they are used: they must not
    stand in a run's configuration."""

    home: str
    channel: str = ""
    language: Literal["ko", "en"] = "ko"
    quiet_hours: str = ""
    timezone: str = ""
    digest_above: int = 3
    digest_minutes: float = 15.0
    page_url: str = ""
    dagster_url: str = ""

    @classmethod
    def of(cls, settings: Settings) -> SlackResource:
        return cls(
            home=str(settings.home),
            channel=settings.slack_channel,
            language=settings.slack_language,
            quiet_hours=settings.slack_quiet_hours,
            timezone=settings.slack_timezone,
            digest_above=settings.slack_digest_above,
            digest_minutes=settings.slack_digest_minutes,
            page_url=settings.page_link,
            dagster_url=settings.dagster_address,
        )

    def settings(self) -> Settings:
        return Settings(
            home=Path(self.home),
            slack_channel=self.channel,
            slack_language=self.language,
            slack_quiet_hours=self.quiet_hours,
            slack_timezone=self.timezone,
            slack_digest_above=self.digest_above,
            slack_digest_minutes=self.digest_minutes,
            page_url=self.page_url,
            dagster_url=self.dagster_url,
        )

    def tokens(self) -> Tokens | None:
        """None where the environment has none.

        Raises:
            InputError: one is of another kind than its place asks for.
        """
        return tokens_of()

    def quiet(self) -> QuietHours | None:
        """
        Raises:
            InputError: the settings cannot be read.
        """
        return quiet_hours(self.settings())

    def send(self, catalog: Catalog, tokens: Tokens) -> Report:
        """Send what is due (`slack/alerts.py`)."""
        return send_alerts(
            catalog,
            Workspace(brief_client(tokens)),
            posting_client(tokens),
            self.settings(),
            quiet=self.quiet(),
        )
