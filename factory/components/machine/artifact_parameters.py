"""What artifacts are given: plain text, secrets of the stack, secrets of key vaults.

The one place where a secret is text. It goes from here into one request, and into nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from factory.azure.key_vault import VaultError
from factory.definitions.definition import Artifact, SecretRef, VaultRef

Read = Callable[[VaultRef], str]
# Shorter ones would black out half of every sentence and hide nothing.
_SHORTEST = 3
_MASK = "***"


@dataclass(frozen=True)
class Parameters:
    """The values of one build. ``secrets`` are the stack's, ``read`` reads one of a key vault."""

    secrets: Mapping[str, str]
    read: Read
    _seen: dict[VaultRef, str] = field(default_factory=dict, repr=False)

    def of(self, artifact: Artifact) -> dict[str, str]:
        """Give the values of an artifact's parameters; asks key vaults, so it blocks.

        Raises :class:`VaultError`.
        """
        return {name: self._value(value) for name, value in artifact.parameters.items()}

    def masked(self, artifact: Artifact, text: str) -> str:
        """Take every secret out of what an artifact said: scripts print what they were given.

        What a run that was cut off gave it is read once more for that; if that fails, nothing of
        the text is told.
        """
        try:
            self.of(artifact)
        except VaultError as error:
            return f"(its text may show a secret and is withheld: {error})"
        for value in sorted({*self.secrets.values(), *self._seen.values()}, key=len, reverse=True):
            if len(value) < _SHORTEST:
                continue
            for form in (value, json.dumps(value)[1:-1]):
                text = text.replace(form, _MASK)
        return text

    def _value(self, value: str | SecretRef | VaultRef) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, SecretRef):
            return self.secrets[value.secret]
        # Read anew at every use, so that a value that was rotated is the new one.
        self._seen[value] = found = self.read(value)
        return found


def no_vaults(ref: VaultRef) -> str:
    """Stand in for key vaults where there are none. Raises :class:`VaultError`."""
    msg = f"{ref} cannot be read: no key vault is connected"
    raise VaultError(msg)
