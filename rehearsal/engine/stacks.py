"""What a cut-off run leaves in the file backend: locks of dead processes, half-written creates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from factory.pipelines.state_locks import StateLock, StateLocks


def stack_exists(state: Path, project: str, stack: str) -> bool:
    """Tell whether the file backend in `state` has the stack."""
    return _checkpoint(state, project, stack).exists()


def locks(state: Path, project: str, stack: str) -> list[StateLock]:
    """Read the locks on a stack."""
    return state_locks(state, project, stack).read()


def state_locks(state: Path, project: str, stack: str) -> StateLocks:
    """Find the locks on a stack."""
    return StateLocks.of(f"file://{state}", f"organization/{project}/{stack}", {})


def forget_stacks(state: Path) -> StateLock | None:
    """Empty the file backend; nothing goes while somebody is at work, whose lock is given then."""
    stacks = (state / ".pulumi" / "locks" / "organization").glob("*/*")
    found = (lock for each in stacks for lock in locks(state, each.parent.name, each.name))
    held = [lock for lock in found if not lock.is_stale]
    if not held and state.exists():
        shutil.rmtree(state)
        state.mkdir()  # an engine makes its stacks in a folder that is there
    return held[0] if held else None


def pending_creates(state: Path, project: str, stack: str) -> list[str]:
    """List the URNs whose creation was begun by a run that was cut off."""
    latest = _read(_checkpoint(state, project, stack)).get("checkpoint", {}).get("latest") or {}
    return [
        str(operation["resource"]["urn"])
        for operation in latest.get("pending_operations") or ()
        if operation.get("type") == "creating"
    ]


def stack_urn(state: Path, project: str, stack: str) -> str | None:
    """Find the URN of the stack itself; None if it holds nothing yet."""
    latest = _read(_checkpoint(state, project, stack)).get("checkpoint", {}).get("latest") or {}
    for resource in latest.get("resources") or ():
        if resource.get("type") == "pulumi:pulumi:Stack":
            return str(resource["urn"])
    return None


def put_back(state: Path, project: str, stack: str) -> str:
    """Put the newest whole state in the place of one that was cut off; gives its file's name.

    An engine that finds no room for the state leaves the half of it in the file, and in the `.bak`
    beside it; what it set aside when its run began is whole. "" if nothing had to be done, or
    nothing whole is there. Raises OSError if there still is no room.
    """
    path = _checkpoint(state, project, stack)
    if not path.exists() or _read(path):
        return ""
    kept = state / ".pulumi" / "backups" / project / stack
    newest_first = sorted(kept.glob(f"{stack}.*.json"), reverse=True)
    for whole in [path.with_name(f"{path.name}.bak"), *newest_first]:
        if _read(whole):
            made = path.with_name(f"{path.name}.again")
            shutil.copyfile(whole, made)
            made.replace(path)
            return whole.name
    return ""


def drop_cut_off_notes(state: Path, project: str, stack: str) -> list[str]:
    """Delete the notes beside the state's files that a kill cut off; gives the files' names.

    The backend writes a state as a whole, but the ``.attrs`` beside it (type and digest, which it
    can do without) in place: killed at that moment it leaves an empty one, and the engine then
    answers everything with "failed to load checkpoint: EOF". Nobody may be at work on the stack.
    """
    root, dropped = state / ".pulumi", []
    found = [
        *(root / "stacks" / project).glob(f"{stack}.json*.attrs"),
        *(root / "locks" / "organization" / project / stack).glob("*.attrs"),
    ]
    for notes in sorted(found):
        if not _read(notes):
            notes.unlink()
            dropped.append(notes.name)
    return dropped


def _checkpoint(state: Path, project: str, stack: str) -> Path:
    return state / ".pulumi" / "stacks" / project / f"{stack}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
