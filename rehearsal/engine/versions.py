"""Which Pulumi CLI this repository is tested with, and the oldest that it accepts.

Each is written in one place, where Pulumi's own tools read it too: `.pulumi.version` (that is for
pulumi/actions and `.ci/prepare`), and `requiredPulumiVersion` in Pulumi.yaml (for the engine,
before it runs the program).

Standard library only: the set-up reads this before any venv exists.
"""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

Version = tuple[int, int, int]


def pinned(checkout: Path = CHECKOUT) -> str:
    """Give the version that pipelines install and the set-up builds, such as `3.276.0`."""
    return (checkout / ".pulumi.version").read_text(encoding="utf-8").strip()


def least(checkout: Path = CHECKOUT) -> str:
    """Give the oldest version that the project accepts; ValueError if Pulumi.yaml names none."""
    text = (checkout / "Pulumi.yaml").read_text(encoding="utf-8")
    match = re.search(r'^requiredPulumiVersion: ">=(\S+)"$', text, re.MULTILINE)
    if match is None:
        message = 'Pulumi.yaml has no line such as `requiredPulumiVersion: ">=3.252.0"`'
        raise ValueError(message)
    return match[1]


def numbers(version: str) -> Version | None:
    """Read `v3.276.0`, with or without the `v`, to compare it; None if it is no version."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None
