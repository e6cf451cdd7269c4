"""Who may import whom: the rooms' contract in pyproject.toml holds, and sees what breaks it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[1]
_BIN = Path(sys.executable).parent
_PACKAGES = ("factory", "bootstrap", "rehearsal", "tests")
_BREAKS = [
    ("factory/common/versions.py", "factory.definitions.loader"),
    ("factory/observed/model.py", "factory.ledger.record"),
    ("factory/azure/client.py", "factory.plan.model"),
    ("factory/plan/model.py", "factory.azure.client"),
    ("factory/gather.py", "factory.components.store"),
    ("factory/pipelines/run_summary.py", "factory.components.store"),
    ("factory/importer/notes.py", "factory.plan.model"),
    ("factory/plan/model.py", "pulumi"),
    ("factory/plan/model.py", "requests"),
    ("factory/plan/inputs.py", "os"),
    ("factory/plan/inputs.py", "time"),
    ("factory/ledger/record.py", "rehearsal.azure.world"),
    ("bootstrap/__init__.py", "tests.conftest"),
]
_ROOT_MODULES = {"__init__", "__main__", "gather", "program"}


def _lint(folder: Path) -> tuple[int, str]:
    command = [str(_BIN / "lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Lint a copy of the code in which every break of ``_BREAKS`` stands, and a new room."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(_CHECKOUT / "pyproject.toml", copy)
    for package in _PACKAGES:
        shutil.copytree(
            _CHECKOUT / package, copy / package, ignore=shutil.ignore_patterns("[!_a-z]*", "*.pyc")
        )
    for file, module in _BREAKS:
        with (copy / file).open("a", encoding="utf-8") as text:
            text.write(f"\nimport {module}\n")
    with (copy / "rehearsal/azure/ids.py").open("a", encoding="utf-8") as text:
        text.write("\nfrom rehearsal.azure import world\n")
    (copy / "factory" / "attic.py").write_text('"""A module that no row of the contract has."""\n')
    return _lint(copy)


def test_the_house_keeps_its_contract() -> None:
    code, said = _lint(_CHECKOUT)
    assert code == 0, said


def test_a_break_fails_the_lint_of_every_contract(broken: tuple[int, str]) -> None:
    code, said = broken
    assert code == 1, said
    assert " 0 kept" in said
    assert "KEPT" not in said


@pytest.mark.parametrize(("file", "module"), _BREAKS)
def test_a_forbidden_import_is_named(file: str, module: str, broken: tuple[int, str]) -> None:
    importer = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert re.search(rf"{re.escape(importer)}\s+->\s+{re.escape(module)}\b", broken[1]), broken[1]


def test_a_room_without_a_row_fails_the_lint(broken: tuple[int, str]) -> None:
    assert "attic" in broken[1]


@pytest.mark.parametrize("line", ["datetime.now(UTC)", "datetime.today()", "date.today()"])
@pytest.mark.parametrize("file", ["plan/new.py", "plan/verdicts/new.py", "components/new.py"])
def test_nobody_asks_the_machine_for_the_day(line: str, file: str) -> None:
    text = f"from datetime import UTC, date, datetime\n\nX = {line}\n"
    done = subprocess.run(
        [
            str(_BIN / "ruff"),
            "check",
            "--select",
            "TID251",
            "--stdin-filename",
            f"factory/{file}",
            "-",
        ],
        cwd=_CHECKOUT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in done.stdout, done.stdout + done.stderr


def test_no_folder_is_too_full_and_the_root_holds_three_modules() -> None:
    factory = _CHECKOUT / "factory"
    assert {file.stem for file in factory.glob("*.py")} == _ROOT_MODULES
    folders = [folder for folder in factory.rglob("*") if (folder / "__init__.py").exists()]
    full = {folder.name: n for folder in folders if (n := len([*folder.glob("*.py")]) - 1) > 25}
    assert not full


def test_a_program_loads_no_part_of_the_sdk_that_its_stack_may_not_need() -> None:
    """One resource of Microsoft.Network loads three hundred modules; few stacks make a network."""
    seen = "[each for each in sys.modules if each.startswith('pulumi_azure_native.network.')]"
    code = f"import sys, factory.program; print({seen}, 'cel' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=_CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[] False\n", done.stdout[:300] + done.stderr
