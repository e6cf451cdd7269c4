"""Checks a wish against the project before it is written, and the project after it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from factory.common.errors import FactoryError, Problems
from factory.common.messages import near_name
from factory.common.patterns import matches
from factory.common.versions import Version
from factory.pipelines.stack_edits import REBUILD, REVOKE, ROLL_BACK, StackEdit, with_edit
from factory.settings.validation import check, find_project


def carry_out(work: Path, stack: str, edit: StackEdit) -> Path:
    """Write an edit into a stack's file; gives the file. Raises :class:`FactoryError`.

    A file that would not be sound with it is left as it was.
    """
    _check(edit)
    project = find_project(work, stack, None)
    file = project.stacks[0]
    try:
        old = file.read_bytes()
        text = old.decode("utf-8-sig")
        end = "\r\n" if "\r\n" in text else "\n"
        new = with_edit(text.replace("\r\n", "\n"), edit)
        file.write_text(new, encoding="utf-8", newline=end)
    except UnicodeDecodeError:
        msg = f"{file.name}: is not UTF-8 -> save it as UTF-8"
        raise FactoryError(msg) from None
    except OSError as error:
        msg = f"{file.name}: cannot be read or written: {error.strerror}"
        raise FactoryError(msg) from None
    problems = Problems()
    checked = check(project, problems)
    known = {name for each in checked.images.values() for name in (*each.sound, *each.faulty)}
    if edit.what == ROLL_BACK and edit.image not in known:
        problems.error(file.name, f"there is no definition {edit.image!r}", _meant(edit, known))
    # Of a pattern that was there before a warning is enough; an edit of nothing is a slip.
    if edit.what == REBUILD and not any(matches(edit.image, name) for name in known):
        problems.error(file.name, f"{edit.image!r} matches no definition", _meant(edit, known))
    settings = next(iter(checked.stacks.values()))[1]
    if edit.what == REBUILD and settings is not None and not settings.builds:
        problems.error(file.name, "this stack receives; only a stack that builds can build again")
    try:
        problems.raise_if_any(f"{edit} in {stack}")
    except FactoryError:
        file.write_bytes(old)
        raise
    return file


def _meant(edit: StackEdit, known: Iterable[str]) -> str:
    return near_name(edit.image, known) or "see `list`"


def _check(edit: StackEdit) -> None:
    if edit.what == REBUILD:
        return
    if not edit.version:
        msg = f"{edit.what} is of one version -> name it by --version"
        raise FactoryError(msg)
    try:
        Version.parse(edit.version)
    except ValueError as error:
        msg = f"--version {edit.version!r}: {error}"
        raise FactoryError(msg) from None
    if edit.what == REVOKE and not edit.reason:
        msg = "a revocation is read by everybody who used that version -> say why by --reason"
        raise FactoryError(msg)
