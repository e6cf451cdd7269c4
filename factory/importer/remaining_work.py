"""What is still to be done by hand, told by the same checks that every run begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.common.errors import Problems
from factory.definitions.loader import load_images
from factory.importer.stacks import NewStack
from factory.settings.cross_check import cross_check, wanted_secrets
from factory.settings.loader import parse_settings
from factory.settings.stack import NAMESPACE

_AZURE = {"azure-native:subscriptionId": "subscriptionId", "azure-native:location": "region"}


def what_is_open(out: Path, stacks: list[NewStack]) -> list[str]:
    """Load what was written as a run would, and give what it says is wrong, a line each."""
    problems = Problems()
    images = load_images(out / "images", "images", problems)
    for stack in stacks:
        settings = parse_settings(_raw(stack), stack.file, problems)
        if settings is not None and images:
            # Whether secrets are set is not known yet; the import has told each one's command.
            wanted = wanted_secrets(images, settings)
            cross_check(images, settings, wanted, stack.file, problems)
    return [str(problem) for problem in sorted(set(problems.errors))]


def _raw(stack: NewStack) -> dict[str, Any]:
    return {
        _AZURE.get(key, key.removeprefix(f"{NAMESPACE}:")): value
        for key, value in stack.config.items()
    }
