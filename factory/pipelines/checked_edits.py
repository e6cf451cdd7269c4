"""Checks a wish against the project before it is written, and the project after it."""

from __future__ import annotations

from pathlib import Path

from factory.common.errors import FactoryError, Problems
from factory.common.patterns import matches
from factory.common.versions import Version
from factory.pipelines.stack_edits import REBUILD, REVOKE, ROLL_BACK, Wish, with_wish
from factory.settings.validation import check, find_project


def carry_out(work: Path, stack: str, wish: Wish) -> Path:
    """Write a wish into a stack's file; gives the file. Raises :class:`FactoryError`.

    A file that would not be sound with it is left as it was.
    """
    _check(wish)
    project = find_project(work, stack, None)
    file = project.stacks[0]
    try:
        old = file.read_bytes()
        text = old.decode("utf-8-sig")
        end = "\r\n" if "\r\n" in text else "\n"
        new = with_wish(text.replace("\r\n", "\n"), wish)
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
    if wish.what == ROLL_BACK and wish.image not in known:
        problems.error(file.name, f"there is no definition {wish.image!r}", "see `list`")
    # Of a pattern that was there before a warning is enough; a wish for nothing is a slip.
    if wish.what == REBUILD and not any(matches(wish.image, name) for name in known):
        problems.error(file.name, f"{wish.image!r} matches no definition", "see `list`")
    settings = next(iter(checked.stacks.values()))[1]
    if wish.what == REBUILD and settings is not None and not settings.builds:
        problems.error(file.name, "this stack receives; only a stack that builds can build again")
    try:
        problems.raise_if_any(f"{wish} in {stack}")
    except FactoryError:
        file.write_bytes(old)
        raise
    return file


def _check(wish: Wish) -> None:
    if wish.what == REBUILD:
        return
    if not wish.version:
        msg = f"{wish.what} is of one version -> name it by --version"
        raise FactoryError(msg)
    try:
        Version.parse(wish.version)
    except ValueError as error:
        msg = f"--version {wish.version!r}: {error}"
        raise FactoryError(msg) from None
    if wish.what == REVOKE and not wish.reason:
        msg = "a revocation is read by everybody who used that version -> say why by --reason"
        raise FactoryError(msg)
