"""`python -m benchmarks [NAME...]`: run the benchmarks and print their tables."""

from __future__ import annotations

import sys

from benchmarks import captions, editing, faces, ingest, page, people, retrieval, search_latency, slack

BENCHMARKS = {
    "ingest": ingest.main,
    "faces": faces.main,
    "people": people.main,
    "captions": captions.main,
    "retrieval": retrieval.main,
    "search_latency": search_latency.main,
    "editing": editing.main,
    "page": page.main,
    "slack": slack.main,
}


def main() -> None:
    named = [name for name in sys.argv[1:] if not name.isdigit()]  # some take sizes
    unknown = [name for name in named if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]}: choose of {', '.join(BENCHMARKS)}.")
    for name in named or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
