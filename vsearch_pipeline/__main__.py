"""`python -m vsearch_pipeline` is `vsearch`."""

from vsearch_pipeline.cli import main

main()
