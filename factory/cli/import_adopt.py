"""``import --adopt LAB``: the images that the original factory left in a lab, to be taken in."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory.azure.resources import lab_id
from factory.cli.common.options import place
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import FactoryError
from factory.common.text_file import replace_text
from factory.gather import connect, read_sources
from factory.importer.adoption_list import Candidate, candidates, with_adoption
from factory.importer.notes import printable
from factory.plan.reports.table import table
from factory.settings.stack_file import stack_file_name

_HEADS = ("definition", "made", "image", "ImagePath")


def adopt(options: argparse.Namespace) -> int:
    """Show what is there, and write it into the stack's file if asked. Azure is only read.

    Raises :class:`FactoryError` or :class:`ArmError`.
    """
    stack = Stack(place(options))
    sources = read_sources(stack.engine.root, stack.engine, stack.place.images)
    lab = next((each for each in sources.settings.labs if each.name == options.adopt), None)
    if lab is None:
        known = ", ".join(each.name for each in sources.settings.labs) or "none"
        msg = f"--adopt {options.adopt}: is no lab of this stack -> name one of its labs: {known}"
        raise FactoryError(msg)
    home = lab_id(sources.settings.subscription_id, lab.resource_group, lab.name)
    things = connect(stack.engine).arm.things(f"{home}/customimages")
    found = candidates(things, sources.images)
    wanted = [each for each in found if not each.fault]
    print(f"{len(found)} of {len(things)} custom images in {lab.name} are the original factory's:")
    if found:
        print("\n".join(table(_HEADS, [_row(each) for each in found])))
    if not wanted:
        print("Nothing to adopt.")
        return 0
    file = stack.place.file or stack.place.work / stack_file_name(stack.place.stack)
    if not options.write:
        print(f"Say --write to list {len(wanted)} of them in {file.name}; `pulumi preview` shows")
        print("what becomes of each, `pulumi up` takes them in.")
        return 0
    _write(file, lab.name, wanted)
    print(f"{len(wanted)} listed in {file.name}; look at `pulumi preview` before `pulumi up`.")
    return 0


def _row(each: Candidate) -> tuple[str, str, str, str]:
    why = f"  ({each.fault})" if each.fault else ""
    cells = (each.definition or "-", each.created[:10] or "-", each.name)
    shown = [printable(cell) for cell in cells]
    return (shown[0], shown[1], shown[2], printable(each.image_path) + why)


def _write(file: Path, lab: str, wanted: list[Candidate]) -> None:
    try:
        text = with_adoption(file.read_text(encoding="utf-8"), lab, wanted)
        replace_text(file, text)
    except OSError as error:
        msg = f"{file}: cannot be written: {error.strerror}"
        raise FactoryError(msg) from None
