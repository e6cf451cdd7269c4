"""Writes what was imported: nothing that is there is ever overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from factory.common.errors import FactoryError
from factory.importer.conversion import Imported
from factory.importer.notes import printable
from factory.importer.secrets import Secrets
from factory.importer.stacks import NewStack

_STACK_HEAD = """\
# {role} Made from {source}.
# What each key means: docs/settings.md. <...> is to be filled in.
"""


def definition_text(definition: Imported) -> str:
    """Write a definition with a comment that says where it comes from."""
    of = " of the original image factory" if definition.image_path else ""
    head = f"# From {printable(definition.file)}{of}.\n"
    left = "".join(f"# Left to do: {printable(each)}\n" for each in definition.remarks)
    return head + left + _yaml(definition.fields)


def stack_text(stack: NewStack, source: str) -> str:
    """Write a stack file."""
    builds = any(key.endswith(":factoryLab") for key in stack.config)
    role = "The stack that builds." if builds else "A stack that receives."
    head = _STACK_HEAD.format(role=role, source=printable(source))
    return head + _yaml({"config": stack.config})


def write_all(out: Path, files: Mapping[str, str], secrets: Secrets) -> None:
    """Write files (relative paths) below a folder. Raises :class:`FactoryError`.

    All or none: if one of them is there already, or would hold a value that the source had as
    secure, every such one is named and nothing is written.
    """
    if leaks := secrets.leaks(files):
        msg = (
            f"{out}: nothing was written: a secret would stand in clear -> change in the source "
            "what has the same value as the secret, or make a secure parameter of it"
        )
        raise FactoryError("".join([msg, *(f"\n  {printable(leak)}" for leak in leaks)]))
    there = [name for name in sorted(files) if (out / name).exists() or (out / name).is_symlink()]
    if there:
        shown = "".join(f"\n  {name}" for name in there)
        msg = (
            f"{out}: {len(there)} of {len(files)} files are there already; nothing was written -> "
            f"choose another --out, or move them away:{shown}"
        )
        raise FactoryError(msg)
    try:
        for name, text in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        msg = f"{error.filename or out}: cannot be written: {error.strerror}"
        raise FactoryError(msg) from None


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(
        dict(content), sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )
