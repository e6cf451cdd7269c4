"""Whose something in Azure is, and of which build, as its tags say.

A stack's name is no proof: two factories may have stacks of one name, and one that was destroyed
and made again gives the same numbers to other bytes. So every state makes up an id, once, which
stands in the tags of all that is made from then on; and a build is known by its content and time.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from factory.common import names


def new_state_id() -> str:
    """Make up the id of a state."""
    return secrets.token_hex(6)


@dataclass(frozen=True)
class Owner:
    """A stack by its full name, and the id of its state; "" in one that has none yet."""

    stack: str
    state: str = ""

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.stack} (state {self.state})" if self.state else self.stack

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything that is its own."""
        state = {names.STATE: self.state} if self.state else {}
        return {names.STACK: self.stack, **state}


@dataclass(frozen=True)
class BuildKey:
    """One build of one definition: what is in it, and when it began, besides its number."""

    definition: str
    version: str
    fingerprint: str = ""
    built: str = ""

    def same(self, other: BuildKey) -> bool:
        """Tell whether another is of the same content and time; the number alone says nothing."""
        return (self.fingerprint, self.built) == (other.fingerprint, other.built)


class Tagged:
    """Something in Azure that may carry our tags."""

    tags: Mapping[str, str]

    @property
    def owner(self) -> Owner | None:
        """Whose it is; None if it is no image factory's."""
        stack = self.tags.get(names.STACK)
        return Owner(stack, self.tags.get(names.STATE, "")) if stack else None

    def belongs_to(self, owner: Owner) -> bool:
        """Tell whether it carries this state's id; what does not, does not exist for us.

        For a state without one, whether it carries this stack's name and no id.
        """
        mine = self.owner
        if mine is None or not owner.state:
            return mine == owner
        return mine.state == owner.state

    def nameless(self, owner: Owner) -> bool:
        """Tell whether it was made under this stack's name by a state that had no id then."""
        return bool(owner.state) and self.owner == Owner(owner.stack)

    def made_under(self, owner: Owner) -> bool:
        """Tell whether it is this state's, or was made under this stack's name before any ids."""
        return self.belongs_to(owner) or self.nameless(owner)

    def may_be(self, owner: Owner) -> bool:
        """Tell whether it is this state's by its id or, where either has none, may be by name."""
        mine = self.owner
        if mine is not None and mine.state and owner.state:
            return mine.state == owner.state
        return mine is not None and mine.stack == owner.stack

    def is_of(self, build: BuildKey) -> bool:
        """Tell whether its tags say that it is of this build; what they leave out is believed."""
        said = {names.FINGERPRINT: build.fingerprint, names.BUILT: build.built}
        return (self.tags.get(names.DEFINITION), self.tags.get(names.VERSION)) == (
            build.definition,
            build.version,
        ) and all(self.tags.get(tag, text) == text for tag, text in said.items() if text)

    def is_ours(self, owner: Owner, build: BuildKey) -> bool:
        """Tell whether it is of this build of this state, which it has to show if it has no id."""
        known = bool(build.built) and self.tags.get(names.BUILT) == build.built
        return self.is_of(build) and (self.belongs_to(owner) or (known and self.nameless(owner)))
