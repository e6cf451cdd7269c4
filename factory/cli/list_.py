"""``list``: the tree of definitions, what each is built on, and who takes it."""

from __future__ import annotations

import argparse
import json

from factory.cli.common.options import Commands, add_command, warn
from factory.cli.common.project import folder_of, read
from factory.common.errors import printable
from factory.common.patterns import takes
from factory.definitions.lineage import Image
from factory.settings.validation import Checked, shown

_EXAMPLE = """  python -m factory list
  python -m factory list --stack prod --json

The labs named are those of the stack files that were read.

exit codes: 0 done, 1 error"""
_WIDEST = 40


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "list",
        _run,
        about="print the tree of definitions with the labs that take them",
        example=_EXAMPLE,
        stack_required=False,
    )
    parser.add_argument("--json", action="store_true", help="print it for machines")


def _run(options: argparse.Namespace) -> int:
    project, checked, _ = read(options)
    folder = folder_of(project, checked)
    found = checked.images[folder]
    if options.json:
        print(json.dumps([_entry(checked, image) for image in found.sound.values()], indent=2))
        return 0
    print(f"{shown(folder)}/")
    rows = list(_rows(checked, found.sound, found.faulty))
    width = min(max((len(name) for name, _ in rows), default=0), _WIDEST)
    for name, about in rows:
        print(f"{name.ljust(width)}  {about}".rstrip())
    if found.faulty:
        warn(f"{len(found.faulty)} are not sound: `validate` says what is wrong")
    return 0


def _rows(
    checked: Checked, sound: dict[str, Image], faulty: frozenset[str]
) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    before: list[str] = []
    for identity in sorted({*sound, *faulty}, key=lambda name: name.split("/")):
        *folders, last = identity.split("/")
        shared = 0
        while shared < min(len(before), len(folders)) and before[shared] == folders[shared]:
            shared += 1
        rows += [
            (f"{'  ' * (depth + 1)}{printable(folders[depth])}/", "")
            for depth in range(shared, len(folders))
        ]
        image = sound.get(identity)
        about = _about(checked, image) if image else "not sound"
        rows.append((f"{'  ' * (len(folders) + 1)}{printable(last)}", about))
        before = folders
    return rows


def _about(checked: Checked, image: Image) -> str:
    labs = _labs(checked, image)
    return f"{image.definition.base.urn}; {', '.join(labs) if labs else 'no lab takes it'}"


def _labs(checked: Checked, image: Image) -> list[str]:
    return [
        f"{name}/{lab.name}"
        for name, (_, settings) in checked.stacks.items()
        for lab in (settings.labs if settings else ())
        if takes(lab.images, image.identity)
    ]


def _entry(checked: Checked, image: Image) -> dict[str, object]:
    definition = image.definition
    return {
        "image": image.identity,
        "file": image.file,
        "os": definition.os.value,
        "base": definition.base.urn,
        "description": definition.description,
        "labs": _labs(checked, image),
    }
