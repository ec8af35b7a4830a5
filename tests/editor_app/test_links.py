from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from editor_app.links import Links, media_links
from tests.editor_app.signed import LINKS, NOW
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.keys import kept_key
from vsearch_pipeline.settings import Settings

HOUR = 3600
NAMES = st.text(st.characters(exclude_characters="?#", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


def links(now: float, key: bytes = LINKS.key, life_s: int = 6 * HOUR) -> Links:
    return Links(key, life_s, lambda: now)


def split(address: str) -> tuple[str, str]:
    """Name and query, as a server gets them."""
    path, _, query = address.partition("?")
    return unquote(path.removeprefix("/store/")), query


def expires(address: str) -> int:
    return int(address.partition("expires=")[2].partition("&")[0])


@given(NAMES, st.integers(0, 10**10), st.integers(36, 200 * HOUR))
def test_good_for_as_long_as_promised_and_no_longer(name: str, now: int, life_s: int) -> None:
    address = links(now, life_s=life_s).address("/store", name)
    at = lambda when: links(when, life_s=life_s).left(*split(address))  # noqa: E731
    assert life_s <= at(now) <= life_s + min(HOUR, life_s)
    assert at(now + life_s - 1) > 0
    end = expires(address)
    assert at(end - 1) == 1
    assert at(end) == at(end + 10**6) == "expired"


@given(st.data(), NAMES)
def test_any_altered_character_is_refused(data: st.DataObject, name: str) -> None:
    address = LINKS.address("/store", name)
    at = data.draw(st.integers(len("/store/"), len(address) - 1))
    other = data.draw(st.one_of(st.characters(codec="ascii"), st.sampled_from("0123456789-_=&")))
    altered = data.draw(
        st.sampled_from(
            [
                address[:at] + other + address[at + 1 :],
                address[:at] + address[at + 1 :],
                address[:at] + other + address[at:],
            ]
        )
    )
    assume(split(altered) != split(address))  # %ed and %ED are the same
    assert LINKS.left(*split(altered)) in ("wrong", "unsigned")


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query[:0],
        lambda query: query + "&x=1",
        lambda query: query + "&" + query,
        lambda query: query.replace("expires=", "expires=0"),
        lambda query: query.replace("expires=1", "expires=%31"),
        lambda query: query.replace("expires=1", "expires=１"),
        lambda query: query.replace("expires=1", "expires=+1"),
        lambda query: query + "=",
        lambda query: "&".join(reversed(query.split("&"))),
        lambda query: query.replace("signature", "Signature"),
    ],
)
def test_other_ways_to_write_it_are_refused(change: object) -> None:
    name, query = split(LINKS.address("/store", "v/source.mp4"))
    assert isinstance(LINKS.left(name, query), int)
    assert LINKS.left(name, change(query)) in ("wrong", "unsigned")  # type: ignore[operator]


def test_a_signature_opens_one_file_and_one_moment_with_one_key() -> None:
    first, second = (split(LINKS.address("/store", name)) for name in ("a/source.mp4", "b/source.mp4"))
    assert LINKS.left(first[0], second[1]) == "wrong"
    later = split(links(NOW + HOUR).address("/store", "a/source.mp4"))
    mixed = later[1].partition("&")[0] + "&" + first[1].partition("&")[2]
    assert LINKS.left(first[0], mixed) == "wrong"
    assert links(NOW, b"another key").left(*first) == "wrong"


def test_the_same_address_for_an_hour() -> None:
    start = NOW // HOUR * HOUR
    addresses = [links(start + second).address("/store", "v/source.mp4") for second in range(0, 2 * HOUR, 60)]
    assert len(set(addresses)) == 2
    assert addresses[0] == addresses[59] != addresses[60]


def test_the_key_is_not_shown() -> None:
    assert "only the tests know" not in repr(LINKS)


# --- the key


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "not there yet"


def test_a_home_keeps_its_key(home: Path) -> None:
    first, second = media_links(Settings(home=home)), media_links(Settings(home=home))
    assert first.key == second.key
    assert (home / "media.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["media.key"]
    assert media_links(Settings(home=home / "other")).key != first.key


def test_processes_that_come_at_once_get_one_key(home: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        keys = set(pool.map(kept_key, [home / "media.key"] * 24))
    assert len(keys) == 1
    assert [path.name for path in home.iterdir()] == ["media.key"]


def test_a_key_for_several_machines(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_MEDIA_KEY", "x" * 32)
    monkeypatch.setenv("VSEARCH_MEDIA_LINK_HOURS", "0.5")
    settings = Settings(home=home)
    assert media_links(settings).key == b"x" * 32
    assert media_links(settings).life_s == HOUR // 2
    assert not home.exists()
    assert "x" * 32 not in repr(settings) + settings.model_dump_json()
    monkeypatch.setenv("VSEARCH_MEDIA_KEY", "short")
    with pytest.raises(InputError, match="VSEARCH_MEDIA_KEY has 5 characters"):
        media_links(Settings(home=home))


@pytest.mark.parametrize("content", ["", "secret", "g" * 64, "0" * 63])
def test_a_file_that_is_no_key(tmp_path: Path, content: str) -> None:
    path = tmp_path / "media.key"
    path.write_text(content)
    with pytest.raises(InputError, match="delete the file"):
        kept_key(path)


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be read or made"):
        kept_key(tmp_path / "file" / "media.key")
