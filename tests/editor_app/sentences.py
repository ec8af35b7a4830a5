"""Every sentence that the code says to people when something is wrong, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import editor_app
import vsearch_pipeline

ROOTS = (Path(vsearch_pipeline.__file__).parent, Path(editor_app.__file__).parent)
_BUILT_IN = frozenset(name for name in dir(__builtins__) if name.endswith("Error")) | {
    *(
        "ValueError",
        "TypeError",
        "RuntimeError",
        "KeyError",
        "AssertionError",
        "OSError",
        "AttributeError",
        "FileNotFoundError",
    )
}


@dataclass(frozen=True)
class Hole:
    """A value inside of a sentence, by the code that gives it."""

    code: str


Piece = str | Hole
Sentence = tuple[Piece, ...]


@dataclass(frozen=True)
class Said:
    """Sentences that one place in the code may say; none where they come from elsewhere (`str(error)`)."""

    file: str
    line: int
    code: str
    sentences: tuple[Sentence, ...]


def example(sentence: Sentence) -> str:
    """The sentence with a value in each hole: `Vaa`, `Vab`, ..."""
    values = iter(values_of(sentence))
    return "".join(piece if isinstance(piece, str) else next(values) for piece in sentence)


def values_of(sentence: Sentence) -> list[str]:
    count = sum(isinstance(piece, Hole) for piece in sentence)
    return [f"V{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(count)]


def errors_said() -> list[Said]:
    """What every `...Error(sentence)` of the code says."""
    found = []
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            constants = _constants(tree.body)
            file = path.relative_to(root.parent).as_posix()
            for function, call in _calls(tree):
                names = constants | (_constants(ast.walk(function)) if function else {})
                sentences = tuple(dict.fromkeys(_read(call.args[0], names, 0) or ()))
                found.append(Said(file, call.lineno, ast.unparse(call.args[0]), sentences))
    return found


def _calls(tree: ast.Module) -> Iterator[tuple[ast.AST | None, ast.Call]]:
    """Every call that makes an error for people, with the function around it."""

    def walk(node: ast.AST, function: ast.AST | None) -> Iterator[tuple[ast.AST | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            inside = child if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else function
            if isinstance(child, ast.Call) and child.args:
                name = child.func.id if isinstance(child.func, ast.Name) else ""
                if name.endswith("Error") and name not in _BUILT_IN and not name.startswith("_"):
                    yield function, child
            yield from walk(child, inside)

    yield from walk(tree, None)


def _constants(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What names are given here."""
    given: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            given.setdefault(node.target.id, []).append(node.value)
    return given


def _read(node: ast.expr, names: Mapping[str, list[ast.expr]], depth: int) -> list[Sentence] | None:
    """The texts that an expression may be; None where it is no text of ours."""
    found: list[Sentence] | None = None
    if depth > 4:
        found = None
    elif isinstance(node, ast.Constant):
        found = [(node.value,)] if isinstance(node.value, str) else None
    elif isinstance(node, ast.IfExp):
        found = _either([node.body, node.orelse], names, depth)
    elif isinstance(node, ast.JoinedStr):
        found = [sum(parts, ()) for parts in product(*(_part(part, names, depth) for part in node.values))]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (_read(side, names, depth) for side in (node.left, node.right))
        found = [a + b for a, b in product(left, right)] if left and right else None
    elif isinstance(node, ast.Name):
        found = _either(names.get(node.id, []), names, depth + 1)
    else:
        table = node.value if isinstance(node, ast.Subscript) else _got_from(node)
        if isinstance(table, ast.Dict):
            others = node.args[1:] if isinstance(node, ast.Call) else []
            found = _either([*table.values, *others], names, depth)
    return found


def _either(nodes: Iterable[ast.expr], names: Mapping[str, list[ast.expr]], depth: int) -> list[Sentence] | None:
    """The texts that one of several expressions may be."""
    texts = [_read(node, names, depth) for node in nodes]
    return [text for each in texts if each for text in each] if texts and all(texts) else None


def _got_from(node: ast.expr) -> ast.expr | None:
    """`{...}` of `{...}.get(key, other)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        return node.func.value
    return None


def _part(node: ast.expr, names: Mapping[str, list[ast.expr]], depth: int) -> list[Sentence]:
    if isinstance(node, ast.Constant):
        return [(str(node.value),)]
    assert isinstance(node, ast.FormattedValue)
    texts = _read(node.value, names, depth)
    return texts or [(Hole(ast.unparse(node.value)),)]
