"""Which of the engine's steps the lines of a plan do not explain.

The engine compares what is declared with its state, the plan says what is to happen: nothing may be
done that no line says. A line is about a resource of the state and all that lies below its name
(``resource``, see factory/common/names.py); its action says what the engine may do to which parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.common.names import STACK_TYPE, STATE_ID, logical_name, parse_part, refused_name
from factory.plan.model import Action

# What stands for nothing in Azure nor in the records: components group, providers sign in.
_GROUPING = ("imagefactory:index:", "pulumi:providers:", STACK_TYPE)
_IDLE = frozenset({"same", "read", "read-replacement", "refresh"})
_MAKE, _CHANGE, _DROP, _REPLACE = "make", "change", "drop", "replace"
_KINDS = {"create": _MAKE, "import": _MAKE, "update": _CHANGE, "delete": _DROP}
# What was replaced is deleted by a step of its own, in a later run too if that failed; what was
# deleted first, and not made, is made or taken out of the state by one. By action of the line that
# names exactly this resource.
_HALF_REPLACED = {
    Action.DELETE: frozenset({"delete", "delete-replaced", "remove-pending-replace"}),
    Action.REPLACE: frozenset({"replace", "create-replacement", "remove-pending-replace"}),
}
_ANY = frozenset({"*"})
_MEDIA = frozenset({"source", "copy", "image", "capture", "lab", "run"})
_ON_THE_WAY = frozenset({"copy", "image", "lab", "run"})
_WORK = frozenset({"run", "vm", "verify", "failed"})
# A copy that died is followed by one of another name.
_SUCCESSOR = frozenset({"copy"})
# By action: what the engine may do to which parts of the version or thing that a line is about.
_ALLOWED: Mapping[Action, Mapping[str, Collection[str]]] = {
    Action.BUILD: {_MAKE: _ANY},
    Action.RESUME: {_MAKE: _ANY, _CHANGE: _ANY, _DROP: _WORK},
    Action.RECEIVE: {_MAKE: _ANY, _CHANGE: _ANY},
    Action.DELIVER: {_MAKE: _ON_THE_WAY, _CHANGE: _ON_THE_WAY, _REPLACE: _SUCCESSOR},
    Action.RESTORE: {_MAKE: _MEDIA, _CHANGE: _ANY, _REPLACE: _SUCCESSOR},
    Action.PROTECT: {_MAKE: {"protected"}},
    Action.ADOPT: {_MAKE: _ANY},
    Action.CREATE: {_MAKE: _ANY},
    Action.REPLACE: {_REPLACE: _ANY},
    Action.UPDATE: {_CHANGE: _ANY},
    Action.MARK: {_MAKE: {"retiring"}, _CHANGE: {"lab"}},
    Action.UNMARK: {_DROP: {"retiring"}, _CHANGE: {"lab"}},
    Action.UNPROTECT: {_DROP: {"protected", "retiring"}, _CHANGE: {"lab"}},
    Action.RETIRE: {_MAKE: {"retired"}, _DROP: _ANY},
    Action.REMOVE: {_MAKE: {"run"}, _DROP: _ANY},
    Action.DELETE: {_DROP: _ANY},
    Action.FORGET: {_DROP: _ANY},
    # Of what is gone from a lab the line says what brings it back; `up --refresh` does so at once.
    Action.WARN: {_MAKE: {"lab"}},
}
# Every state makes up its own id before all else, once; only a loss of it has to be explained.
_STATE_ID = ("create", STATE_ID)
# What goes with a version that leaves one lab and stays as such.
_OF_A_LAB = frozenset({"lab", "retiring", "copy", "image", "run"})


@dataclass(frozen=True)
class EngineStep:
    """What the engine does, or would do, to one resource; ``changed`` names its properties."""

    op: str
    type: str
    name: str
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        of = f" ({', '.join(self.changed)})" if self.changed else ""
        return f"{self.op} {self.name}{of}"

    @property
    def loses(self) -> bool:
        """Tell whether something that is there goes by it."""
        return self.op in {"delete", "delete-replaced", "replace"}


def is_grouping(kind: str) -> bool:
    """Tell whether a type of resource stands for nothing in Azure nor in the records."""
    return kind.startswith(_GROUPING)


def engine_steps(events: Sequence[Mapping[str, Any]]) -> Iterator[EngineStep]:
    """Read the steps out of the engine's events, without those that do nothing.

    So does a create that fails, as one that a gate refuses.
    """
    failed = {
        event["resOpFailedEvent"]["metadata"]["urn"]
        for event in events
        if "resOpFailedEvent" in event
    }
    for event in events:
        data = event.get("resourcePreEvent", {}).get("metadata")
        if not data or data["op"] in _IDLE or is_grouping(data["type"]):
            continue
        if data["op"] == "create" and data["urn"] in failed:
            continue
        name = logical_name(str(data["urn"]))
        yield EngineStep(data["op"], data["type"], name, tuple(sorted(data.get("diffs") or ())))


def unexplained(
    steps: Iterable[EngineStep], lines: Sequence[Mapping[str, Any]]
) -> list[EngineStep]:
    """Give the steps that no line explains, each once; ``lines`` as the plan's JSON has them."""
    about: dict[str, list[Mapping[str, Any]]] = {}
    refused = set()
    for line in lines:
        if line["action"] == Action.REFUSE:  # shown as a resource that is never made
            refused.add(refused_name(line["image"], line["lab"] or ""))
        if line.get("resource"):
            about.setdefault(line["resource"], []).append(line)
    return [
        step
        for step in dict.fromkeys(steps)
        if step.name not in refused and not _is_explained(step, about)
        if (step.op, step.name) != _STATE_ID
    ]


def _is_explained(step: EngineStep, about: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    place = parse_part(step.name)
    resource: str = step.name
    path: tuple[str, ...] = ("",)
    if place is not None:
        resource, path = f"{place[0]}@{place[1]}", place[2] or ("",)
    if any(
        step.op in _HALF_REPLACED.get(Action(line["action"]), ())
        for line in about.get(step.name, ())
    ):
        return True
    lines, kind = about.get(resource, ()), _KINDS.get(step.op, _REPLACE)
    stays = any(line["action"] == Action.KEEP and not line["lab"] for line in lines)
    for line in lines:
        parts = _ALLOWED.get(Action(line["action"]), {}).get(kind, frozenset())
        if stays and parts is _ANY and kind is _DROP and line["action"] != Action.FORGET:
            parts = _OF_A_LAB
        if parts is not _ANY and path[0] not in parts:
            continue
        lab = (line["lab"] or "").rpartition("/")[2]  # an old place is told with its group
        if path[0] == "lab" and lab and lab != path[1] and kind is not _MAKE:
            continue
        return True
    return False
