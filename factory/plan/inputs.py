"""What the plan is a function of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from factory.common.ownership import Owner
from factory.common.patterns import takes_any
from factory.definitions.lineage import parent_of, present_names
from factory.definitions.loader import Image
from factory.definitions.lock_file import Lock
from factory.ledger.catalogue import Catalogue
from factory.ledger.model import Held, Ledger
from factory.ledger.recovered_file import Recovered
from factory.observed.model import Observed
from factory.settings.policy_file import NO_POLICIES, Policies
from factory.settings.selection import builds, selected
from factory.settings.stack import Settings


@dataclass(frozen=True)
class Inputs:
    """Everything that the plan is a function of. ``lock`` is there for a locked stack alone.

    ``catalogue`` is what a receiving stack takes from, ``parents`` where a building one finds what
    other stacks build and its own definitions are built on. ``sources`` are the full names of the
    stacks that either comes from.
    ``stack`` is the full name that this stack's tags say: the one it began under. If it was renamed
    since, ``renamed`` is its full name now.
    ``state`` is the id of its state, "" if it began before states had one: then it gets the id
    ``fresh`` by the next run that changes something.
    ``recovered`` is what a lost state is made again from; the ledger has it in already.
    ``policies`` are a company's rules, with what the definitions and settings break of them.
    ``tokens`` has a digest of the token of each artifact source, "" where secrets are not read.
    """

    stack: str
    images: Mapping[str, Image]
    settings: Settings
    ledger: Ledger
    observed: Observed
    commit: str = "unknown"
    catalogue: Catalogue | None = None
    lock: Lock | None = None
    parents: Catalogue | None = None
    sources: tuple[str, ...] = ()
    recovered: Recovered | None = None
    renamed: str = ""
    state: str = ""
    fresh: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    policies: Policies = NO_POLICIES

    @property
    def owner(self) -> Owner:
        """What the tags of all that is this stack's say."""
        return Owner(self.stack, self.state)

    @property
    def name(self) -> str:
        """The stack's full name, as the engine and its user know it now."""
        return self.renamed or self.stack

    @cached_property
    def _present(self) -> Mapping[str, str]:
        return present_names(self.images)

    def present(self, identity: str) -> str:
        """Give what a definition is called now; versions keep the name they were built under."""
        return self._present.get(identity, identity)

    @property
    def serials(self) -> Mapping[str, int]:
        """The serials of all catalogues that were read, by stack."""
        return {
            stack: serial
            for each in (self.catalogue, self.parents)
            if each is not None
            for stack, serial in each.serials.items()
        }

    @cached_property
    def here(self) -> Mapping[str, Image]:
        """The definitions that this stack has to do with; see :func:`selected`."""
        return selected(self.images, self.settings)

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """The definitions that this stack builds, by the one that they are built on."""
        found: dict[str, list[str]] = {}
        for identity in sorted(self.here):
            parent = parent_of(self.here[identity])
            if parent is not None:
                found.setdefault(parent, []).append(identity)
        return found

    def elsewhere(self, identity: str) -> bool:
        """Tell whether another stack builds a definition, by any of its names.

        A definition that left git is built by nobody.
        """
        now = self.present(identity)
        return now in self.images and not builds(self.settings, now)

    def names_of(self, identity: str) -> tuple[str, ...]:
        """Give all names a definition ever had, the present one first, by any of them."""
        now = self.present(identity)
        image = self.images.get(now)
        return image.names if image is not None else (now,)

    def held_of(self, identity: str) -> list[Held]:
        """Give the versions of a definition under all its names, oldest first."""
        found = [held for name in self.names_of(identity) for held in self.ledger.of(name)]
        return sorted(found, key=lambda held: (held.version, held.built))

    def takes(self, patterns: Sequence[str], identity: str) -> bool:
        """Tell whether patterns take a definition, by its present name or a former one."""
        return takes_any(patterns, self.names_of(identity))
