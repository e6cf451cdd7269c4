"""Reads the stack files of the stacks before this one, where they lie beside its own."""

from __future__ import annotations

from pathlib import Path

from pydantic.alias_generators import to_camel

from factory.configuration import parse_settings
from factory.problems import Problems
from factory.settings import NAMESPACE, Settings
from factory.soaking import Upstream
from factory.yamlfile import read_yaml

_KEYS = {f"{NAMESPACE}:{to_camel(name)}" for name in Settings.model_fields}
_PROVIDERS = {"azure-native:location": "region", "azure-native:subscriptionId": "subscriptionId"}


def read_upstream(folder: Path | None, receives_from: str | None) -> list[Upstream]:
    """Read the settings of the stack that is received from, of the one before it, and so on.

    The chain ends where a file is not there, or not to be understood: what is wrong with it is told
    by its own stack. ``folder`` is where Pulumi.yaml is, None if the engine does not say.
    """
    found: list[Upstream] = []
    name = receives_from
    while folder is not None and name and name not in {each.stack for each in found}:
        if "/" in name:
            break  # another project's, maybe: its stack file need not be the one of that name here
        settings = _settings(folder / f"Pulumi.{name}.yaml")
        if settings is None:
            break
        found.append(Upstream(name, settings))
        name = settings.receives_from
    return found


def read_receivers(folder: Path | None, stack: str) -> list[str]:
    """Name the stacks that receive from ``stack`` (its short name) by the stack files in a folder.

    A file that is not to be understood names none: what is wrong with it is told by its own stack.
    """
    found = []
    for path in sorted(folder.glob("Pulumi.*.yaml")) if folder is not None else ():
        read = read_yaml(path, path.name, Problems())
        config = read.data.get("config") if read else None
        if isinstance(config, dict) and config.get(f"{NAMESPACE}:receivesFrom") == stack:
            found.append(path.name.removeprefix("Pulumi.").removesuffix(".yaml"))
    return found


def _settings(path: Path) -> Settings | None:
    if not path.is_file():
        return None
    unheard = Problems()
    read = read_yaml(path, path.name, unheard)
    config = read.data.get("config") if read else None
    if not isinstance(config, dict):
        return None
    raw = {key.partition(":")[2]: value for key, value in config.items() if key in _KEYS}
    raw |= {name: config[key] for key, name in _PROVIDERS.items() if key in config}
    # A subscription may come by ARM_SUBSCRIPTION_ID; nothing here hangs on it.
    raw.setdefault("subscriptionId", "00000000-0000-0000-0000-000000000000")
    return parse_settings(raw, path.name, unheard)
