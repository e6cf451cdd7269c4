"""The stack's own state, read as a ledger: which versions it holds, and which parts of each.

It is read by factory/ledger/state_reader.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from factory.common import names
from factory.common.ownership import BuildKey
from factory.common.versions import Version
from factory.ledger.catalogue import first_name
from factory.ledger.failed_builds import FailedBuilds
from factory.ledger.record import Failure, Record, Spec

IMAGE_TYPE = "imagefactory:index:Image"
# The stack output that says what labs held before the last run and were still to hold after it.
HOLDINGS = "holdings"
Path = tuple[str, ...]


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
    # How the state calls the labs that are called by their places here (lab_places.py).
    lab_paths: Mapping[str, Path] = field(default_factory=dict)

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
    def build(self) -> BuildKey:
        """Which build it is, as far as that was written down."""
        facts = self.record or self.spec
        return facts.build if facts is not None else BuildKey(self.identity, str(self.version))

    @property
    def labs(self) -> frozenset[str]:
        """Names of the labs that hold it, besides the factory lab."""
        return frozenset(path[1] for path in self.parts if path[0] == "lab")

    @property
    def regions(self) -> frozenset[str]:
        """The regions that have a copy or managed image of it."""
        return frozenset(path[1] for path in self.parts if path[0] in {"copy", "image"})

    @property
    def protected(self) -> bool:
        """Tell whether the engine may refuse to delete it; written first, taken away last."""
        return ("protected",) in self.parts

    @property
    def going_on(self) -> bool:
        """Tell whether its build was begun and never came to a release."""
        return self.record is None and self.spec is not None

    @property
    def foreign(self) -> bool:
        """Tell whether a building stack brought it here to build on; another stack built it."""
        return ("guest",) in self.parts

    @property
    def attempt(self) -> int:
        """The newest attempt whose VM the ledger knows, 1 if none."""
        return max(self.attempts("vm"), default=1)

    @property
    def worked_on(self) -> bool:
        """Tell whether the last run noted that it worked on it; this one drops the note."""
        return any(path[0] == "run" for path in self.parts)

    @property
    def has_vm(self) -> bool:
        """Tell whether the ledger has a VM of it, to build or to verify."""
        return any(path[0] in {"vm", "verify"} for path in self.parts)

    def attempts(self, kind: str) -> list[int]:
        """List the attempts to build (``vm``) or to verify (``verify``) that had a VM."""
        return sorted(int(path[1]) for path in self.parts if path[0] == kind)


@dataclass(frozen=True)
class Foundation:
    """A group, lab or network that this stack made; ``state`` is what the engine last saw.

    ``stack`` is the name of the stack in its tags.
    """

    kind: str
    name: str
    state: str = ""
    stack: str = ""


@dataclass(frozen=True)
class Ledger:
    """Everything that the plan needs to know of the past."""

    held: Mapping[tuple[str, Version], Held] = field(default_factory=dict)
    # The newest number that each definition had used up before the last run.
    used_up: Mapping[str, Version] = field(default_factory=dict)
    # How often each definition's last builds had failed, as of the last run.
    failed_builds: Mapping[str, FailedBuilds] = field(default_factory=dict)
    foundations: Mapping[str, Foundation] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)
    # Images of the original factory, by adopted/<lab>/<name>: their outputs.
    adopted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    # By logical name, as far as the state says: ARM ids of everything, and regions.
    ids: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    # The id of this state, "" if it began before there were any.
    state: str = ""
    # How groups and the factory lab were written at the last run: factory/ledger/name_in_state.py.
    spelled: Mapping[str, str] = field(default_factory=dict)
    # The stack's own tags at the last run.
    own_tags: Mapping[str, str] = field(default_factory=dict)
    # By logical name: the outputs of foundations, artifact sources among them.
    made: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # By logical name: the tags that things had when the engine last saw them.
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # By artifact source: a digest of the token that it was last given, where secrets are read.
    tokens: Mapping[str, str] = field(default_factory=dict)
    # By logical name: how many that were replaced are still to be deleted, since that failed.
    pending: Mapping[str, int] = field(default_factory=dict)
    # Logical names of what was deleted to be replaced, and was not made again: the state has them.
    unmade: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Tell whether nothing was ever recorded: a first run, or a state that was lost."""
        return not self.held and not self.used_up and not self.foundations

    @property
    def without_id(self) -> frozenset[str]:
        """The logical names of what was made when the state had no id: it keeps its tags."""
        tagged = self.tags.items()
        return frozenset(
            name for name, tags in tagged if names.STACK in tags and names.STATE not in tags
        )

    @property
    def first_name(self) -> str:
        """The stack's full name when it began, which its tags say; "" if there is nothing yet.

        The engine renames a stack in its state alone (`pulumi stack rename`, another backend).
        What a run made that was cut off before its outputs were saved has the name in its tags.
        """
        store = self.foundations.get("factory/store")
        return first_name(self.outputs) or (store.stack if store else "")

    @cached_property
    def last_versions(self) -> Mapping[str, Version]:
        """The newest number that this very state ever gave to each definition."""
        last = dict(self.used_up)
        for identity, version in self.held:
            last[identity] = max(version, last.get(identity, version))
        return last

    def of(self, identity: str) -> list[Held]:
        """Give the versions of one definition, oldest first."""
        return list(self._by_identity.get(identity, ()))

    @cached_property
    def _by_identity(self) -> Mapping[str, Sequence[Held]]:
        found: dict[str, list[Held]] = {}
        for _, held in sorted(self.held.items()):
            found.setdefault(held.identity, []).append(held)
        return found

    def about(self, key: tuple[str, Version]) -> Held:
        """Give what is held of a version; nothing of it is as good an answer."""
        return self.held.get(key) or Held(*key, {})

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
