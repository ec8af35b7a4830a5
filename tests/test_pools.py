"""A run that waits for the card takes it soon, and no core meanwhile; two may come to a new pool at once; what a
run had that is over is free."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op

from vsearch_pipeline.resources.abandoned import PROCESS_TAG, clear_away, machine_tag, process_tag
from vsearch_pipeline.resources.instance import open_instance
from vsearch_pipeline.resources.placement import GPU_POOL
from vsearch_pipeline.resources.pools import mend_pools
from vsearch_pipeline.settings import Settings

TAKEN_SECONDS = 4.0


@op(pool=GPU_POOL)
def use_card() -> None:
    pass


@job
def waiting() -> None:
    use_card()


@pytest.fixture
def one_card() -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp() as instance:
        instance.event_log_storage.set_concurrency_slots(GPU_POOL, 1)
        mend_pools(instance.event_log_storage)
        yield instance


def test_a_run_that_waits_for_the_card_uses_no_core_and_starts_soon(one_card: DagsterInstance) -> None:
    storage = one_card.event_log_storage
    other = one_card.create_run_for_job(waiting, status=DagsterRunStatus.STARTED).run_id
    assert storage.claim_concurrency_slot(GPU_POOL, other, "captions").is_claimed
    free = threading.Timer(TAKEN_SECONDS, storage.free_concurrency_slot_for_step, (other, "captions"))
    free.start()
    began, used = time.monotonic(), time.process_time()
    assert waiting.execute_in_process(instance=one_card).success
    took, worked = time.monotonic() - began, time.process_time() - used
    free.join()
    assert took >= TAKEN_SECONDS
    assert took < TAKEN_SECONDS + 1.5
    assert worked < took / 3


def dead_process() -> str:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return this_process().replace(f":{os.getpid()}@", f":{ended.pid}@")


def number_given_again() -> str:
    return re.sub("@.*", "@1", this_process())


def this_process() -> str:
    return process_tag()[PROCESS_TAG]


def another_boot() -> str:
    return re.sub("/.*:", "/0:", this_process())


@pytest.mark.parametrize(
    ("status", "process"),
    [
        (DagsterRunStatus.FAILURE, None),  # it could not give its place back: the database was away
        (DagsterRunStatus.SUCCESS, this_process),
        (DagsterRunStatus.STARTED, dead_process),
        (DagsterRunStatus.STARTED, number_given_again),
        (DagsterRunStatus.STARTED, another_boot),
    ],
)
def test_a_run_that_is_over_holds_no_place(
    one_card: DagsterInstance, status: DagsterRunStatus, process: Callable[[], str] | None
) -> None:
    tags = {PROCESS_TAG: process()} if process else {}
    over = one_card.create_run_for_job(waiting, tags=tags, status=status).run_id
    storage = one_card.event_log_storage
    assert storage.claim_concurrency_slot(GPU_POOL, over, "captions").is_claimed
    began = time.monotonic()
    assert waiting.execute_in_process(instance=one_card).success
    assert time.monotonic() - began < 3
    record = one_card.get_run_by_id(over)
    assert record is not None
    assert record.is_finished


@pytest.mark.parametrize(
    "tags",
    [
        process_tag,
        lambda: {PROCESS_TAG: "another-machine/1:1@1"},
        lambda: {PROCESS_TAG: dead_process()} | machine_tag(),  # the daemon started it again
        dict,
    ],
    ids=["this process", "another machine", "again", "unknown"],
)
def test_a_run_that_goes_on_keeps_its_place(one_card: DagsterInstance, tags: Callable[[], dict[str, str]]) -> None:
    going = one_card.create_run_for_job(waiting, tags=tags(), status=DagsterRunStatus.STARTED).run_id
    storage = one_card.event_log_storage
    assert storage.claim_concurrency_slot(GPU_POOL, going, "captions").is_claimed
    assert not storage.claim_concurrency_slot(GPU_POOL, "mine", "captions").is_claimed
    record = one_card.get_run_by_id(going)
    assert record is not None
    assert record.status == DagsterRunStatus.STARTED
    assert not storage.claim_concurrency_slot(GPU_POOL, "mine", "captions").is_claimed


def test_a_place_whose_owner_died_while_handing_it_on_is_taken(one_card: DagsterInstance) -> None:
    storage: Any = one_card.event_log_storage
    owner, next_one = (
        one_card.create_run_for_job(waiting, status=DagsterRunStatus.STARTED).run_id for _ in range(2)
    )
    assert storage.claim_concurrency_slot(GPU_POOL, owner, "captions").is_claimed
    assert not storage.claim_concurrency_slot(GPU_POOL, next_one, "captions").is_claimed
    storage._free_concurrency_slots(owner)
    storage._remove_pending_steps(owner)  # and died here
    clear_away(one_card)
    assert storage.claim_concurrency_slot(GPU_POOL, next_one, "captions").is_claimed


def test_a_pool_that_another_run_has_just_made_is_taken_as_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DAGSTER_HOME", "VSEARCH_HOME"):
        monkeypatch.setenv(name, str(settings.home))  # set anew by what follows, and put back
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        for _ in range(2):
            assert storage.initialize_concurrency_limit_to_default("made twice")
        [limit] = [pool.limit for pool in storage.get_pool_limits() if pool.name == "made twice"]
        storage.delete_concurrency_limit("made twice")
    assert limit == 1
