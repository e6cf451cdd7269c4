"""The stack's own state, read as a ledger: which versions it holds, and which parts of each.

The one parser of ``{urn: {type, outputs}}``: the program fills it by invoke, a command line from
``pulumi stack export``. Logical names (factory/names.py) carry all it needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from factory import names
from factory.environments import ENVIRONMENT_TYPE
from factory.problems import FactoryError
from factory.record import Failure, Record, Spec, read_failure, read_record, read_spec
from factory.versions import Version

_T = TypeVar("_T")
IMAGE_TYPE = "imagefactory:index:Image"
# The stack output that says what labs held before the last run and were still to hold after it.
HOLDINGS = "holdings"
Path = tuple[str, ...]
# What the program makes once and never drops; `pulumi destroy` alone does.
FOUNDATION_TYPES = {
    "azure-native:resources:ResourceGroup": "resource group",
    "azure-native:devtestlab:Lab": "lab",
    "azure-native:devtestlab:VirtualNetwork": "lab network",
    "azure-native:network:VirtualNetwork": "virtual network",
    "azure-native:network:NatGateway": "NAT gateway",
    "azure-native:network:PublicIPAddress": "public IP address",
}


@dataclass(frozen=True)
class Returning:
    """What a version has in Azure that the state lost: ids by part, to be taken in as they are.

    ``captured`` says what its custom image in the factory lab was made from: ``vm``, ``backing``,
    or "" where there is none.
    """

    parts: Mapping[Path, str]
    captured: str = ""


@dataclass(frozen=True)
class Held:
    """One version as the ledger shows it."""

    identity: str
    version: Version
    parts: Mapping[Path, Mapping[str, Any]]
    spec: Spec | None = None
    record: Record | None = None
    retired: datetime | None = None
    # Since when it is marked as going: by lab, "" for all of them.
    retiring: Mapping[str, datetime] = field(default_factory=dict)
    failure: Failure | None = None
    returning: Returning | None = None

    def has(self, *path: str) -> bool:
        """Tell whether the ledger holds this part of the version."""
        return path in self.parts

    def text(self, key: str, *path: str) -> str | None:
        """Give one output of a part as text, or None."""
        value = self.parts.get(path, {}).get(key)
        return value if isinstance(value, str) else None

    @property
    def built(self) -> str:
        """When its build began, as ISO text; "" if nothing was written down."""
        facts = self.record or self.spec
        return facts.built if facts is not None else ""

    @property
    def labs(self) -> frozenset[str]:
        """Names of the labs that hold it, besides the factory lab."""
        return frozenset(path[1] for path in self.parts if path[0] == "lab")

    @property
    def protected(self) -> bool:
        """Tell whether the engine may refuse to delete it; written first, taken away last."""
        return ("protected",) in self.parts

    @property
    def guest(self) -> bool:
        """Tell whether a building stack brought it here to build on; another stack built it."""
        return ("guest",) in self.parts

    @property
    def attempt(self) -> int:
        """The newest attempt whose VM the ledger knows, 1 if none."""
        return max(self.attempts("vm"), default=1)

    def attempts(self, kind: str) -> list[int]:
        """List the attempts to build (``vm``) or to verify (``verify``) that had a VM."""
        return sorted(int(path[1]) for path in self.parts if path[0] == kind)


@dataclass(frozen=True)
class Foundation:
    """A group, lab or network that this stack made; ``state`` is what the engine last saw."""

    kind: str
    name: str
    state: str = ""


@dataclass(frozen=True)
class Ledger:
    """Everything that the plan needs to know of the past."""

    held: Mapping[tuple[str, Version], Held] = field(default_factory=dict)
    last_versions: Mapping[str, Version] = field(default_factory=dict)
    foundations: Mapping[str, Foundation] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)
    # Images of the original factory, by adopted/<lab>/<name>: their outputs.
    adopted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Tell whether nothing was ever recorded: a first run, or a state that was lost."""
        return not self.held and not self.last_versions and not self.foundations

    def of(self, identity: str) -> list[Held]:
        """Give the versions of one definition, oldest first."""
        return list(self._by_identity.get(identity, ()))

    @cached_property
    def _by_identity(self) -> Mapping[str, Sequence[Held]]:
        found: dict[str, list[Held]] = {}
        for _, held in sorted(self.held.items()):
            found.setdefault(held.identity, []).append(held)
        return found

    @cached_property
    def served(self) -> frozenset[str]:
        """Name the labs that hold something, or did before a refresh took it out of the state."""
        holdings = self.outputs.get(HOLDINGS)
        before = holdings if isinstance(holdings, Mapping) else {}
        now = {lab for held in self.held.values() for lab in held.labs}
        return frozenset(now | {str(lab) for lab, held in before.items() if held})

    @cached_property
    def children(self) -> Mapping[str, str]:
        """Give, by the name of a parent version, a version built on it that is not retired."""
        found: dict[str, str] = {}
        for (identity, version), held in sorted(self.held.items(), reverse=True):
            if held.record and held.record.parent and not held.retired:
                found[held.record.parent] = names.version_urn_name(identity, version)
        return found

    @property
    def identities(self) -> set[str]:
        """Definitions that the ledger knows, whether or not they are still in git."""
        return {identity for identity, _ in self.held}


