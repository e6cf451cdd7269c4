"""Fetches the stack's raw configuration, its own state and its source's outputs from the engine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.output import Unknown
from pulumi.runtime.config import get_config

from factory.common.errors import FactoryError
from factory.settings.engine_command import (
    HalfReplaced,
    UnknownStackError,
    backend_of,
    export_of,
    half_replaced_in,
    outputs_in,
)
from factory.settings.stack import NAMESPACE, WORK_VARIABLE
from factory.settings.stack_file import stack_file_name

_TEXT = (
    "images",
    "sourceGrace",
    "pollInterval",
    "after",
    "onRemoval",
    "graceForVms",
    "locked",
    "lockFile",
    "policies",
    "retireAfter",
)
_NUMBERS = ("maxRetirements", "maxConcurrentBuilds", "maxCores")
# What may be plain text: one stack or a list of them, a group's name or a mapping.
_EITHER = ("receivesFrom", "parentsFrom", "resourceGroup")
_FLAGS = ("protectImages",)
_OBJECTS = (
    "tags",
    "factoryLab",
    "artifactSources",
    "always",
    "labs",
    "environments",
    "keep",
    "only",
    "builds",
    "letGo",
    "approve",
    "pin",
    "hold",
    "adopt",
    "rebuild",
    "revoke",
    "allowNone",
)
# The file backend may be read while the engine rewrites it ("failed to load checkpoint: EOF").
_TRIES, _PAUSE = 6, 0.25


def stack_name() -> str:
    """Give the full name of this stack, organization/project/stack."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def full_name(stack: str) -> str:
    """Complete the name of another stack of this project; a full one stays as it is."""
    if "/" in stack:
        return stack
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"


def stack_folder() -> Path | None:
    """Give the folder with Pulumi.yaml, None if nothing says where that is."""
    try:
        return Path(pulumi.get_root_directory())
    except Exception:  # noqa: BLE001 - what the SDK raises is a bare Exception
        # The language host is too old to say: the program's own folder, unless `main` led here.
        root = Path(os.environ.get(WORK_VARIABLE) or ".")
        return root if (root / "Pulumi.yaml").is_file() else None


def stack_file() -> Path | None:
    """Give the file that most of the configuration comes from, None if there is none."""
    root = stack_folder()
    path = root / stack_file_name(pulumi.get_stack()) if root is not None else None
    return path if path is not None and path.is_file() else None


def raw_settings() -> dict[str, Any]:
    """Collect the configuration as plain values, only what is set."""
    own, provider = pulumi.Config(NAMESPACE), pulumi.Config("azure-native")
    raw: dict[str, Any] = {name: own.get(name) for name in _TEXT}
    raw |= {name: own.get_object(name) for name in _OBJECTS}
    raw |= {name: _either(own, name) for name in _EITHER}
    raw |= {name: own.get_int(name) for name in _NUMBERS}
    raw |= {name: own.get_bool(name) for name in _FLAGS}
    raw["region"] = provider.get("location")
    raw["subscriptionId"] = provider.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")
    return {name: value for name, value in raw.items() if value not in (None, "")}


def _either(own: pulumi.Config, name: str) -> Any:
    text = own.get(name)
    return own.get_object(name) if text is not None and text.startswith(("[", "{")) else text


def provider_setting(key: str) -> str | None:
    """Look up one key of azure-native's configuration."""
    return pulumi.Config("azure-native").get(key)


def secret(name: str) -> pulumi.Output[str]:
    """Give a stack secret; it stays one all the way. Raises ConfigMissingError if it is not set."""
    return pulumi.Config(NAMESPACE).require_secret(name)


def digest(name: str, salt: str) -> str:
    """Give what tells a stack secret from another one, and no more; "" if it is not set."""
    value = get_config(f"{NAMESPACE}:{name}")
    return hashlib.sha256(f"{salt}\n{value}".encode()).hexdigest() if value else ""


def own_resources(stack: str) -> Mapping[str, Mapping[str, Any]]:
    """Read this stack's resources as last saved: {urn: {type, outputs}}; {} for a new stack."""
    return _read(
        lambda: pulumi.runtime.invoke(
            "pulumi:pulumi:readStackResourceOutputs", {"stackName": stack}
        ).value["outputs"]
    )


def half_replaced(stack: str) -> HalfReplaced:
    """Give what replacements that failed before have left in this stack's state.

    The invoke does not tell, so the state is read as it lies there, which no lock forbids. An
    engine without a command (or without a right to export) leaves the plan without these lines.
    """
    folder = stack_folder()
    if folder is None:
        return HalfReplaced()
    try:
        return half_replaced_in(export_of(stack, folder))
    except UnknownStackError:
        return HalfReplaced()
    except FactoryError as error:
        pulumi.log.warn(f"replacements that failed before are not told, if there are any: {error}")
        return HalfReplaced()


def outputs_of(stack: str) -> Mapping[str, Any]:
    """Read another stack's outputs as last saved; {} for a stack that does not exist (yet).

    A stack reference knows one backend alone, and wants the key of the other's secrets. So a state
    that lies in a place of its own is read as it is: the right to read it is enough.
    """
    if backend_of(stack, os.environ):
        try:
            return outputs_in(export_of(stack, stack_folder() or Path()))
        except UnknownStackError:
            return {}
    try:
        return _read(
            lambda: pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value[
                "outputs"
            ]
        )
    except Exception as error:
        if "unknown stack" not in str(error):
            raise
        return {}


def _read(read: Callable[[], Mapping[str, Any] | None]) -> Mapping[str, Any]:
    for _ in range(_TRIES - 1):
        try:
            return _known_of(read() or {})
        except Exception as error:
            if "failed to load checkpoint" not in str(error):
                raise
            time.sleep(_PAUSE)
    return _known_of(read() or {})


def _known_of(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: _known(value) for key, value in outputs.items()}


def _known(value: Any) -> Any:
    """Give what a run failed to make as None, in a preview too: there the SDK has an object."""
    if isinstance(value, Mapping):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_known(each) for each in value]
    return None if isinstance(value, Unknown) else value


def git_commit(folder: Path) -> str:
    """Give the commit the definitions stand at, ``-dirty`` if they were edited since."""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        return f"{head}-dirty" if _git(folder, "status", "--porcelain", "--", ".") else head
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *args], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


def is_set(name: str) -> bool:
    """Tell whether a setting has a value, without looking at it."""
    return pulumi.Config(NAMESPACE).get(name) is not None
