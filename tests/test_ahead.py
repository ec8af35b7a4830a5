from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.ahead import in_order


@given(items=st.lists(st.integers(), max_size=40), ahead=st.integers(0, 10))
def test_results_come_in_order_and_no_more_is_begun_than_asked_for(items: list[int], ahead: int) -> None:
    begun, taken, lock, most = 0, 0, Lock(), 0

    def work(item: int) -> int:
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - taken)
        return item * 2

    with ThreadPoolExecutor(2) as pool:
        found = []
        for result in in_order(pool, work, items, ahead):
            found.append(result)
            taken += 1
    assert found == [item * 2 for item in items]
    assert most <= ahead + 1


def test_what_fails_is_told_where_it_stands() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = in_order(pool, lambda n: 6 // n, [3, 2, 0, 1], 2)
        assert [next(results), next(results)] == [2, 3]
        with pytest.raises(ZeroDivisionError):
            next(results)
