"""axe-core on a page of a real Chromium: what shuts people out, by rule and element, shadow roots included."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

FILE: Final = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
GRAVE: Final = ("serious", "critical")

CONTRAST: Final = ("color-contrast",)
"""All that another colour scheme can change."""


@dataclass(frozen=True, slots=True)
class Excused:
    """A fault in what Streamlit draws, which the page cannot mend."""

    rule: str
    selector: str
    why: str


EXCUSED: Final[tuple[Excused, ...]] = ()

_LOOK: Final = """async ({rules, excused}) => {
    const only = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
    const found = await axe.run(document, {...only, elementRef: true, resultTypes: ['violations']});
    return found.violations.map(({id, impact, help, nodes}) => ({
        rule: id, impact, help,
        nodes: nodes
            .filter(({element}) => !excused.some(([rule, selector]) => rule === id && element.matches(selector)))
            .map(({target, html, any, all, none}) => ({
                target: target.flat().join(' >>> '), html: html.slice(0, 240),
                why: [...any, ...all, ...none].map(({message}) => message).join('; '),
            })),
    })).filter(({nodes}) => nodes.length);
}"""


@cache
def source() -> str:
    """axe's script; without it the tests are skipped, and fail where CI forgot it."""
    if not FILE.is_file():
        why = "axe-core is not here: `make browser-tools` fetches it (it needs npm)"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    return FILE.read_text(encoding="utf-8")


def faults(page: Page, rules: Collection[str] = ()) -> list[str]:
    """What is serious or critical on the page as it stands: a line for each element.

    Args:
        rules: all where none are named.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())
    found: list[dict[str, Any]] = page.evaluate(
        _LOOK, {"rules": list(rules), "excused": [[each.rule, each.selector] for each in EXCUSED]}
    )
    return [
        f"{fault['impact']} {fault['rule']} at {node['target']}: {node['why']} {json.dumps(node['html'])}"
        for fault in found
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]
