"""How large the disks of versions are, as far as a record tells.

Sizes are those that disks are provisioned with: Azure bills used bytes for an incremental snapshot,
which nobody knows before.
"""

from __future__ import annotations

from factory.definitions.definition import Os
from factory.ledger.record import Record, Spec
from factory.plan.inputs import Inputs

# What marketplace images of each family are provisioned with, as long as none was built here.
DEFAULT_GIB = {Os.WINDOWS: 127, Os.LINUX: 30}


class Sizes:
    """Disk sizes in GiB: by a version's record, or the newest of its definition, parent or base."""

    def __init__(self, inputs: Inputs) -> None:
        self._present = inputs.present
        self._by_identity: dict[str, int] = {}
        self._by_base: dict[str, int] = {}
        told = (each.entries.values() for each in (inputs.catalogue, inputs.parents) if each)
        held = inputs.ledger.held.values()
        records = [entry.record for entries in told for entry in entries]
        records += [each.record for each in held if each.record is not None]
        for record in sorted(records, key=lambda record: record.parsed()):
            self._by_identity[inputs.present(record.definition)] = int(record.disk_size_gb)
            self._by_base[record.base] = int(record.disk_size_gb)

    def of(self, record: Record | None, spec: Spec | None) -> int:
        """Give the size of a version by what is known of it; 0 if that is nothing."""
        if record is not None:
            return int(record.disk_size_gb)
        return self.of_spec(spec) if spec is not None else 0

    def of_spec(self, spec: Spec) -> int:
        """Give the size to expect of a build, the usual one of its system if no record tells."""
        return self._known(spec) or DEFAULT_GIB[spec.content.os]

    def guesses(self, spec: Spec) -> bool:
        """Tell whether no record says how large a build will be."""
        return self._known(spec) is None

    def _known(self, spec: Spec) -> int | None:
        parent = spec.parent.partition("@")[0]
        return (
            self._by_identity.get(self._present(spec.definition))
            or self._by_identity.get(self._present(parent))
            or self._by_base.get(spec.content.base.urn)
        )
