"""A server that speaks S3 (moto's) with one bucket, in this process or in one of its own."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

BUCKET = "vsearch-test"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_DEFAULT_REGION": "us-east-1"}


class BucketServer:
    """Attributes:
    port: it stays the same when the server is stopped and started; so does what the bucket holds.
    """

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._new = lambda: ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server = self._new()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to reach it."""
        return {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def start(self) -> None:
        self._server = self._new()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def make_bucket(self) -> None:
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=KEYS["AWS_DEFAULT_REGION"],
        )
        client.create_bucket(Bucket=BUCKET)


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    """One with an empty bucket; the environment of this process leads to it."""
    import s3fs

    server = BucketServer()
    before = {name: os.environ.get(name) for name in server.environment}
    server.start()
    try:
        server.make_bucket()
        os.environ.update(server.environment)
        s3fs.S3FileSystem.clear_instance_cache()
        yield server
    finally:
        server.stop()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        s3fs.S3FileSystem.clear_instance_cache()
