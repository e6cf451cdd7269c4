"""What the name of an Azure VM size says."""

from __future__ import annotations

import re

_CORES = re.compile(r"(?:Standard|Basic)_[A-Za-z]+(\d+)")


def cores_of(size: str) -> int:
    """Read the cores out of a VM size such as Standard_D4s_v5; 0 if its name does not say."""
    match = _CORES.match(size)
    return int(match[1]) if match else 0
