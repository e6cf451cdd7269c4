"""The one parser of ``{urn: {type, outputs}}``: makes a ledger of a stack's own state.

The program fills it by invoke, a command line from ``pulumi stack export``. Logical names
(factory/common/names.py) carry all it needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.versions import Version
from factory.ledger.model import IMAGE_TYPE, Foundation, Held, Ledger, Path
from factory.ledger.record import Record, Spec, read_failure, read_record, read_spec
from factory.settings.environments import ENVIRONMENT_TYPE

_T = TypeVar("_T")
# What the program makes once and never drops; `pulumi destroy` alone does.
FOUNDATION_TYPES = {
    "azure-native:resources:ResourceGroup": "resource group",
    "azure-native:devtestlab:Lab": "lab",
    "azure-native:devtestlab:VirtualNetwork": "lab network",
    "azure-native:network:VirtualNetwork": "virtual network",
    "azure-native:network:NatGateway": "NAT gateway",
    "azure-native:network:PublicIPAddress": "public IP address",
}


@dataclass
class _Draft:
    parts: dict[Path, Mapping[str, Any]] = field(default_factory=dict)
    spec: Spec | None = None
    record: Record | None = None
    retired: datetime | None = None
    retiring: dict[str, datetime] = field(default_factory=dict)


def read_ledger(resources: Mapping[str, Mapping[str, Any]]) -> Ledger:
    """Read the stack's resources; raises :class:`FactoryError` if a record cannot be understood.

    Nothing is ever deleted because it could not be read, so an unreadable record stops the run.
    """
    drafts: dict[tuple[str, Version], _Draft] = {}
    used_up: dict[str, Version] = {}
    foundations: dict[str, Foundation] = {}
    environments: dict[str, str] = {}
    adopted: dict[str, Mapping[str, Any]] = {}
    outputs: Mapping[str, Any] = {}
    seen: dict[str, frozenset[str]] = {}
    for urn, resource in resources.items():
        name = urn.split("::", 3)[3]
        kind = str(resource.get("type", ""))
        found: Mapping[str, Any] = resource.get("outputs") or {}
        _note_tags(seen, name, found)
        if kind == "pulumi:pulumi:Stack":
            outputs = found
        elif kind == IMAGE_TYPE:
            text = found.get("lastVersion")
            if isinstance(text, str) and text:
                used_up[name] = _understood(urn, Version.parse, text)
        elif kind in FOUNDATION_TYPES:
            state, tags = str(found.get("provisioningState") or ""), found.get("tags") or {}
            foundations[name] = Foundation(
                FOUNDATION_TYPES[kind],
                str(found.get("name", "")),
                state,
                str(tags.get(names.STACK, "")),
            )
        elif kind == ENVIRONMENT_TYPE:
            environments[name] = str(found.get("name", ""))
        elif name.startswith(names.ADOPTED):
            adopted[name] = found
        place = names.parse_part(name)
        # The components of a version come before its spec, and are no trace of it without one.
        if place is not None and place[2]:
            _note(drafts.setdefault(place[:2], _Draft()), urn, place[2], found)
    held = {
        key: Held(
            key[0],
            key[1],
            draft.parts,
            draft.spec,
            draft.record,
            draft.retired,
            draft.retiring,
            read_failure(*_outputs(draft, ("failed",), ("failed", "at"))),
        )
        for key, draft in drafts.items()
    }
    logical = frozenset(seen)
    made = {
        urn.split("::", 3)[3]: each.get("outputs") or {}
        for urn, each in resources.items()
        if "::factory/" in urn
    }
    ids, locations = _told(resources, "id"), _told(resources, "location")
    return Ledger(
        held,
        used_up,
        foundations,
        outputs,
        environments,
        adopted,
        logical,
        ids,
        locations,
        _state_id(resources),
        frozenset(_without_id(resources)),
        _output(resources, "imagefactory:index:Store::factory", "spelled") or {},
        made,
        seen,
    )


def _state_id(resources: Mapping[str, Mapping[str, Any]]) -> str:
    """Give the state's id: what it remembers, else what is on anything that it holds."""
    told = _output(resources, f"pulumi:index:Stash::{names.STATE_ID}", "output")
    tags = ((each.get("outputs") or {}).get("tags") for each in resources.values())
    found = (each.get(names.STATE) for each in tags if isinstance(each, Mapping))
    return str(told or next((text for text in found if text), ""))


def _output(resources: Mapping[str, Mapping[str, Any]], end: str, key: str) -> Any:
    """Give an output of the one resource whose URN has that end, None if there is none."""
    found = next((each for urn, each in resources.items() if urn.endswith(f"::{end}")), {})
    return (found.get("outputs") or {}).get(key)


def _without_id(resources: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Give the logical names of what carries the stack's name and no id of a state."""
    for urn, resource in resources.items():
        tags = (resource.get("outputs") or {}).get("tags")
        if isinstance(tags, Mapping) and names.STACK in tags and names.STATE not in tags:
            yield urn.split("::", 3)[3]


def _note_tags(tags: dict[str, frozenset[str]], name: str, outputs: Mapping[str, Any]) -> None:
    put_on = outputs.get("tags")
    if isinstance(put_on, Mapping):
        tags[name] = frozenset(put_on)
    else:  # a component may have the name of what it holds
        tags.setdefault(name, frozenset())


def _told(resources: Mapping[str, Mapping[str, Any]], key: str) -> Mapping[str, str]:
    """Give one output of everything that is a thing in Azure and has it, by logical name."""
    found = {urn.split("::", 3)[3]: each.get("outputs") or {} for urn, each in resources.items()}
    return {
        name: str(outputs[key])
        for name, outputs in found.items()
        if str(outputs.get("id", "")).startswith("/subscriptions/") and outputs.get(key)
    }


def _outputs(draft: _Draft, first: Path, *others: Path) -> list[Any]:
    """Give what some stashes hold, the first in any case."""
    paths = [first, *(path for path in others if path in draft.parts)]
    return [draft.parts.get(path, {}).get("output") for path in paths]


def _note(draft: _Draft, urn: str, path: Path, outputs: Mapping[str, Any]) -> None:
    draft.parts[path] = outputs
    value = outputs.get("output")
    if path == ("spec",):
        draft.spec = read_spec(value)
    elif path == ("record",):
        draft.record = read_record(value)
        if draft.record is None:
            raise _unreadable(urn, what="record")
    elif path == ("retired",) and isinstance(value, str):
        draft.retired = _understood(urn, datetime.fromisoformat, value)
    elif path[0] == "retiring" and isinstance(value, str):
        draft.retiring["/".join(path[1:])] = _understood(urn, datetime.fromisoformat, value)


def _understood(urn: str, read: Callable[[str], _T], text: str) -> _T:
    try:
        return read(text)
    except ValueError:
        raise _unreadable(urn) from None


def _unreadable(urn: str, *, what: str = "entry") -> FactoryError:
    return FactoryError(
        f"the {what} {urn} in this stack's state cannot be read: it was written by another "
        "version of the program, or changed by hand -> run the version that wrote it; "
        "nothing was changed"
    )
