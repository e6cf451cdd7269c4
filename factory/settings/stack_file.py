"""Reads ``Pulumi.<stack>.yaml`` without an engine: values, their places, and which are secrets.

The engine reads the file by YAML's own types, so ``20261122.10`` is a number there and loses its
zero; such values are named here, where the text can still be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from factory.common.errors import Problems
from factory.common.fields import ENGINES_UTC
from factory.common.messages import nearest, suggestion
from factory.common.yaml_file import Loc, YamlFile, read_yaml
from factory.settings.stack import NAMESPACE, Settings

PROVIDER = "azure-native"
PROVIDER_KEYS = frozenset(
    {
        "clientCertificatePassword",
        "clientCertificatePath",
        "clientId",
        "clientSecret",
        "disablePulumiPartnerId",
        "environment",
        "location",
        "partnerId",
        "subscriptionId",
        "tenantId",
        "useDefaultAzureCredential",
        "useMsi",
        "useOidc",
    }
)
"""What a stack may tell the provider. Not where tokens are asked for, and not where they go.

Whoever may change a stack file could else have the run's tokens sent to any host: addresses
(``metadataHost``, ``oidcRequestUrl``, ``msiEndpoint``) come from the environment alone.
"""
_OF_PROVIDER = {"region": "location", "subscriptionId": "subscriptionId"}
_SWITCHES = {"true": True, "True": True, "false": False, "False": False}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NAME = re.compile(r"Pulumi\.(?P<stack>[A-Za-z0-9_.-]+)\.ya?ml")
_BROKEN = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})")


NOT_CONFIGURED = "is no setting of a stack: it may not say where tokens come from, or go"
PROVIDER_ADVICE = "what an agent needs of this, it is told by ARM_* variables (docs/settings.md)"


def stack_file_name(stack: str) -> str:
    """Give the name of a stack's file; the stack may be named in full."""
    return f"Pulumi.{stack.rpartition('/')[2]}.yaml"


def stack_of(path: Path) -> str | None:
    """Give the stack that a file is of, by its name; None if it is no stack file."""
    match = _NAME.fullmatch(path.name)
    return match["stack"] if match and not is_about_deployments(path) else None


def is_about_deployments(path: Path) -> bool:
    """Tell the files of Pulumi Deployments: Pulumi.dev.deploy.yaml is no stack dev.deploy."""
    return path.name.endswith((".deploy.yaml", ".deploy.yml"))


@dataclass(frozen=True)
class StackFile:
    """A stack file as far as it could be read; ``name`` is how messages call it.

    ``secrets`` are the keys that stand encrypted in it, ``unknown`` those that are no settings.
    ``elsewhere`` tells that some of its values come from an environment (Pulumi ESC), which nobody
    can read offline.
    """

    name: str
    file: YamlFile | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    elsewhere: bool = False

    @property
    def stack(self) -> str:
        """The stack that it is of, by the name of the file."""
        return self.name.rpartition("/")[2].removeprefix("Pulumi.").removesuffix(".yaml")

    @property
    def marks(self) -> dict[Loc, tuple[int, int]]:
        """The places of settings, by their place in :class:`Settings`."""
        inside = {} if self.file is None else self.file.marks
        own = ((loc, mark) for loc, mark in inside.items() if loc[:1] == ("config",) and loc[1:])
        return {(str(loc[1]).rpartition(":")[2], *loc[2:]): mark for loc, mark in own}

    def alone(self, setting: str, value: Any) -> YamlFile:
        """Give one setting as a file of its own, with its places in this one."""
        marks = {loc: mark for loc, mark in self.marks.items() if loc[0] == setting}
        path = Path(self.name) if self.file is None else self.file.path
        return YamlFile(path, self.name, {setting: value}, {(setting,): (1, 1)} | marks)

    def place(self, *loc: str | int) -> str:
        """Give ``file:line:col`` of a setting by its place in :class:`Settings`.

        The name of the file alone if the setting does not stand in it.
        """
        if self.file is None or not loc:
            return self.name
        first = key_of(str(loc[0]))
        found: Loc = ("config", first, *loc[1:])
        if found[:2] not in self.file.marks:
            return self.name
        return self.file.place(found)


def setting_name(field: str) -> str:
    """Give the name under which a field of :class:`Settings` stands in a stack file."""
    return Settings.model_fields[field].alias or to_camel(field)


SETTINGS = frozenset(setting_name(field) for field in Settings.model_fields)


def key_of(setting: str) -> str:
    """Give the key of a setting in the stack file."""
    if setting in _OF_PROVIDER:
        return f"{PROVIDER}:{_OF_PROVIDER[setting]}"
    return f"{NAMESPACE}:{setting}"


