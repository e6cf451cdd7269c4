"""What somebody approves who approves a plan: its decisions, and a digest over exactly these.

A decision is what is done to which version in which lab, and which release that is (the digest of
its record, which holds what Azure calls its source). No reason, day, size or price is among them:
those change by themselves, and nothing is received or lost by that. A refusal does nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from factory.common.errors import FactoryError
from factory.plan.model import Action

_KEYS = ("action", "image", "version", "lab", "resource", "release", "sourceUniqueId")
# These do nothing in Azure.
_IDLE = (Action.FORGET, Action.REFUSE)
# What both services hand from job to job; of a longer one the digest alone goes.
_LONGEST = 24_000
_MOST = 10
Decision = tuple[str, ...]


def decisions(plan: Mapping[str, Any]) -> list[Decision]:
    """Give what a plan does (``plan_file``), in an order of its own."""
    steps = [each for each in plan.get("steps", ()) if each["changes"]]
    return sorted(
        tuple(str(step.get(key) or "") for key in _KEYS)
        for step in steps
        if step["action"] not in _IDLE
    )


def approval_of(plan: Mapping[str, Any]) -> str:
    """Give what approves a plan: its digest, and, packed behind it, what that is of; "" if nothing.

    The digest is SHA-256, as 64 hex digits, of the decisions as JSON.
    """
    found = decisions(plan)
    if not found:
        return ""
    packed = base64.urlsafe_b64encode(zlib.compress(_canonical(found))).decode()
    return f"{_digest(found)}:{packed}" if len(packed) <= _LONGEST else _digest(found)


def check_form(approval: str) -> None:
    """Raise :class:`FactoryError` for what never was an approval."""
    if not re.fullmatch(r"[0-9a-f]{64}(:[\w=-]*)?", approval):
        msg = "--approved: expected the digest that `ci propose` gave -> propose it again"
        raise FactoryError(msg)


def check(approval: str, plan: Mapping[str, Any]) -> None:
    """Compare a plan with what was approved. Raises :class:`FactoryError` if it is another one.

    Less than that is another one too: an old version that goes, say, while the new one does not
    come. A plan with nothing to do is none.
    """
    digest, _, packed = approval.partition(":")
    found = decisions(plan)
    if not found or _digest(found) == digest:
        return
    msg = (
        f"this is not what was approved ({digest[:12]}): {_difference(packed, digest, found)} "
        "-> nothing was changed; run the pipeline again, and approve what it proposes then"
    )
    raise FactoryError(msg)


def _canonical(found: Sequence[Decision]) -> bytes:
    return json.dumps(found, separators=(",", ":")).encode()


def _digest(found: Sequence[Decision]) -> str:
    return hashlib.sha256(_canonical(found)).hexdigest()


def _difference(packed: str, digest: str, found: Sequence[Decision]) -> str:
    try:
        approved = [tuple(each) for each in json.loads(zlib.decompress(_bytes(packed)))]
    except (ValueError, TypeError, zlib.error):
        approved = []
    if _digest(approved) != digest:
        return f"it would {_told(found)}"
    more = [each for each in found if each not in approved]
    less = [each for each in approved if each not in found]
    told = [f"it would also {_told(more)}"] if more else []
    return " and ".join([*told, *([f"it would not {_told(less)}"] if less else [])])


def _bytes(packed: str) -> bytes:
    return base64.urlsafe_b64decode(packed)


def _told(found: Sequence[Decision]) -> str:
    each = [_one(decision) for decision in found[:_MOST]]
    return ", ".join([*each, *([f"{len(found) - _MOST} more"] if len(found) > _MOST else [])])


def _one(decision: Decision) -> str:
    action, image, version, lab, resource, release, _ = decision
    what = " ".join(filter(None, (action, image or resource, version)))
    which = ", ".join(filter(None, (lab, release[:12])))
    return f"{what} ({which})" if which else what
