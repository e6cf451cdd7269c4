"""The one parser of ``{urn: {type, outputs}}``: makes a ledger of a stack's own state.

The program fills it by invoke, a command line from ``pulumi stack export``. Logical names
(factory/common/names.py) carry all it needs to know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from factory.common import names
from factory.common.errors import FactoryError
from factory.common.versions import Version
from factory.ledger.failed_builds import FailedBuilds, read_failed_builds
from factory.ledger.model import IMAGE_TYPE, Foundation, Held, Ledger, Path
from factory.ledger.record import Record, Spec, read_failure, read_record, read_spec
from factory.ledger.stack_outputs import unfolded
from factory.settings.environments import ENVIRONMENT_TYPE

_T = TypeVar("_T")
_DIGEST = re.compile(r"[0-9a-f]{64}$")
_STORE = "imagefactory:index:Store::factory"
# What the program makes once and never drops; `pulumi destroy` alone does.
FOUNDATION_TYPES = {
    "azure-native:resources:ResourceGroup": "resource group",
    "azure-native:devtestlab:Lab": "lab",
    "azure-native:devtestlab:VirtualNetwork": "lab network",
    "azure-native:network:VirtualNetwork": "virtual network",
    "azure-native:network:NatGateway": "NAT gateway",
    "azure-native:network:NetworkSecurityGroup": "network security group",
    "azure-native:network:PublicIPAddress": "public IP address",
}


@dataclass
class _Draft:
    parts: dict[Path, Mapping[str, Any]] = field(default_factory=dict)
    spec: Spec | None = None
    record: Record | None = None
    retired: datetime | None = None
    retiring: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class _Entry:
    """One resource of the state, by its URN and its logical name."""

    urn: str
    name: str
    kind: str
    outputs: Mapping[str, Any]


def read_ledger(resources: Mapping[str, Mapping[str, Any]]) -> Ledger:
    """Read the stack's resources; raises :class:`FactoryError` if a record cannot be understood.

    Nothing is ever deleted because it could not be read, so an unreadable record stops the run.
    """
    entries = [
        _Entry(urn, names.logical_name(urn), str(each.get("type", "")), each.get("outputs") or {})
        for urn, each in resources.items()
    ]
    return Ledger(
        held=_held(entries),
        used_up=_used_up(entries),
        failed_builds=_failed_builds(entries),
        foundations=_foundations(entries),
        outputs=unfolded(
            next((each.outputs for each in entries if each.kind == names.STACK_TYPE), {})
        ),
        environments={
            each.name: str(each.outputs.get("name", ""))
            for each in entries
            if each.kind == ENVIRONMENT_TYPE
        },
        adopted={
            each.name: each.outputs
            for each in entries
            if each.name.startswith(names.ADOPTED) and each.kind != IMAGE_TYPE
        },
        names=frozenset(each.name for each in entries),
        ids=_told(entries, "id"),
        locations=_told(entries, "location"),
        state=_state_id(entries),
        spelled=_output(entries, _STORE, "spelled") or {},
        tokens=_tokens(entries),
        own_tags=_output(entries, _STORE, "tags") or {},
        made={each.name: each.outputs for each in entries if each.name.startswith("factory/")},
        tags=_tags(entries),
    )


def _held(entries: Iterable[_Entry]) -> dict[tuple[str, Version], Held]:
    """Put the parts of every version together."""
    drafts: dict[tuple[str, Version], _Draft] = {}
    for each in entries:
        place = names.parse_part(each.name)
        # The components of a version come before its spec, and are no trace of it without one.
        if place is not None and place[2]:
            _note(drafts.setdefault(place[:2], _Draft()), each.urn, place[2], each.outputs)
    return {
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


def _used_up(entries: Iterable[_Entry]) -> dict[str, Version]:
    """Read the newest number that each definition had at the last run."""
    told = ((each, each.outputs.get("lastVersion")) for each in entries if each.kind == IMAGE_TYPE)
    return {
        each.name: _understood(each.urn, Version.parse, text)
        for each, text in told
        if isinstance(text, str) and text
    }


def _failed_builds(entries: Iterable[_Entry]) -> dict[str, FailedBuilds]:
    told = ((each, each.outputs.get("failedBuilds")) for each in entries if each.kind == IMAGE_TYPE)
    read = {each.name: read_failed_builds(value) for each, value in told}
    return {name: each for name, each in read.items() if each is not None}


def _foundations(entries: Iterable[_Entry]) -> dict[str, Foundation]:
    return {
        each.name: Foundation(
            FOUNDATION_TYPES[each.kind],
            str(each.outputs.get("name", "")),
            str(each.outputs.get("provisioningState") or ""),
            str((each.outputs.get("tags") or {}).get(names.STACK, "")),
        )
        for each in entries
        if each.kind in FOUNDATION_TYPES
    }


def _state_id(entries: Sequence[_Entry]) -> str:
    """Give the state's id: what it remembers, else what is on anything that it holds."""
    told = _output(entries, f"pulumi:index:Stash::{names.STATE_ID}", "output")
    tags = (each.outputs.get("tags") for each in entries)
    found = (each.get(names.STATE) for each in tags if isinstance(each, Mapping))
    return str(told or next((text for text in found if text), ""))


def _output(entries: Iterable[_Entry], end: str, key: str) -> Any:
    """Give an output of the one resource whose URN has that end, None if there is none."""
    found = (each.outputs for each in entries if each.urn.endswith(f"::{end}"))
    return next(found, {}).get(key)


def _tokens(entries: Sequence[_Entry]) -> dict[str, str]:
    """Read the digests of tokens; a command line is not told them, and then they are unknown."""
    found = _output(entries, "imagefactory:index:FactoryLab::factory", "tokens")
    told = found.items() if isinstance(found, Mapping) else ()
    return {name: text for name, text in told if isinstance(text, str) and _DIGEST.match(text)}


def _tags(entries: Sequence[_Entry]) -> dict[str, frozenset[str]]:
    """Give which tags everything has, by logical name; a component may share that of its thing."""
    none = {each.name: frozenset[str]() for each in entries}
    told = ((each.name, each.outputs.get("tags")) for each in entries)
    return none | {name: frozenset(tags) for name, tags in told if isinstance(tags, Mapping)}


def _told(entries: Iterable[_Entry], key: str) -> dict[str, str]:
    """Give one output of everything that is a thing in Azure and has it, by logical name."""
    return {
        each.name: str(each.outputs[key])
        for each in entries
        if str(each.outputs.get("id", "")).startswith("/subscriptions/") and each.outputs.get(key)
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
