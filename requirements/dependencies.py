"""The list of what vsearch is built on: docs/dependencies.md, and whether anything known is wrong with it.

python -m requirements.dependencies            writes the list
python -m requirements.dependencies --check    exits with 1 where the list is out of step, or a licence unknown
python -m requirements.dependencies --audit    asks pip-audit for known weaknesses; where it cannot reach its
                                               data, says so and checks the list
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
LIST = ROOT / "docs" / "dependencies.md"
SERVICES = ("osv", "pypi")
AUDIT_SECONDS = 600
UNKNOWN = "UNKNOWN"

_HEAD = """# Dependencies

What `make install` may install, at the versions that were tested together (`constraints.txt`). This file is made
by `python -m requirements.dependencies` from that list, the packages' metadata and `requirements/licences.toml`; a
test fails where they differ. Wheels that are taken for their models and sample media: [models.md](models.md) and
`requirements/data-wheels.txt`.

`make audit` asks pip-audit for known weaknesses of these versions (OSV, else PyPI). Where neither can be reached
it says so and checks this list alone, which finds no weaknesses: run it where the internet is at hand before a
release.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned package; `licence` is None where its metadata is not on this machine and nobody wrote it down."""

    name: str
    version: str
    licence: str | None


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def known() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "requirements" / "licences.toml").read_text("utf-8"))


def pinned(file: Path = CONSTRAINTS) -> dict[str, tuple[str, str]]:
    """Name as written and version of each pinned package, by its normal name."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        name, equals, version = line.partition("#")[0].strip().partition("==")
        if equals:
            found[normal(name)] = (name, version.strip())
    return found


