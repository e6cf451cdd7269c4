"""The tables of what Azure refuses: rows are whole, and whoever uses one fills in its blanks."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

from rehearsal import evidence
from rehearsal.azure.errors import Refusal
from tests.rehearsal.cloud import Cloud

_CODE = Path(__file__).parents[2] / "rehearsal"
_ANSWER = {"details", "headers"}  # what an error has besides its text


def _module(file: Path) -> ModuleType:
    return importlib.import_module(".".join(file.relative_to(_CODE.parent).with_suffix("").parts))


def _rows(table: ModuleType) -> dict[str, Refusal]:
    return {name: row for name, row in vars(table).items() if isinstance(row, Refusal)}


TABLES = {file.parent.name: _module(file) for file in sorted(_CODE.rglob("errors.py"))}
ROWS = {
    f"{place}.{name}": row for place, table in TABLES.items() for name, row in _rows(table).items()
}


def _blanks(row: Refusal) -> set[str]:
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(row.text) if name}


def _uses() -> list[tuple[str, Refusal, set[str]]]:
    """Find where rows are used: the place, the row, and the names that are given to it."""
    found = []
    for file in sorted((_CODE / "azure").rglob("*.py")):
        if file.name == "errors.py":
            continue
        known = vars(_module(file))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            # row.of(...); unauthorized(row, authority, ...) and token_error(row, ...) pass it on.
            passed = [each for each in call.args[:1] if isinstance(each, ast.Attribute | ast.Name)]
            of = isinstance(call.func, ast.Attribute) and call.func.attr == "of"
            for name in (
                [call.func.value] if isinstance(call.func, ast.Attribute) and of else passed
            ):
                row = _row(known, name)
                if row is not None:
                    place = f"{file.relative_to(_CODE)}:{call.lineno}"
                    found.append((place, row, {each.arg or "" for each in call.keywords}))
    return found


def _row(known: dict[str, object], node: ast.expr) -> Refusal | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        row = getattr(known.get(node.value.id), node.attr, None)
    else:
        row = known.get(node.id) if isinstance(node, ast.Name) else None
    return row if isinstance(row, Refusal) else None


USES = _uses()


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_is_whole_and_says_where_its_words_are_from(row: Refusal) -> None:
    assert 400 <= row.status < 600
    assert re.fullmatch(r"[A-Za-z_]+", row.code)
    assert row.text
    assert re.fullmatch(r"quoted|mem|inf|contract \d+(\.\d+)?", row.evidence)


@pytest.mark.parametrize(("row", "given"), [each[1:] for each in USES], ids=[u[0] for u in USES])
def test_whoever_refuses_fills_in_every_blank_and_no_other(row: Refusal, given: set[str]) -> None:
    assert given - _ANSWER == _blanks(row)


def test_every_row_is_used() -> None:
    used = {id(row) for _, row, _ in USES}
    assert [name for name, row in ROWS.items() if id(row) not in used] == []


def test_every_answer_has_its_evidence(cloud: Cloud) -> None:
    routes = cloud.gateway.router.routes
    assert len(routes) > 400
    assert [f"{each.method} {each.template}" for each in routes if evidence.of(each) is None] == []
    assert {row.kind for row in evidence.rows()} <= set(evidence.KINDS)
    assert [row for row in evidence.rows() if (row.kind == "guess") != bool(row.about)] == []


def test_every_row_of_the_evidence_is_of_some_answer(cloud: Cloud) -> None:
    used = {evidence.of(each) for each in cloud.gateway.router.routes}
    assert [row.routes for row in evidence.rows() if row not in used] == []
