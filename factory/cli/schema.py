"""``schema``: writes the JSON Schemas that editors complete and check with."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory.cli.common.options import Commands, add_command, work_folder
from factory.common.errors import FactoryError
from factory.settings.json_schema import FOLDER, schemas
from factory.settings.validation import Project, shown

_EXAMPLE = """  python -m factory schema
  python -m factory schema --check

exit codes: 0 written (--check: current), 1 error (--check: not current)"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "schema",
        _run,
        about="write the JSON Schemas of definitions and stack files",
        example=_EXAMPLE,
        stack_required=False,
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to (schemas)")
    parser.add_argument("--check", action="store_true", help="write nothing, say what is old")


def _run(options: argparse.Namespace) -> int:
    folder = options.out or Project(work_folder(options.work)).root / FOLDER
    old = []
    for name, text in schemas().items():
        file = folder / name
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        old.append(shown(file))
        if not options.check:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            except OSError as error:
                msg = f"{shown(file)} cannot be written: {error.strerror}"
                raise FactoryError(msg) from None
    if not options.check:
        print(f"written: {', '.join(old)}" if old else "all are current")
        return 0
    if old:
        msg = f"not current: {', '.join(old)} -> `python -m factory schema` writes them"
        raise FactoryError(msg)
    print("all are current")
    return 0
