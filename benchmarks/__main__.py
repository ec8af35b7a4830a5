"""`python -m benchmarks [NAME...]`: run the benchmarks and print their tables."""

from __future__ import annotations

import sys

from benchmarks import captions, faces, ingest, people

BENCHMARKS = {"ingest": ingest.main, "faces": faces.main, "people": people.main, "captions": captions.main}


def main() -> None:
    unknown = [name for name in sys.argv[1:] if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]}: choose of {', '.join(BENCHMARKS)}.")
    for name in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
