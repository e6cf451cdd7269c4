"""What artifacts are given: plain text, secrets of the stack, secrets of key vaults.

The one place where a secret is text. It goes from here into one request, and into nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from factory.azure.key_vault import VaultError
from factory.common.errors import one_line
from factory.common.secret_mask import Mask
from factory.definitions.definition import Artifact, SecretRef, VaultRef

# With a moment: only if the value is still the one of then.
Read = Callable[..., str]


@dataclass(frozen=True)
class Parameters:
    """The values of one VM. ``secrets`` are all of the stack's, ``read`` reads one of a key vault.

    ``given`` is what this run has read, for whatever VM: an image keeps what its build was given.
    ``began`` is when the version's build began.
    """

    secrets: Mapping[str, str] = field(repr=False)
    read: Read
    given: dict[VaultRef, set[str]] = field(default_factory=dict, repr=False)
    began: datetime | None = None

    def of(self, artifact: Artifact) -> dict[str, str]:
        """Give the values of an artifact's parameters; asks key vaults, so it blocks.

        Raises :class:`VaultError`.
        """
        return {name: self._value(value) for name, value in artifact.parameters.items()}

    def masked(self, text: str, refs: Iterable[VaultRef]) -> str:
        """Give what a VM said in one line without any secret: scripts print what they were given.

        ``text`` is raw and whole, ``refs`` are those that its version is made with. What only a run
        that was cut off has read is read once more; if that fails, or is another value by now,
        nothing of the text is told.
        """
        try:
            for ref in refs:
                if ref not in self.given:
                    self._read(ref, self.began)
        except VaultError as error:
            return f"(its text may show a secret and is withheld: {error})"
        known = [value for values in self.given.values() for value in values]
        return one_line(Mask([*self.secrets.values(), *known])(text))

    def _value(self, value: str | SecretRef | VaultRef) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, SecretRef):
            return self.secrets[value.secret]
        # Read anew at every use, so that a value that was rotated is the new one.
        return self._read(value)

    def _read(self, ref: VaultRef, *given: datetime | None) -> str:
        found = self.read(ref, *given)
        self.given.setdefault(ref, set()).add(found)
        return found


def no_vaults(ref: VaultRef, _: datetime | None = None) -> str:
    """Stand in for key vaults where there are none. Raises :class:`VaultError`."""
    msg = f"{ref} cannot be read: no key vault is connected"
    raise VaultError(msg)
