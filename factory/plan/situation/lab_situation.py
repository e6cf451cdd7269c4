"""One lab as the plan finds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from factory.observed.model import Thing, Use
from factory.plan.situation.version_situation import VersionSituation
from factory.settings.stack import NAMESPACE, TargetLab


@dataclass(frozen=True, eq=False)
class LabSituation:
    """A lab of the settings, or the stack's own as one that foreign parents are delivered to.

    ``there`` is False for one that does not exist, None where nobody looked; ``region`` is where
    Azure has it. ``gone``: it held something once and is there no more; ``unread`` says why it
    cannot be read. ``images`` are its custom images by lower-cased name, None where nobody looked:
    then the ledger is believed. ``before`` has the versions that it held at the last run, which a
    refreshed state no longer shows.
    """

    spec: TargetLab
    there: bool | None = None
    region: str = ""
    gone: bool = False
    unread: str | None = None
    images: Mapping[str, Thing] | None = None
    uses: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """Its name in Azure."""
        return self.spec.name

    @property
    def old_place(self) -> bool:
        """Tell whether it is where a lab was that the settings say to be elsewhere now."""
        return self.spec.old_place

    @property
    def reachable(self) -> bool:
        """Tell whether anything can be brought there: others go on, it stays as it is."""
        return not self.gone and self.unread is None

    @property
    def fault(self) -> tuple[str, str]:
        """Say of a lab out of reach what is wrong and what to do.

        One that never held anything and is not there is a mistake in the settings, which stops the
        run (factory/plan/verdicts/guards.py); one that is gone meanwhile is somebody else's deed.
        """
        if self.unread is not None:
            todo = "give the identity its role there (permissions.md)"
            return f"it cannot be read: {self.unread}", todo
        where = f"in resource group {self.spec.resource_group}"
        todo = f"ask its owner; if it is gone for good, take it out of {NAMESPACE}:labs"
        return f"there is no lab {self.name} {where} any more", todo

    def thing(self, name: str) -> Thing | None:
        """Give what Azure shows under an image's name, None if nothing is there."""
        return (self.images or {}).get(name.lower())

    def has(self, version: VersionSituation) -> bool:
        """Tell whether it really has a version: by the ledger, and whole in Azure.

        What somebody deleted, or what Azure never finished, is no reason to let an older one go.
        """
        if self.name not in version.labs or self.gone:
            return False
        if self.images is None:
            return True
        found = self.thing(version.image_name)
        return found is not None and not found.broken

    def had(self, identity: str, number: str) -> bool:
        """Tell whether it held a version at the last run."""
        return number in self.before.get(identity, ())