def read_stack_file(path: Path, shown: str, problems: Problems) -> StackFile:
    """Read a stack file; faults of the file itself go to ``problems``, settings are not judged."""
    found = read_yaml(path, shown, problems, _resolve)
    if found is None:
        return StackFile(shown)
    config = found.data.get("config") or {}
    if not isinstance(config, dict):
        problems.error(found.place(("config",)), "config: expected a mapping of settings")
        config = {}
    _check_top(found, problems)
    known = SETTINGS - set(_OF_PROVIDER)
    raw: dict[str, Any] = {}
    unknown: list[str] = []
    for key, value in config.items():
        namespace, _, name = str(key).rpartition(":")
        if namespace == NAMESPACE and not _is_secret(value):
            if name in known:
                raw[name] = value
            else:
                unknown.append(name)
    for setting, name in _OF_PROVIDER.items():
        value = config.get(f"{PROVIDER}:{name}")
        if value is not None and not _is_secret(value):
            raw[setting] = value if isinstance(value, list | dict) else str(value)
    raw = {name: value for name, value in raw.items() if value not in (None, "")}
    hidden = frozenset(
        str(key).rpartition(":")[2] for key, value in config.items() if _is_secret(value)
    )
    elsewhere = bool(found.data.get("environment"))
    return StackFile(shown, found, raw, hidden, tuple(unknown), elsewhere)


def with_defaults(stack: StackFile, project: Path) -> dict[str, Any]:
    """Give a stack's settings on those that ``Pulumi.yaml`` sets for all stacks."""
    read = read_yaml(project, project.name, Problems(), _resolve) if project.is_file() else None
    declared = (read.data.get("config") if read else None) or {}
    result: dict[str, Any] = {}
    for key, entry in declared.items() if isinstance(declared, dict) else ():
        value = entry.get("value", entry.get("default")) if isinstance(entry, dict) else entry
        if value not in (None, ""):
            result[str(key).removeprefix(f"{NAMESPACE}:")] = value
    return result | dict(stack.raw)


def same_value(of_engine: Any, written: Any) -> bool:
    """Tell whether the engine gives what the file says; it gives many scalars as text."""
    if isinstance(written, dict):
        return (
            isinstance(of_engine, dict)
            and of_engine.keys() == written.keys()
            and all(same_value(of_engine[key], value) for key, value in written.items())
        )
    if isinstance(written, list):
        return (
            isinstance(of_engine, list)
            and len(of_engine) == len(written)
            and all(map(same_value, of_engine, written))
        )
    texts = {str(written), str(written).lower(), f"{written} 00:00:00{ENGINES_UTC}"}
    return of_engine == written or str(of_engine) in texts


def check_keys(stack: StackFile, wanted: Iterable[str], problems: Problems) -> None:
    """Note keys that nothing reads or nobody may set; ``wanted`` are the names of used secrets."""
    keys = (stack.file.data.get("config") or {}) if stack.file else {}
    for key in keys if isinstance(keys, dict) else ():
        namespace, colon, name = str(key).partition(":")
        # The engine takes it for one of this project, which is called otherwise maybe.
        if not colon and stack.file:
            near = nearest(str(key), SETTINGS)
            todo = f"did you mean {NAMESPACE}:{near}?" if near else ""
            problems.error(
                stack.file.place(("config", key)),
                f"{key}: names no namespace; settings of the factory begin with {NAMESPACE}:",
                todo or f"write {NAMESPACE}:{key}, or take it out",
            )
        if namespace == PROVIDER and stack.file and name not in PROVIDER_KEYS:
            place = stack.file.place(("config", key))
            problems.error(place, f"{key} {NOT_CONFIGURED}", f"take it out: {PROVIDER_ADVICE}")
    known = SETTINGS - set(_OF_PROVIDER)
    secrets = set(wanted)
    for name in stack.unknown:
        place = stack.place(name)
        if name in secrets:
            problems.error(
                place,
                f"{NAMESPACE}:{name} is a secret, and stands here for all to read",
                f"change it, then `pulumi config set --secret {NAMESPACE}:{name}`",
            )
        else:
            problems.error(
                place, f"{NAMESPACE}:{name} is not a known setting", suggestion(name, known)
            )


def _check_top(found: YamlFile, problems: Problems) -> None:
    known = {"config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt"}
    for key in found.data:
        if key not in known:
            problems.error(
                found.place((key,)), f"{key}: is not a known field", suggestion(key, known)
            )


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _resolve(text: str) -> Any:
    """Read a plain scalar as the engine does, as far as settings can tell the difference."""
    if text in _SWITCHES:
        return _SWITCHES[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _BROKEN.fullmatch(text) else text
