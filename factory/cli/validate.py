"""``validate``: everything that is wrong with definitions and stack files, at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory.cli.common.options import Commands, add_command
from factory.cli.common.project import read
from factory.common.annotations import FORMATS, write
from factory.common.errors import FactoryError, Problem, Problems
from factory.settings.validation import shown

_EXAMPLE = """  python -m factory validate
  python -m factory validate images/linux --stack dev
  python -m factory validate --format github
  python -m factory validate --stack dev --online

Without --stack every Pulumi.<stack>.yaml of the work folder is checked too. Only --online needs an
engine and a sign-in to Azure.

exit codes: 0 sound (warnings may be told), 1 faults or another error"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "validate",
        _run,
        about="say what is wrong with definitions and stack files",
        example=_EXAMPLE,
        stack_required=False,
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        help="tell only of these files and folders (all are read all the same)",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_const", const="json", dest="form")
    forms.add_argument("--format", choices=FORMATS, dest="form", help="how to write it (text)")
    parser.add_argument(
        "--online", action="store_true", help="ask Azure too (with --stack): nothing is changed"
    )


def _run(options: argparse.Namespace) -> int:
    if options.online and options.stack is None:
        msg = "--online asks one stack's subscription -> name it by --stack"
        raise FactoryError(msg)
    project, checked, problems = read(options)
    rules = [project.root / each.policies for _, each in checked.stacks.values() if each]
    _check_paths(options.paths, [*checked.images, *project.stacks, *rules])
    unchecked: tuple[str, ...] = ()
    if options.online and not problems.errors:
        # Imports the engine's SDK, which the rest of this command does without.
        from factory.cli.validate_online import check_online  # noqa: PLC0415

        unchecked = check_online(options, problems)
    told = _only(problems, options.paths)
    summary = _summary(told, checked.count, len(project.stacks))
    if options.online and problems.errors and not unchecked:
        summary += " Azure is asked once the files are sound."
    hidden = len(set(problems.errors)) - len(set(told.errors))
    if hidden:
        summary += f" {hidden} more elsewhere."
    if unchecked:
        summary += f" Not checked: {'; '.join(unchecked)}."
    counts = {
        "definitions": checked.count,
        "stacks": sorted(checked.stacks),
        "notChecked": list(unchecked),
    }
    print(write(told, options.form or "text", summary, counts))
    return 1 if told.errors else 0


def _check_paths(paths: list[Path], roots: list[Path]) -> None:
    for path in paths:
        if not path.exists():
            msg = f"{path} does not exist"
            raise FactoryError(msg)
        if not any(path.absolute().is_relative_to(root.absolute()) for root in roots):
            msg = f"{path} is neither a stack file nor below {shown(roots[0])} -> use --images"
            raise FactoryError(msg)


def _only(problems: Problems, paths: list[Path]) -> Problems:
    if not paths:
        return problems
    wanted = [path.absolute() for path in paths]

    def meant(problem: Problem) -> bool:
        file = Path(problem.place[0]).absolute()
        return any(file.is_relative_to(path) for path in wanted)

    return Problems(
        [each for each in problems.errors if meant(each)],
        [each for each in problems.warnings if meant(each)],
    )


def _summary(problems: Problems, definitions: int, stacks: int) -> str:
    errors, warnings = len(set(problems.errors)), len(set(problems.warnings))
    found = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    return f"{found} in {_count(definitions, 'definition')} and {_count(stacks, 'stack file')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
