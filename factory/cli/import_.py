"""``import``: the original image factory's folder and Labs.json become definitions and stacks."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from factory.cli.common.options import Commands, Parser
from factory.cli.import_adopt import adopt
from factory.common.errors import FactoryError
from factory.importer.conversion import Imported, convert
from factory.importer.existing_lab import lab_machines, lab_sources, read_lab, tell_rules
from factory.importer.lab_locations import locate, signed_in
from factory.importer.labs import read_labs, together
from factory.importer.notes import Kind, Notes
from factory.importer.original_folder import read_definitions
from factory.importer.remaining_work import what_is_open
from factory.importer.secrets import Secrets, read_manifests
from factory.importer.stacks import Choices, NewStack, stack_files
from factory.importer.writer import definition_text, stack_text, write_all
from factory.settings.stack import NAMESPACE, normal_region

_ABOUT = "bring the original image factory's definitions and labs along"
_MORE = """example:
  python -m factory import --golden-images ImageFactory/Configuration --labs Labs.json \\
    --out moved --images-to-save 2 --size Standard_D2s_v5 --region westeurope
  python -m factory import --golden-images my-lab-vm.json
  python -m factory import --from-lab /subscriptions/ID/resourceGroups/RG/providers/...
  python -m factory import --adopt team-web --stack factory --write

Nothing is overwritten, and no secret's value is printed or written. What cannot be carried over
is listed line by line; docs/moving-in.md says what becomes of what.

exit codes: 0 done, 1 an error: nothing was written"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser: Parser = commands.add_parser(
        "import",
        help=_ABOUT,
        description=f"{_ABOUT[0].upper()}{_ABOUT[1:]}.",
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_run)
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--golden-images",
        type=Path,
        metavar="DIR",
        help="the folder with GoldenImages in it, or any folder or file with templates",
    )
    what.add_argument("--from-lab", metavar="ID", help="a lab as it is, by its id in Azure")
    what.add_argument(
        "--adopt", metavar="LAB", help="take in the images that the original left in this lab"
    )
    add("--write", action="store_true", help="with --adopt: list them in the stack's file")
    add("--images", type=Path, metavar="DIR", help="with --adopt: definitions to read instead")
    add("--work", type=Path, metavar="DIR", help="with --adopt: the folder with Pulumi.yaml")
    add("--labs", type=Path, metavar="FILE", help="the original's Labs.json")
    add("--out", type=Path, metavar="DIR", default=Path(), help="where to write (default: here)")
    add("--images-to-save", type=int, metavar="N", help="the original's ImagesToSave")
    add("--size", metavar="SIZE", help="the vmSize that the original's runs were given")
    add("--region", metavar="REGION", help="the region of labs that nothing else is known of")
    add("-s", "--stack", metavar="NAME", default="factory", help="name of the stack that builds")
    add("--factory-lab", metavar="LAB", help="build in this lab (default: make a new one)")
    add("--factory-resource-group", metavar="GROUP", help="the resource group of the factory lab")
    add("--factory-subscription", metavar="ID", help="the subscription of the factory lab")
    add(
        "--artifacts",
        type=Path,
        metavar="DIR",
        help="a folder of artifacts, to know which parameters are secure",
    )
    add("--online", action="store_true", help="ask Azure where the labs are")


def _run(options: argparse.Namespace) -> int:
    _check(options)
    if options.adopt:
        return adopt(options)
    notes = Notes()
    folders = [options.artifacts] if options.artifacts else []
    if options.golden_images and options.golden_images.is_dir():
        folders.append(options.golden_images)
    secrets = Secrets(notes, options.stack, read_manifests(folders, notes))
    read = _existing_lab if options.from_lab else _files
    definitions, stacks = read(options, secrets, notes)
    secrets.tell_guesses()
    texts = {f"images/{each.identity}.yaml": definition_text(each) for each in definitions}
    of = f"{options.labs.name} of the original image factory" if options.labs else "the lab itself"
    texts |= {stack.file: stack_text(stack, of) for stack in stacks}
    write_all(options.out, texts, secrets)
    print(f"{_count(definitions, 'definition')} and {_count(stacks, 'stack file')} written:")
    print("\n".join(f"  {name}" for name in texts))
    _say(notes, what_is_open(options.out, stacks), secrets)
    return 0


_Made = tuple[list[Imported], list[NewStack]]


def _files(options: argparse.Namespace, secrets: Secrets, notes: Notes) -> _Made:
    definitions = read_definitions(options.golden_images, secrets, notes, options.size)
    if not options.labs:
        return definitions, []
    files = {each.file: each.identity for each in definitions if each.image_path}
    labs = read_labs(options.labs, files, notes)
    if options.online:
        locate(labs, notes)
        labs = together(labs, notes)
    return definitions, stack_files(labs, _choices(options), notes)


def _existing_lab(options: argparse.Namespace, secrets: Secrets, notes: Notes) -> _Made:
    """Raises :class:`FactoryError` or :class:`ArmError`."""
    found = read_lab(signed_in(), options.from_lab)
    secrets.manifests.add(found.manifests)
    definitions = [
        convert(vm, identity=identity, image_path=None, secrets=secrets, size=options.size)
        for identity, vm in lab_machines(found, notes).items()
    ]
    tell_rules(found, notes)
    choices = _choices(options)
    home = choices.factory_subscription or found.lab.subscription
    stacks = stack_files([found.lab], replace(choices, factory_subscription=home), notes)
    if (sources := lab_sources(found, notes)) and not choices.factory_lab:
        stacks[0].config[f"{NAMESPACE}:artifactSources"] = sources
    return definitions, stacks


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _say(notes: Notes, still_open: list[str], secrets: Secrets) -> None:
    lines = notes.lines()
    if still_open:
        lines.append(f"To do before the first preview ({len(still_open)}):")
        lines += [f"  {line}" for line in still_open]
    elif not notes.found.get(Kind.LOST):
        lines.append("Everything was carried over.")
    print(secrets.masked("\n".join(lines)))


def _check(options: argparse.Namespace) -> None:
    wrong = {
        "--images-to-save": options.images_to_save is not None and options.images_to_save < 1,
        "--size": options.size and not re.fullmatch(r"(Standard|Basic)_[\w-]{1,60}", options.size),
        "--region": options.region
        and not re.fullmatch(r"[a-z][a-z0-9]{2,40}", normal_region(options.region)),
        "--stack": not options.adopt
        and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,90}", options.stack),
    }
    expected = {
        "--images-to-save": "at least 1: the newest of each image always stays",
        "--size": "a VM size such as Standard_D2s_v5",
        "--region": "a region such as westeurope",
        "--stack": "letters, digits, - . _",
    }
    for option, is_wrong in wrong.items():
        if is_wrong:
            msg = f"{option}: expected {expected[option]}"
            raise FactoryError(msg)


def _choices(options: argparse.Namespace) -> Choices:
    return Choices(
        stack=options.stack,
        region=normal_region(options.region or ""),
        factory_lab=options.factory_lab or "",
        factory_group=options.factory_resource_group or "",
        factory_subscription=options.factory_subscription or "",
        keep=options.images_to_save,
    )
