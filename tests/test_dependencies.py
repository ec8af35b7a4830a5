"""The list of dependencies is what is pinned, and every licence in it is allowed or has its reason."""

from __future__ import annotations

import json

import pytest

from requirements import dependencies
from requirements.dependencies import (
    LIST,
    Audit,
    Package,
    direct,
    installed_licences,
    is_allowed,
    listed,
    out_of_step,
    packages,
    pinned,
    problems,
    read_audit,
)


@pytest.fixture(scope="module")
def stated() -> dict[str, str]:
    return installed_licences()


def test_the_list_is_in_step(stated: dict[str, str]) -> None:
    assert out_of_step(LIST.read_text("utf-8"), stated) == []


def test_every_pinned_package_is_in_the_list_with_its_version() -> None:
    there = listed(LIST.read_text("utf-8"))
    assert {name: version for name, (version, _) in there.items()} == {
        name: version for name, (_, version) in pinned().items()
    }
    assert len(there) > 200


def test_a_list_of_other_versions_is_out_of_step(stated: dict[str, str]) -> None:
    text = LIST.read_text("utf-8")
    version = listed(text)["streamlit"][0]
    changed = text.replace(f"| streamlit | {version} |", "| streamlit | 0.1 |")
    assert changed != text
    assert "out of step" in out_of_step(changed, stated)[-1]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0", True),
        ("Apache-2.0 AND GPL-3.0", False),
        ("GPL-3.0", False),
        ("AGPL-3.0-only", False),
        ("LGPL-3.0-only", False),
        ("", False),
        ("Something new", False),
    ],
)
def test_what_is_allowed(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) is allowed


def test_an_agpl_package_and_one_without_a_licence_are_problems(stated: dict[str, str]) -> None:
    found = [*packages(stated), Package("ultralytics", "1.0", "AGPL-3.0"), Package("nobody", "2.0", None)]
    agpl, none = sorted(set(problems(found)) - set(problems(packages(stated))), reverse=True)
    assert agpl.startswith("ultralytics 1.0: AGPL-3.0, which is not allowed")
    assert none.startswith("nobody 2.0: no licence is known")


def test_a_new_dependency_needs_a_pin_and_a_reason(
    stated: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "direct", lambda: {*direct(), "brand-new"})
    told = problems(packages(stated))
    assert [line for line in told if "brand-new" in line and "pin" in line]
    assert [line for line in told if "brand-new" in line and "why" in line]


def test_an_audit_that_skipped_everything_looked_at_nothing() -> None:
    """As pip-audit answers, with exit code 0, where its data cannot be reached."""
    skipped = {"dependencies": [{"name": "idna", "skip_reason": "Dependency not found on PyPI"}], "fixes": []}
    assert read_audit(json.dumps(skipped)) == Audit(0, ())
    assert read_audit("") == Audit(0, ())
    weak = {"name": "idna", "version": "3.0", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]}
    fine = {"name": "six", "version": "1.17.0", "vulns": []}
    told = read_audit(json.dumps({"dependencies": [weak, fine], "fixes": []}))
    assert told == Audit(2, ("idna 3.0: PYSEC-2024-60 (mended in 3.7)",))
