"""``show``: one effective definition, each value with the file it comes from."""

from __future__ import annotations

import argparse

from factory.cli.common.options import Commands, add_command
from factory.cli.common.project import image_of, read
from factory.definitions.effective import effective_json, effective_text

_EXAMPLE = """  python -m factory show linux/rhel-9
  python -m factory show images/linux/rhel-9.yaml --json

exit codes: 0 done, 1 error (a definition that is not sound is told like validate does)"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "show",
        _run,
        about="print an effective definition, and where each value comes from",
        example=_EXAMPLE,
        stack_required=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a definition, or the path of its file")
    parser.add_argument("--json", action="store_true", help="print it for machines")


def _run(options: argparse.Namespace) -> int:
    project, checked, problems = read(options)
    image = image_of(project, checked, options.image, problems)
    print(effective_json(image) if options.json else effective_text(image))
    return 0
