"""Files of Terraform and Packer: those of one folder belong together, as both tools take them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from factory.importer.hcl import blocks_of, parse_hcl
from factory.importer.notes import Notes
from factory.importer.other_sources import of_hcl
from factory.importer.texts import UnreadableError, read_text

_CODE = (".tf", ".pkr.hcl")
# Files of values, and those of them that both tools take without being told.
_VALUES = (".tfvars", ".pkrvars.hcl")
_TAKEN = ("terraform.tfvars", ".auto.tfvars", ".auto.pkrvars.hcl")
READ = (".json", *_CODE, *_VALUES)
# What counts in a whole folder, wherever in it it stands.
_SHARED = ("variable", "locals", "build")


def hcl_templates(
    files: Iterable[Path], only: Container[Path], root: Path, notes: Notes
) -> dict[Path, Any]:
    """Give a template for each file with something to build in it; ``only`` these are wanted."""
    read: dict[Path, dict[str, Any]] = {}
    for path in (each for each in files if each.name.lower().endswith((*_CODE, *_VALUES))):
        try:
            read[path] = parse_hcl(read_text(path))
        except UnreadableError as error:
            if path in only:
                notes.lost(path.relative_to(root).as_posix(), "", str(error))
    found = {}
    for path, content in read.items():
        kind = next((each for each in _CODE if path.name.lower().endswith(each)), "")
        if not kind or path not in only or not content.keys() & {"source", "resource"}:
            continue
        beside = {each: value for each, value in read.items() if each.parent == path.parent}
        code = [value for each, value in beside.items() if each.name.lower().endswith(kind)]
        values = [beside[each] for each in _values_of(path, beside, root, notes)]
        shared = {key: [one for value in code for one in blocks_of(value, key)] for key in _SHARED}
        found[path] = of_hcl({**content, **shared}, values)
    return found


def _values_of(path: Path, beside: Iterable[Path], root: Path, notes: Notes) -> list[Path]:
    """Give the files of values that count: those taken without being told, and the only other."""
    known = sorted(each for each in beside if each.name.lower().endswith(_VALUES))
    taken = [each for each in known if each.name.lower().endswith(_TAKEN)]
    others = [each for each in known if each not in taken]
    if len(others) > 1:
        names = ", ".join(each.name for each in others)
        why = f"more than one file has values for them ({names}); none of these is taken"
        notes.lost(path.relative_to(root).as_posix(), "variables", why)
        return taken
    return taken + others
