"""Files of Terraform and Packer: those of one folder belong together, as both tools take them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from factory.importer.hcl import parse_hcl
from factory.importer.notes import Notes
from factory.importer.other_sources import of_hcl
from factory.importer.texts import UnreadableError, read_text

_CODE = (".tf", ".pkr.hcl")
# Those that are taken without being named.
_VALUES = ("terraform.tfvars", ".auto.tfvars", ".auto.pkrvars.hcl")
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
        values = [value for each, value in beside.items() if each.name.lower().endswith(_VALUES)]
        shared = {key: [one for value in code for one in value.get(key, ())] for key in _SHARED}
        found[path] = of_hcl({**content, **shared}, values)
    return found
