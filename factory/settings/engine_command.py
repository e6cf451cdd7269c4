"""The ``pulumi`` command asked about one stack, and in which place the state of each stack is.

Where every stack has a container of its own, the address names the stack in braces:
``azblob://state-{stack}?storage_account=contoso``. In a pipeline it is ``PULUMI_BACKEND_URL``, else
``IMAGE_FACTORY_STATE``; engines themselves are given the address of their stack.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.common.errors import FactoryError, one_line
from factory.common.names import STACK_TYPE, logical_name

STATE, _BACKEND, STACK = "IMAGE_FACTORY_STATE", "PULUMI_BACKEND_URL", "{stack}"
# The file backend may be read while another engine writes ("failed to load checkpoint: EOF").
_TRIES, _PAUSE = 6, 0.25
_TIMEOUT = 300


# What engines say of a stack that was never made, and where its place was not either.
_NOT_LOGGED_IN = ("PULUMI_ACCESS_TOKEN must be set", "run `pulumi login`", "not logged in")
_NOWHERE = ("no stack named", "ContainerNotFound", "unable to open state directory")


class UnknownStackError(FactoryError):
    """There is no stack of that name in this backend, or no such backend."""


def is_unknown_stack(said: str) -> bool:
    """Tell whether an engine found no stack of that name: it was never made."""
    return any(words in said for words in _NOWHERE)


def place_name(stack: str) -> str:
    """Give a stack's name as names of containers and keys have it: small, and without `_`."""
    return stack.rpartition("/")[2].lower().replace("_", "-")


def backend_of(stack: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that lead an engine to a stack's state; {} if one place has all."""
    template = variables.get(STATE) or variables.get(_BACKEND) or ""
    if STACK not in template:
        return {}
    return {STATE: template, _BACKEND: template.replace(STACK, place_name(stack))}


def ask_engine(stack: str, folder: Path, *words: str) -> str:
    """Run a command of the engine that changes nothing; ``folder`` is the one with Pulumi.yaml.

    Raises :class:`UnknownStackError`, or :class:`FactoryError` with the engine's own reason.
    """
    command = ["pulumi", "--cwd", str(folder), "--non-interactive", *words, "--stack", stack]
    variables = {**os.environ, **backend_of(stack, os.environ), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    for _ in range(_TRIES):
        try:
            done = subprocess.run(
                command,
                env=variables,
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT,
            )
        except FileNotFoundError:
            msg = "there is no `pulumi` on PATH -> install the Pulumi CLI, or put it there"
            raise FactoryError(msg) from None
        except subprocess.TimeoutExpired:
            msg = f"`pulumi {' '.join(words)}` did not end within {_TIMEOUT} s"
            raise FactoryError(msg) from None
        if done.returncode == 0:
            return done.stdout
        if "failed to load checkpoint" not in done.stderr:
            break
        time.sleep(_PAUSE)
    raise _error(stack, words, done.stderr)


def export_of(stack: str, folder: Path) -> dict[str, Any]:
    """Read a stack's deployment as it lies there: nothing is decrypted, and no plugin is loaded."""
    found: dict[str, Any] = json.loads(ask_engine(stack, folder, "stack", "export") or "{}")
    return found


def outputs_in(export: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a stack's outputs as its deployment has them; {} if it never came up."""
    found = (
        each["outputs"] for each in resources_of(export).values() if each["type"] == STACK_TYPE
    )
    return next(found, {})


def resources_of(export: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the resources of an exported deployment in the form that a program's invoke has.

    What waits for its deletion is left out there too: its URN may name a living resource as well.
    So is what was deleted to be replaced and was not made again (``pendingReplacement``).
    """
    resources = (export.get("deployment") or {}).get("resources") or []
    return {
        str(each["urn"]): {"type": str(each["type"]), "outputs": each.get("outputs") or {}}
        for each in resources
        if not each.get("delete") and not each.get("pendingReplacement")
    }


@dataclass(frozen=True)
class HalfReplaced:
    """What replacements that failed have left in a state, by logical name.

    ``old`` counts what was replaced and is still to be deleted: the engine keeps it apart from what
    took its place, and every run tries again. ``gone`` was deleted first, and then nothing took its
    place: the engine keeps the entry, so that it looks like a living one, until one is made.
    """

    old: Mapping[str, int] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def half_replaced_in(export: Mapping[str, Any]) -> HalfReplaced:
    """Give what replacements that failed have left in an exported deployment."""
    resources = [
        (logical_name(str(each["urn"])), each)
        for each in (export.get("deployment") or {}).get("resources") or []
        if not str(each["type"]).startswith("pulumi:providers:")
    ]
    old = Counter(name for name, each in resources if each.get("delete"))
    gone = {
        name
        for name, each in resources
        if each.get("pendingReplacement") and not each.get("delete")
    }
    return HalfReplaced(old, frozenset(gone))


def _error(stack: str, words: tuple[str, ...], said: str) -> FactoryError:
    if is_unknown_stack(said):
        return UnknownStackError(f"there is no stack {stack!r} -> `pulumi stack init {stack}`")
    if any(words in said for words in _NOT_LOGGED_IN):
        return FactoryError(
            f"the engine is not logged in to a place of states, so stack {stack} cannot be read -> "
            "`pulumi login`, or set PULUMI_BACKEND_URL"
        )
    why = one_line(said)[:400].removeprefix("error: ") or "it said nothing"
    return FactoryError(f"`pulumi {' '.join(words)}` of stack {stack} failed: {why}")
