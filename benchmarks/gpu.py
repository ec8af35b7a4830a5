"""An hour of video through faces and captions on one graphics card, at the sizes of the real models.

The weights are random, so what is found means nothing and the work is that of real ones. Faces go through networks
as large as insightface's buffalo_l (benchmarks/buffalo.py), captions are EILEV's, of the size of BLIP-2 OPT-2.7b,
from a folder in its published layout. The hour is a minute of the sample library, repeated. Stages run through
Dagster as they do in ingest; sampling comes before and is told beside. `reading alone` is what a stage reads, read
ahead as it does, with no model behind it: what the card would wait for.

Mark: NVIDIA's blueprint for video search summarises at 13.6 times realtime on one H100; 15 times wanted.

`python -m benchmarks gpu [MINUTES]`; without a card, one minute through small networks. Needs `make models` and,
for the card, `make gpu`.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.buffalo import PUBLISHED, SMALL, write_pack
from benchmarks.memory import repeated
from benchmarks.report import machine, table
from vsearch_pipeline.doctor import cards

MINUTES, MINUTES_WITHOUT = 60, 1
MARK, WANTED = 13.6, 15.0
SAMPLED = ("video", "sampling")
COUNTED = ("faces", "face_tracks", "captions")
LOOKS_A_SECOND = 5
NEW_TOKENS, BATCH = 32, 32


@dataclass
class Looks:
    """What was seen meanwhile.

    Attributes:
        processor: when, and the seconds of processor time that were used by then.
        card: when, and the share of the time that it was busy.
    """

    processor: list[tuple[float, float]] = field(default_factory=list)
    card: list[tuple[float, float]] = field(default_factory=list)

    def busy(self, start: float, end: float) -> float | None:
        shares = [share for at, share in self.card if start <= at <= end]
        return statistics.fmean(shares) if shares else None

    def cores(self, start: float, end: float) -> float:
        used = [seconds for at, seconds in self.processor if start <= at <= end]
        return (used[-1] - used[0]) / (end - start) if len(used) > 1 else 0.0


def main() -> None:
    import torch

    card = torch.cuda.is_available()
    given = [int(word) for word in sys.argv[1:] if word.isdigit()]
    minutes = given[0] if given else MINUTES if card else MINUTES_WITHOUT
    with tempfile.TemporaryDirectory(prefix="vsearch-gpu-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        operations = write_pack(folder / "pack", PUBLISHED if card else SMALL)
        parameters = write_captioner(folder / "captioner", real=card)
        told = {
            "HOME": str(folder / "home"),
            "FACE_DETECTOR": f"insightface:{folder / 'pack'}",
            "FACE_EMBEDDER": f"insightface:{folder / 'pack'}",
            "CAPTIONER": f"eilev:{folder / 'captioner'}",
            "CAPTION_MAX_NEW_TOKENS": str(NEW_TOKENS),
            "CAPTION_BATCH": str(BATCH),
        }
        os.environ.update({f"VSEARCH_{key}": value for key, value in told.items()})
        sizes = (
            f"detection {operations['detection']:.1f} GFLOP a picture, recognition"
            f" {operations['recognition']:.1f} a face, captions by {parameters / 1e6:.0f} million parameters,"
            f" {NEW_TOKENS} tokens at most"
        )
        where = cards() or "no graphics card: small networks"
        print(f"## gpu\n\n{where}; {machine()}; {minutes} minutes of video; {sizes}\n", flush=True)
        print(measured(repeated(minutes, folder / "film.mp4"), minutes), flush=True)


def write_captioner(folder: Path, *, real: bool) -> int:
    """A checkpoint in the published layout; how many weights it has."""
    import torch

    from tests.captioning import tiny_blip

    if not real:
        config = tiny_blip.write_tiny_blip(folder)
        return sum(weight.numel() for weight in tiny_blip.random_weights(config).values())
    folder.mkdir()
    tiny_blip.write_tokenizer(folder, "opt")
    config = tiny_blip.published_config("opt")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    generator = torch.Generator("cuda").manual_seed(0)
    weights = {}
    for name, shape in tiny_blip.layout_of(config).items():
        noise = 0.02 * torch.randn(shape, generator=generator, device="cuda", dtype=torch.float32)
        is_norm = "norm" in name.lower() and name.endswith("weight")
        weights[name] = (1 + noise if is_norm else noise).half().cpu()
    tied = tiny_blip.tied_names(config)
    weights |= {name: weights[source] for name, source in tied.items()}
    tiny_blip.write_weights(folder, weights, tied, "safetensors")
    return sum(weight.numel() for name, weight in weights.items() if name not in tied)


def measured(film: Path, minutes: int) -> str:
    """Take the film in and run the stages; a table of where the time goes."""
    from vsearch_pipeline import runner
    from vsearch_pipeline.assets.stage import add_partitions
    from vsearch_pipeline.catalog.database import open_catalog
    from vsearch_pipeline.catalog.models import Caption, Face, FaceEmbedding
    from vsearch_pipeline.catalog.stages import read_rows
    from vsearch_pipeline.ingest.store import add_file
    from vsearch_pipeline.resources.instance import open_instance
    from vsearch_pipeline.settings import Settings

    settings = Settings()
    catalog, instance = open_catalog(settings), open_instance(settings)
    video = add_file(catalog, settings, film, actor="benchmark", door="cli").video.id
    add_partitions(instance, [video])
    spans: dict[str, tuple[float, float]] = {}
    with looking() as looks:
        for assets in (("video", "shots", "frames"), COUNTED):
            result = runner._execute(instance, runner._only(*assets), [video])
            assert result.success, runner.failure_reason(result)
            steps = instance.get_run_step_stats(result.run_id)
            spans |= {s.step_key: (s.start_time, s.end_time) for s in steps if s.start_time and s.end_time}
    reading = reading_alone(catalog, settings, video)
    with catalog.begin() as connection:
        faces, embedded, described = (
            len(read_rows(connection, table, video, order))
            for table, order in ((Face, "index"), (FaceEmbedding, "face_index"), (Caption, "index"))
        )
    long = 60 * minutes
    rows: list[tuple[object, ...]] = []
    for step in (*SAMPLED, *COUNTED):
        start, end = spans[step]
        rows.append(
            (step, end - start, long / (end - start), _percent(looks.busy(start, end)), looks.cores(start, end))
        )
        if step in reading:
            rows.append((f"{step}: reading alone", reading[step], long / reading[step], "", ""))
    seconds = sum(end - start for start, end in (spans[step] for step in COUNTED))
    busy = [looks.busy(*spans[step]) for step in COUNTED]
    rows.append(("faces and captions", seconds, long / seconds, "", ""))
    said = table("Where the time goes", ("", "seconds", "times realtime", "card busy", "cores used"), rows)
    said += f"\n{faces:,} faces found, {embedded:,} embedded, {described:,} ranges described."
    said += f" Faces and captions: {long / seconds:.1f} times realtime (mark {MARK}, wanted {WANTED})."
    if any(share is not None for share in busy):
        worked = sum((share or 0) * (spans[s][1] - spans[s][0]) for s, share in zip(COUNTED, busy, strict=True))
        said += (
            f" The card was busy for {worked / seconds:.0%} of that, and waited for {seconds - worked:.0f} s.\n"
        )
    else:
        said += " Nothing is to be read from that without a card: the networks are small ones.\n"
    return said


def reading_alone(catalog: Any, settings: Any, video: str) -> dict[str, float]:
    """Seconds to read what faces and captions look at, ahead in threads as the stages do, by stage."""
    from vsearch_pipeline import runner
    from vsearch_pipeline.ahead import in_order
    from vsearch_pipeline.assets.clips import VideoClips
    from vsearch_pipeline.catalog.models import Frame, Shot
    from vsearch_pipeline.catalog.stages import read_rows
    from vsearch_pipeline.media.frames import read_rgb
    from vsearch_pipeline.media.selection import select_frames
    from vsearch_pipeline.timeline import TimeRange

    resources: Any = runner.defs.resources
    media = resources["media"]
    with catalog.begin() as connection:
        shots = [TimeRange(s.start_ms, s.end_ms) for s in read_rows(connection, Shot, video, "index")]
        times = [frame.time_ms for frame in read_rows(connection, Frame, video, "index")]
    chosen = [i for of_shot in select_frames(times, shots, settings.faces_per_second) for i in of_shot]
    clips = VideoClips(resources["catalog"], media, video, settings.objects_per_second)
    frame = media.frames(video)
    found = {}
    with ThreadPoolExecutor() as pool:
        for stage, work, items in (
            ("faces", lambda i: read_rgb(frame(i)).shape, chosen),
            ("captions", lambda i: clips.load(i, settings.caption_frames).frames.shape, range(len(clips))),
        ):
            started = time.perf_counter()
            for _ in in_order(pool, work, items):
                pass
            found[stage] = time.perf_counter() - started
    return found


@contextmanager
def looking() -> Iterator[Looks]:
    """What this process uses of processors and of the card meanwhile."""
    looks, over, process = Looks(), threading.Event(), psutil.Process()

    def at_processors() -> None:
        while not over.wait(1 / LOOKS_A_SECOND):
            used = process.cpu_times()
            looks.processor.append((time.time(), used.user + used.system))

    threads = [threading.Thread(target=at_processors, daemon=True)]
    ask = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-i", "0"]
    smi = None
    if shutil.which(ask[0]):
        smi = subprocess.Popen([*ask, "-lms", str(1000 // LOOKS_A_SECOND)], stdout=subprocess.PIPE, text=True)

        def at_card() -> None:
            for line in smi.stdout or ():
                if line.strip().isdigit():
                    looks.card.append((time.time(), int(line) / 100))

        threads.append(threading.Thread(target=at_card, daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield looks
    finally:
        over.set()
        if smi:
            smi.terminate()
        for thread in threads:
            thread.join()


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
