"""Stack outputs that the engine keeps and does not print, hundreds of lines that nobody reads.

It prints no key that begins with two underscores, at any depth, in no preview, diff or run:
https://github.com/pulumi/pulumi/blob/v3.276.0/sdk/go/common/resource/properties.go#L725
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_UNSEEN = "__"
# What tells in a few words whose an output is, and whether it changed.
_SEEN = frozenset({"schema", "stack", "began", "serial", "serials"})


def folded(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Write outputs as the state has them; :func:`unfolded` gives them back."""
    return {
        name: {key if key in _SEEN else f"{_UNSEEN}{key}": each for key, each in value.items()}
        for name, value in outputs.items()
    }


def unfolded(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Read a stack's outputs; those written before anything was folded are given as they are."""
    return {
        name: {str(key).removeprefix(_UNSEEN): each for key, each in value.items()}
        if isinstance(value, Mapping)
        else value
        for name, value in outputs.items()
    }
