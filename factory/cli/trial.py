"""``trial``: writes the stack file of a trial stack, and says what to run."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import yaml

from factory.cli.common.options import Commands, add_command, warn
from factory.cli.common.project import image_of, read
from factory.common.errors import FactoryError
from factory.common.text_file import write_new
from factory.settings.cross_check import wanted_secrets
from factory.settings.json_schema import FOLDER, STACK, modeline
from factory.settings.stack import NAMESPACE
from factory.settings.stack_file import stack_file_name
from factory.settings.trial import PREFIX, trial_config, trial_name
from factory.settings.validation import shown

_EXAMPLE = """  python -m factory trial linux/rhel-9 --stack dev
  python -m factory trial linux/rhel-9 --stack dev --name anna

--stack names the stack that builds for real: its subscription and artifact sources are used, its
labs are not. Nothing is built before you run what it prints.

exit codes: 0 the stack file is written, 1 error"""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,33}")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "trial",
        _run,
        about="prepare a stack that builds one definition and delivers nowhere",
        example=_EXAMPLE,
    )
    parser.add_argument("image", metavar="IMAGE", help="a definition, or the path of its file")
    parser.add_argument("--name", type=_name, help="what follows `trial-` (the image's name)")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        msg = f"expected small letters, digits and dashes, 34 at most, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return text


def _run(options: argparse.Namespace) -> int:
    project, checked, problems = read(options)
    image = image_of(project, checked, options.image, problems)
    problems.raise_if_any("definitions and settings")
    (stack, settings), *_ = checked.stacks.values()
    if settings is None or stack.file is None or not settings.builds:
        msg = f"{stack.name} does not build -> name the stack that does"
        raise FactoryError(msg)
    name = f"{PREFIX}{options.name}" if options.name else trial_name(image.identity)
    config = trial_config(stack.file.data["config"], image.identity, name)
    if options.images:
        config[f"{NAMESPACE}:images"] = str(project.images)
    path = project.work / stack_file_name(name)
    text = yaml.safe_dump({"config": config}, sort_keys=False, allow_unicode=True)
    remark = f"# A trial of {image.identity}; `pulumi destroy` removes all that it makes.\n"
    known = (project.work / FOLDER / STACK).is_file()
    first = f"{modeline(path, project.work)}\n" if known else ""
    todo = "use it, remove it, or choose another --name"
    write_new(path, shown(path), first + remark + text, todo)
    if not (settings.factory_lab and settings.factory_lab.create):
        warn("the factory lab of this stack is adopted: its network and sources are not taken over")
    tried = settings.model_copy(update={"only": [image.identity], "environments": []})
    found = next(iter(checked.built.values())).sound
    where = "" if project.work == Path.cwd() else f" -C {shlex.quote(shown(project.work))}"
    secrets = list(wanted_secrets(found, tried))
    print("\n".join(_steps(shown(path), f"pulumi{where}", name, secrets)))
    return 0


def _steps(path: str, pulumi: str, name: str, secrets: list[str]) -> list[str]:
    return [
        f"written: {path}",
        "build it:",
        f"  {pulumi} stack init {name}",
        *(f"  {pulumi} config set --secret -s {name} {NAMESPACE}:{secret}" for secret in secrets),
        f"  {pulumi} up -s {name}",
        "when you have seen enough, remove it:",
        f"  {pulumi} destroy -s {name} && {pulumi} stack rm {name}",
    ]