def direct(file: Path = ROOT / "pyproject.toml") -> set[str]:
    """Normal names of the packages that pyproject.toml asks for, extras included."""
    project = tomllib.loads(file.read_text("utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {normal(match[0]) for line in asked if (match := re.match(r"[A-Za-z0-9._-]+", line))}
    return names - {"vsearch"}


def installed_licences() -> dict[str, str]:
    """What the metadata of the packages on this machine states, by normal name."""
    ask = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"]
    told = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=120).stdout
    return {normal(each["Name"]): each["License"] for each in json.loads(told)}


def packages(stated: Mapping[str, str]) -> list[Package]:
    """Every pinned package with its licence by the names that are allowed."""
    by_hand = known()["by_hand"]
    found = []
    for name, (written, version) in sorted(pinned().items()):
        licence = by_hand.get(name) or stated.get(name)
        found.append(Package(written, version, None if licence in (None, UNKNOWN) else _named(licence)))
    return found


def _named(licence: str) -> str:
    names: Mapping[str, str] = known()["names"]
    if licence in names:
        return names[licence]
    return " OR ".join(sorted(names.get(part, part) for part in licence.split("; ")))


def is_allowed(licence: str) -> bool:
    """Whether one side of an `OR` has nothing but allowed licences."""
    allowed = set(known()["allowed"])
    return any(
        all(part.strip(" ()") in allowed for part in either.split(" AND ")) for either in licence.split(" OR ")
    )


def problems(found: Sequence[Package]) -> list[str]:
    """What is wrong with the packages or with what is written down of them, a sentence each."""
    exceptions, why, inside = known()["exceptions"], known()["why"], known()["inside"]
    pins, asked = pinned(), direct()
    wrong = [
        f"{each.name} {each.version}: {each.licence or 'no licence is known'}, which is not allowed"
        " (requirements/licences.toml)."
        for each in found
        if not (each.licence and is_allowed(each.licence)) and normal(each.name) not in exceptions
    ]
    wrong += [
        f"{name}: pyproject.toml asks for it, constraints.txt does not pin it."
        for name in sorted(asked - set(pins))
    ]
    wrong += [
        f"{name}: requirements/licences.toml does not say why it is there." for name in sorted(asked - set(why))
    ]
    listed = {*exceptions, *inside, *known()["by_hand"]} - set(pins) | set(why) - asked
    return [
        *wrong,
        *(f"{name}: requirements/licences.toml has it, but it is not used any more." for name in sorted(listed)),
    ]


def drawn(found: Sequence[Package]) -> str:
    """docs/dependencies.md."""
    exceptions, why, inside = known()["exceptions"], known()["why"], known()["inside"]
    lines = [_HEAD, "## Named by vsearch\n", "| package | version | licence | for |", "|---|---|---|---|"]
    direct_ones = direct()
    lines += [
        f"| {each.name} | {each.version} | {each.licence} | {why.get(normal(each.name), '')} |"
        for each in found
        if normal(each.name) in direct_ones
    ]
    lines += ["\n## Licences that ask for more\n", "| package | why it is taken all the same |", "|---|---|"]
    lines += [f"| {name} | {reason} |" for name, reason in sorted(exceptions.items())]
    lines += ["\n## Inside wheels, under other licences\n", "| package | what else it carries |", "|---|---|"]
    lines += [f"| {name} | {what} |" for name, what in sorted(inside.items())]
    lines += ["\n## What these bring with them\n", "| package | version | licence |", "|---|---|---|"]
    lines += [
        f"| {each.name} | {each.version} | {each.licence} |"
        for each in found
        if normal(each.name) not in direct_ones
    ]
    return "\n".join(lines) + "\n"


def listed(text: str) -> dict[str, tuple[str, str]]:
    """Version and licence of each package by what the list says."""
    rows = re.findall(r"^\| ([A-Za-z0-9._-]+) \| ([^| ]+) \| ([^|]+?) \|", text, re.MULTILINE)
    return {normal(name): (version, licence) for name, version, licence in rows if name != "package"}


def out_of_step(text: str, stated: Mapping[str, str]) -> list[str]:
    """Where the list is not what it would be made as. A licence that this machine cannot tell is taken from it."""
    before = listed(text)
    there = {name: licence for name, (_, licence) in before.items()}
    found = [
        each if each.licence else Package(each.name, each.version, there.get(normal(each.name)))
        for each in packages(stated)
    ]
    wrong = problems(found)
    if drawn(found) != text:
        wrong.append("docs/dependencies.md is out of step: run `python -m requirements.dependencies`.")
    return wrong


@dataclass(frozen=True, slots=True)
class Audit:
    """Attributes:
    asked: packages that a service knows something of; 0 means that its data was not reached.
    weak: packages with known weaknesses, a line each.
    """

    asked: int
    weak: tuple[str, ...]


def read_audit(told: str) -> Audit:
    """What pip-audit says as JSON. A package that it skipped was not looked at: it exits with 0 even where it
    skipped all of them, as it does behind an index that serves files alone."""
    try:
        dependencies = json.loads(told)["dependencies"]
    except (ValueError, KeyError):
        return Audit(0, ())
    looked = [each for each in dependencies if "skip_reason" not in each]
    weak = tuple(
        f"{each['name']} {each['version']}: {', '.join(sorted(one['id'] for one in each['vulns']))}"
        f"{_mended(each['vulns'])}"
        for each in looked
        if each["vulns"]
    )
    return Audit(len(looked), weak)


def _mended(found: Sequence[Mapping[str, Any]]) -> str:
    versions = sorted({version for one in found for version in one.get("fix_versions", ())})
    return f" (mended in {', '.join(versions)})" if versions else ""


def audit() -> int:
    """Exit code: 1 where a weakness is known or the list is wrong."""
    for service in SERVICES:
        if not _asked(service, _one_pin()).asked:  # whether its data can be reached, before it is asked for all
            continue
        found = _asked(service, CONSTRAINTS.read_text("utf-8"))
        print(f"{service}: {found.asked} packages looked at, {len(found.weak)} with known weaknesses")
        for line in found.weak:
            print(line)
        return 1 if found.weak else check()
    print("pip-audit reaches neither OSV nor PyPI's data from here: no weaknesses were looked for.")
    return check()


def _one_pin() -> str:
    name, version = pinned()["pip-audit"]
    return f"{name}=={version}\n"


def _asked(service: str, requirements: str) -> Audit:
    """What pip-audit says of these; nothing where it does not answer in time."""
    ask = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-s", service, "-f", "json"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(requirements)
        file.flush()
        try:
            told = subprocess.run(
                [*ask, "--progress-spinner", "off", "--timeout", "15", "-r", file.name],
                capture_output=True,
                text=True,
                timeout=AUDIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Audit(0, ())
    return read_audit(told.stdout)


def check() -> int:
    text = LIST.read_text("utf-8") if LIST.exists() else ""
    wrong = out_of_step(text, installed_licences())
    for line in wrong:
        print(line)
    if not wrong:
        print(f"{len(pinned())} pinned packages, each with a licence that is allowed or a reason")
    return 1 if wrong else 0


def main(arguments: Sequence[str]) -> int:
    if "--audit" in arguments:
        return audit()
    if "--check" in arguments:
        return check()
    before = listed(LIST.read_text("utf-8")) if LIST.exists() else {}
    there = {name: licence for name, (_, licence) in before.items()}
    found = [
        each if each.licence else Package(each.name, each.version, there.get(normal(each.name)))
        for each in packages(installed_licences())
    ]
    LIST.write_text(drawn(found), "utf-8")
    wrong = problems(found)
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