@dataclass
class _Draft:
    parts: dict[Path, Mapping[str, Any]] = field(default_factory=dict)
    spec: Spec | None = None
    record: Record | None = None
    retired: datetime | None = None
    retiring: dict[str, datetime] = field(default_factory=dict)
    failure: Failure | None = None


def read_ledger(resources: Mapping[str, Mapping[str, Any]]) -> Ledger:
    """Read the stack's resources; raises :class:`FactoryError` if a record cannot be understood.

    Nothing is ever deleted because it could not be read, so an unreadable record stops the run.
    """
    drafts: dict[tuple[str, Version], _Draft] = {}
    last: dict[str, Version] = {}
    foundations: dict[str, Foundation] = {}
    environments: dict[str, str] = {}
    adopted: dict[str, Mapping[str, Any]] = {}
    outputs: Mapping[str, Any] = {}
    for urn, resource in resources.items():
        name = urn.split("::", 3)[3]
        kind = str(resource.get("type", ""))
        found: Mapping[str, Any] = resource.get("outputs") or {}
        if kind == "pulumi:pulumi:Stack":
            outputs = found
        elif kind == IMAGE_TYPE:
            text = found.get("lastVersion")
            if isinstance(text, str) and text:
                last[name] = _understood(urn, Version.parse, text)
        elif kind in FOUNDATION_TYPES:
            state = str(found.get("provisioningState") or "")
            foundations[name] = Foundation(
                FOUNDATION_TYPES[kind], str(found.get("name", "")), state
            )
        elif kind == ENVIRONMENT_TYPE:
            environments[name] = str(found.get("name", ""))
        elif name.startswith(names.ADOPTED):
            adopted[name] = found
        place = names.parse_part(name)
        if place is not None:
            identity, version, path = place
            draft = drafts.setdefault((identity, version), _Draft())
            if path:
                _note(draft, urn, path, found)
    held = {
        key: Held(
            key[0],
            key[1],
            draft.parts,
            draft.spec,
            draft.record,
            draft.retired,
            draft.retiring,
            draft.failure,
        )
        for key, draft in drafts.items()
    }
    logical = frozenset(urn.split("::", 3)[3] for urn in resources)
    return Ledger(held, last, foundations, outputs, environments, adopted, logical)


def _note(draft: _Draft, urn: str, path: Path, outputs: Mapping[str, Any]) -> None:
    draft.parts[path] = outputs
    value = outputs.get("output")
    if path == ("spec",):
        draft.spec = read_spec(value)
    elif path == ("record",):
        draft.record = read_record(value)
        if draft.record is None:
            raise _unreadable(urn, what="record")
    elif path == ("failed",):
        draft.failure = read_failure(value)
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
