"""The coverage table says what is so; runs last, for it looks back on what the others called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rehearsal import coverage
from rehearsal.azure.tables import make, table
from tests.sdk.cloud import Cloud

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", sorted(make.SOURCES))
def test_the_tables_are_those_of_the_installed_sdks(name: str) -> None:
    assert make.text(make.build(name)) == (make.FOLDER / f"{name}.json").read_text("utf-8")


def test_the_document_is_current() -> None:
    document = coverage.DOCUMENT.read_text(encoding="utf-8")
    assert coverage.renewed(document) == document, "run python -m rehearsal.coverage"


def test_every_note_is_of_an_operation_that_is_there() -> None:
    noted = {row.note for row in coverage.rows() if row.note}
    notes = coverage.notes()["partly"]
    assert noted == {note for name in notes for note in notes[name].values()}


def test_what_has_no_route_is_told_apart() -> None:
    states = {f"{row.group}.{row.name}": row.state for row in coverage.rows()}
    assert states["labs.begin_create_environment"] == "done"
    assert states["secrets.begin_create_or_update"] == "partly"
    assert states["labs.begin_import_virtual_machine"] == "not"


def test_the_lab_service_is_covered_by_more_than_nine_in_ten_operations() -> None:
    rows = [row for row in coverage.rows() if row.table == "devtestlab"]
    assert len(rows) == len(table("devtestlab")["operations"])
    assert sum(row.state != "not" for row in rows) > 0.9 * len(rows)


def test_every_covered_operation_was_called(cloud: Cloud, request: pytest.FixtureRequest) -> None:
    """Of the SDKs' operations, each that the table calls done or partly done."""
    run = {Path(item.path).name for item in request.session.items}
    if not {path.name for path in HERE.glob("test_*.py")} <= run:
        pytest.skip("looks back on the whole folder, of which a part was run")
    missed = [
        f"{row.table}: {row.group}.{row.name}"
        for row in coverage.rows()
        if row.state != "not" and not _called(cloud, row)
    ]
    assert missed == []
    # And the other way round: nothing that has no route is taken for called.
    assert not any(_called(cloud, row) for row in coverage.rows() if row.state == "not")


def _called(cloud: Cloud, row: coverage.Row) -> bool:
    """Tell whether a call of this verb went to this path; the SDK's generic paths fit any."""
    pattern = row.path.replace("{resourceId}", "\0").replace("{scope}", "\0")
    pattern = pattern.replace("{parentResourcePath}", "\0")
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern)).replace("\0", ".+")
    return any(
        verb == row.verb and re.fullmatch(pattern, path, re.IGNORECASE)
        for verb, path in cloud.calls
    )
