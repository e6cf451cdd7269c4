"""``new``: writes a commented first definition."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory.cli.common.options import Commands, add_command
from factory.cli.common.project import folder_of, identity_of, image_of, project_of
from factory.common.errors import FactoryError, Problems
from factory.common.text_file import write_new
from factory.common.yaml_file import read_yaml
from factory.definitions.definition import Os
from factory.definitions.file_walk import fault_of_name
from factory.definitions.loader import DEFAULTS, merged
from factory.definitions.starter import first_definition
from factory.settings.json_schema import DEFINITION, FOLDER, modeline
from factory.settings.validation import Project, check, shown

_EXAMPLE = """  python -m factory new linux/team/build-agent
  python -m factory new images/tools/editor.yaml --os windows

A file that is there is never overwritten.

exit codes: 0 written, and it validates; 1 error"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "new",
        _run,
        about="write a commented first definition",
        example=_EXAMPLE,
        stack_required=False,
    )
    parser.add_argument("path", metavar="PATH", help="its identity, or the path of its file")
    parser.add_argument("--os", choices=[each.value for each in Os], help="if it is not inherited")


def _run(options: argparse.Namespace) -> int:
    project = project_of(options)
    folder = folder_of(project, check(project, Problems()))
    identity = identity_of(options.path, folder)
    file = folder / f"{identity}.yaml"
    if not file.resolve().is_relative_to(folder.resolve()) or file.name == DEFAULTS:
        msg = f"{options.path} is no definition below {shown(folder)}"
        raise FactoryError(msg)
    fault = fault_of_name(identity)
    if fault:
        raise FactoryError(" -> ".join(fault))
    data = _inherited(folder, file)
    system = _system(options.os, data.get("os"), identity)
    text = first_definition(system, set(data), _modeline(project, file))
    write_new(file, shown(file), text, "choose another name")
    problems = Problems()
    image_of(project, check(project, problems), identity, problems)
    print(f"written: {shown(file)}")
    return 0


def _inherited(folder: Path, file: Path) -> dict[str, object]:
    layers = []
    for above in reversed(file.parents):
        defaults = above / DEFAULTS
        if above.is_relative_to(folder) and defaults.is_file() and not defaults.is_symlink():
            layer = read_yaml(defaults, shown(defaults), Problems())
            layers += [layer] if layer else []
    return merged(layers)


def _system(wanted: str | None, inherited: object, identity: str) -> Os:
    """Choose the system: what is inherited cannot be chosen, what is not may show in the path."""
    if inherited in set(Os):
        if wanted not in (None, inherited):
            msg = f"{identity} inherits os: {inherited} -> choose another folder, or leave --os out"
            raise FactoryError(msg)
        return Os(str(inherited))
    return Os(wanted) if wanted else Os.LINUX if "linux" in identity.lower() else Os.WINDOWS


def _modeline(project: Project, file: Path) -> str:
    root = project.root
    known = (root / FOLDER / DEFINITION).is_file() and file.absolute().is_relative_to(root)
    return modeline(file, root) if known else ""
