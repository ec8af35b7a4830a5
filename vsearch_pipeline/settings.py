"""One frozen settings object, made once at each door (command line, code location, page) and passed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.gemini import GeminiOptions
from vsearch_pipeline.roles import read_list

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def _default_home() -> Path:
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "vsearch"


class Settings(BaseSettings):
    """Every setting can be given as an environment variable `VSEARCH_<NAME>`.

    Models are named, so a profile is only a set of defaults: replacing one model is one setting.
    """

    model_config = SettingsConfigDict(env_prefix="VSEARCH_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(default_factory=_default_home, description="everything vsearch keeps lives here")
    database_url: str | None = Field(
        None, repr=False, description="any PostgreSQL with pgvector; embedded where unset"
    )
    actor: str = Field("", description="who is acting, for the history; the login name where empty")

    # media
    frames_per_second: float = Field(4.0, gt=0, le=60, description="sampled frames a second of video")
    frame_max_side: int = Field(1280, ge=64, description="longer side of a stored frame, pixels")
    jpeg_quality: int = Field(85, ge=1, le=100)
    segment_max_ms: int = Field(5000, ge=500, description="longest segment; shots are cut evenly below it")
    objects_per_second: float = Field(1.0, gt=0, description="frames a second given to the object detector")
    faces_per_second: float = Field(2.0, gt=0, description="frames a second given to the face detector")

    # models
    face_detector: str = "centerface"
    face_embedder: str = "sface-dlib"
    object_detector: str = "ssd-mobilenet-v2"
    scene_classifier: str = "efficientnet-lite3"
    captioner: str = Field("compact", description="compact, objects-only, eilev, blip2, vlm or gemini[:MODEL]")
    compared_captioners: tuple[str, ...] = ("compact", "objects-only")
    caption_prompt: str | None = Field(None, description="question put to the captioner; its own where unset")
    caption_frames: int = Field(
        8, ge=1, le=64, description="frames of a range given to a captioner that reads them"
    )
    caption_beams: int = Field(4, ge=1, le=16)
    caption_repetition_penalty: float = Field(1.3, ge=1.0, le=5.0)
    caption_max_new_tokens: int = Field(128, ge=1, le=2048)
    caption_batch: int = Field(8, ge=1, le=1024, description="ranges at once; halved when memory runs out")
    caption_precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    caption_examples: Path | None = Field(None, description="folder of worked examples, for eilev")
    reference_captions: Path | None = Field(
        None, description="JSON lines of captions written by people, to score captioners by"
    )
    sentence_embedder: str = "use-multilingual-v3"
    transcriber: str = "whisper-tiny.en"
    onnx_providers: tuple[str, ...] = Field(
        ("CUDAExecutionProvider", "CPUExecutionProvider"),
        min_length=1,
        description="what onnxruntime runs insightface packs on, the preferred first",
    )

    # Gemini; its key comes from GEMINI_API_KEY or GOOGLE_API_KEY only
    translator: str = Field("gemini", description="gemini[:MODEL], which waits for a key, or none")
    gemini_model: str = "gemini-3.8-flash"
    gemini_requests_a_day: int = Field(2000, ge=0)
    gemini_usd_a_day: float = Field(5.0, ge=0)
    gemini_usd_per_million_tokens: tuple[NonNegativeFloat, NonNegativeFloat] = Field(
        (1.50, 9.00), description="price of what is asked and of what is answered, for the limit"
    )
    gemini_timeout_seconds: float = Field(60.0, gt=0, description="for one try of one request")
    gemini_attempts: int = Field(5, ge=1, le=20, description="tries of a request, with growing pauses")

    # ingest
    media_url: str = Field(
        "", description="videos, frames and previews: a folder, or s3://bucket/videos; HOME/videos where empty"
    )
    media_cache_gib: float = Field(50.0, gt=0, description="what copies of a bucket may take in HOME/cache")
    link_mode: Literal["copy", "hardlink", "symlink"] = "copy"
    max_download_bytes: int = Field(20 * 2**30, gt=0)
    max_download_seconds: int = Field(6 * 3600, gt=0, description="longest video taken from a link")
    allow_private_addresses: bool = False
    inbox: Path | None = Field(None, description="watched folder; HOME/inbox where unset")
    gallery: Path | None = Field(None, description="GROUP/PERSON/*.jpg; HOME/gallery where unset")

    # several machines
    executor: Literal["in_process", "celery", "kubernetes"] = Field(
        "in_process", description="where the steps of queued runs are executed"
    )
    concurrent_runs: int = Field(2, ge=1, description="runs at a time; the others wait in Dagster's queue")
    celery_broker: SecretStr | None = Field(None, description="redis://:password@host:6379/0")
    celery_backend: SecretStr | None = Field(None, description="where results are kept; the broker where unset")
    celery_lost_seconds: float = Field(
        60.0, ge=3, description="after which the step of a worker that went silent is given to another"
    )
    kubernetes_gpus: int = Field(1, ge=0, description="graphics cards of a step that uses models; 0: processors")
    kubernetes_gpu_nodes: dict[str, str] = Field({}, description="labels of the nodes for such steps")

    # doors
    dagster_port: int = 3000
    page_port: int = 8501
    page_address: str = Field("127.0.0.1", description="what the page listens on; others reach 0.0.0.0")
    allow_open: bool = Field(False, description="others may reach the page, and edit, without signing in")
    dagster_url: str = Field("", description="where people open Dagster; 127.0.0.1 and its port where empty")
    media_link_hours: float = Field(
        6.0, ge=0.001, le=168, description="how long the address of a file stays good at least"
    )
    media_key: SecretStr | None = Field(
        None, description="signs these addresses, 32 characters or more; kept in HOME/media.key where unset"
    )

    page_url: str = Field(
        "", description="where people open the page, for links to it; this machine and its port where empty"
    )

    # seeing what goes on
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="of vsearch's own records; of other packages nothing below a warning is written"
    )
    metrics_token: SecretStr | None = Field(
        None, description="opens /metrics to who sends it; the page's is open without it where nobody signs in"
    )

    # Slack; its tokens come from SLACK_BOT_TOKEN, SLACK_APP_TOKEN and SLACK_SIGNING_SECRET only
    slack_channel: str = Field("", description="id of the channel that is told what happens; nobody where empty")
    slack_language: Literal["ko", "en"] = Field("ko", description="of what the channel is told")
    slack_mode: Literal["socket", "http"] = Field("socket", description="how Slack reaches vsearch")
    slack_address: str = Field("127.0.0.1", description="what the door for Slack listens on, where it is http")
    slack_port: int = 3001
    slack_guests: bool = Field(False, description="guests and people of other workspaces may search, too")
    slack_quiet_hours: str = Field("", description="no alerts between these, as 22:00-08:00; they come after it")
    slack_timezone: str = Field("", description="of the quiet hours, as Asia/Seoul; this machine's where empty")
    slack_digest_above: int = Field(3, ge=1, description="more alerts at once come as one message")
    slack_digest_minutes: float = Field(15.0, gt=0, description="while more go on coming, a message so often")

    # who may come in
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_metadata_url: str = Field("", description="the service's .well-known/openid-configuration")
    oidc_redirect_uri: str = Field("", description="http://localhost:{port}/oauth2callback where empty")
    oidc_cookie_secret: SecretStr | None = Field(
        None, description="keeps people signed in, 32 characters or more; kept in HOME/cookie.key where unset"
    )
    oidc_vouches_for_emails: bool = Field(
        False, description="the service says nothing of email_verified, but gives no address it did not check"
    )
    sign_in_hours: float = Field(168.0, gt=0, description="after which people sign in again")
    editors: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="who may change things: name@example.com, @example.com or *, with commas between"
    )
    viewers: Annotated[tuple[str, ...], NoDecode] = Field((), description="who may only look, in the same way")

    @field_validator("editors", "viewers", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        try:
            return read_list(value) if isinstance(value, str) else value
        except InputError as error:
            raise ValueError(str(error)) from error

    @field_validator("home", "inbox", "gallery", "caption_examples", "reference_captions")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @property
    def gemini(self) -> GeminiOptions:
        return GeminiOptions(
            model=self.gemini_model,
            timeout_seconds=self.gemini_timeout_seconds,
            attempts=self.gemini_attempts,
            requests_a_day=self.gemini_requests_a_day,
            usd_a_day=self.gemini_usd_a_day,
            usd_per_million_tokens=self.gemini_usd_per_million_tokens,
        )

    @property
    def dagster_address(self) -> str:
        """Where people open Dagster, without a slash at the end."""
        return (self.dagster_url or f"http://127.0.0.1:{self.dagster_port}").rstrip("/")

    @property
    def page_link(self) -> str:
        """Where people open the page, without a slash at the end."""
        signed_in = self.oidc_redirect_uri.replace("{port}", str(self.page_port))
        parts = urlsplit(self.page_url or signed_in or f"http://localhost:{self.page_port}")
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') if self.page_url else ''}"

    @property
    def inbox_dir(self) -> Path:
        return self.inbox or self.home / "inbox"

    @property
    def gallery_dir(self) -> Path:
        return self.gallery or self.home / "gallery"

    @property
    def up_lock(self) -> Path:
        """Held by `vsearch up` as long as it serves this home."""
        return self.home / "up.lock"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"
