"""Automatic names, as `Check` gives them to a resource whose program sets none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from rehearsal.plugin.diff import CREATE_BEFORE_DELETE
from rehearsal.plugin.kinds import Kind

_SUFFIX_LENGTH = 8


class Mode(IntEnum):
    """The engine's `pulumi:autonaming` modes (CheckRequest.AutonamingOptions)."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


def automatic_name(
    kind: Kind,
    urn: str,
    seed: bytes,
    old_inputs: Mapping[str, Any],
    proposal: tuple[str, Mode] | None = None,
) -> dict[str, Any]:
    """Make the inputs that name a resource; empty if automatic naming is switched off.

    A name given before is kept. The suffix is made from the engine's seed: preview and update
    agree on it. A random name allows the new resource beside the old one, hence the mark
    `__createBeforeDelete`.
    """
    parameter = kind.name_parameter
    if parameter in old_inputs:
        kept = {parameter: old_inputs[parameter]}
        if CREATE_BEFORE_DELETE in old_inputs:
            kept[CREATE_BEFORE_DELETE] = old_inputs[CREATE_BEFORE_DELETE]
        return kept
    if proposal is not None:
        name, mode = proposal
        if mode is Mode.DISABLE:
            return {}
        return {parameter: name, **({CREATE_BEFORE_DELETE: True} if kind.random_name else {})}
    logical = urn.rpartition("::")[2]
    if not kind.random_name:
        return {parameter: logical}
    suffix = hashlib.sha256(seed + urn.encode()).hexdigest()[:_SUFFIX_LENGTH]
    return {parameter: logical + suffix, CREATE_BEFORE_DELETE: True}
