"""A trial stack: builds one branch's definition apart from everything, delivers it nowhere.

It is a stack like any other, so that what it shows is true: a resource group and a factory lab of
its own, whose names begin with its own prefix, and no labs. `pulumi destroy` removes all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.common.names import image_stem
from factory.settings.stack import NAMESPACE
from factory.settings.stack_file import PROVIDER

PREFIX = "trial-"
# What of the building stack's settings is about how to build, not about whom it is for.
_TAKEN = ("images", "artifactSources", "always", "policies", "pollInterval")
_LONGEST = 40


def trial_name(identity: str) -> str:
    """Give the name of the stack that tries a definition."""
    return f"{PREFIX}{image_stem(identity)}"[:_LONGEST].rstrip("-")


def trial_config(config: Mapping[str, Any], identity: str, name: str) -> dict[str, Any]:
    """Make the configuration of a trial stack from that of the stack that builds for real.

    ``config`` is as it stands in the stack file. Secrets are not taken over: they are encrypted for
    the other stack alone.
    """
    taken = {
        key: value
        for key, value in config.items()
        if key.startswith(f"{PROVIDER}:") and not isinstance(value, dict)
    }
    for setting in _TAKEN:
        key = f"{NAMESPACE}:{setting}"
        if config.get(key) not in (None, ""):
            taken[key] = config[key]
    group = f"rg-image-factory-{name}"
    return {
        **taken,
        f"{NAMESPACE}:resourceGroup": group,
        f"{NAMESPACE}:factoryLab": {"name": name, "resourceGroup": group, "create": True},
        f"{NAMESPACE}:only": [identity],
    }
