"""Queries over the sample library (`ingest/sample.py`), with the video that each should find."""

from __future__ import annotations

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
