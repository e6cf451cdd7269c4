"""What has to hold after every week: nothing left over, nothing lost, no failure forgotten."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from unittest.mock import patch

from factory.cli.common.options import Place
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import FactoryError
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan
from factory.plan.planner import make_plan
from factory.plan.recovery.orphans import Fate
from factory.plan.situation.resolution import resolve
from factory.plan.verdicts.labs import EVERY_IMAGE
from tests.e2e.harness import FactoryUnderTest
from tests.e2e.leftovers import orphans_of
from tests.soak.company import KEEP, STACKS, Company

_REFUSED = re.compile(r"(?P<image>[a-z]\w*/\S+?)(?: \d{8}\.\d+)?(?: for lab \S+)? refused: ")
_OF_VERSION = re.compile(r"\((?P<image>[a-z]\w*/\S+?)@\d{8}\.\d+\S*\):")
# A step with one of these says that the image has work left, or what is wrong with it.
_TELLS = {
    Action.BUILD,
    Action.RESUME,
    Action.RECEIVE,
    Action.DELIVER,
    Action.RESTORE,
    Action.WAIT,
    Action.REFUSE,
    Action.WARN,
}


def failed_images(output: str) -> set[str]:
    """Name the images that a run says it failed: refused, or a resource of a version in error."""
    found = {match["image"] for match in _REFUSED.finditer(output)}
    return found | {match["image"] for match in _OF_VERSION.finditer(output)}


@dataclass
class Watch:
    """Remembers over the weeks what labs once had."""

    company: Company
    had: set[tuple[str, str]] = field(default_factory=set)

    @property
    def _factory(self) -> FactoryUnderTest:
        return self.company.factory

    def wrong(self, failed: Mapping[str, set[str]], away: str, *, settled: bool) -> list[str]:
        """Name everything that does not hold at the end of a week.

        ``failed`` are the images that failed in it by stack, ``away`` the lab that was not there;
        ``settled`` says that every last run went well, and nothing more is due.
        """
        found = [*self._orphans(), *self._labs(away, settled=settled)]
        for stack in STACKS:
            found += self._forgotten(stack, failed.get(stack, set()))
        return found

    def _orphans(self) -> Iterator[str]:
        for stack in STACKS:
            for each in orphans_of(self._factory, stack):
                if each.fate is not Fate.LEAVE:
                    yield f"{stack}: orphan {each.label}: {each.fate}: {each.why}"

    def _labs(self, away: str, *, settled: bool) -> Iterator[str]:
        held: Counter[tuple[str, str]] = Counter()
        for name, shown in self._factory.labs().items():
            for image in shown["customImages"]:
                identity = image["tags"].get("image-factory-definition")
                if identity and image["state"] == "Succeeded" and name != "image-factory":
                    held[name, identity] += 1
        living = {each for each in self.had if self.company.takes(*each) and each[0] != away}
        # What a run delivers pushes nothing out before the next one; one more may be under way.
        yield from lab_faults(held, living, KEEP + (0 if settled else 2))
        # What left git may go; if it comes back, labs are owed it once it is built again.
        self.had = {each for each in self.had | set(held) if self.company.takes(*each)}

    def _forgotten(self, stack: str, failed: Iterable[str]) -> Iterator[str]:
        failed = sorted(each for each in failed if each in self.company.living)
        if not failed:
            return
        try:
            inputs, plan = self.planned(stack)
        except FactoryError:
            return  # the whole stack says that it cannot run, and why
        for identity in failed:
            if why := unsettled(inputs, plan, identity):
                yield f"{stack}: {identity} failed, and the plan says nothing of it: {why}"

    def planned(self, stack: str) -> tuple[Inputs, Plan]:
        """Read one stack and plan it. Raises :class:`FactoryError` if it cannot run."""
        with patch.dict(os.environ, self._factory.env, clear=True):
            inputs = Stack(Place(stack, self._factory.home.work)).read().inputs
        return inputs, make_plan(inputs)


def lab_faults(
    held: Mapping[tuple[str, str], int], owed: Iterable[tuple[str, str]], most: int
) -> Iterator[str]:
    """Name labs without a good version of what they are owed, and those that hold too many.

    ``held`` counts the good versions by lab and definition.
    """
    for name, identity in sorted(set(owed) - set(held)):
        yield f"{name} has no good version of {identity} any more"
    for (name, identity), count in sorted(held.items()):
        if count > most:
            yield f"{name} holds {count} versions of {identity}, at most {most} are to be there"


def unsettled(inputs: Inputs, plan: Plan, identity: str) -> str:
    """Say what is not well with an image although its plan is silent; "" if all is well."""
    if any(step.identity == identity and step.action in _TELLS for step in plan.steps):
        return ""
    versions = inputs.held_of(identity)
    good = [held for held in versions if held.record and not held.retired]
    if not good:
        return "no good version"
    newest = good[-1]
    if any(held.failure and held.version > newest.version for held in versions):
        return f"a failed version is newer than {newest.version}"
    # A lab that cannot be reached is refused as a whole: that line tells of all its images.
    told = {step.lab for step in plan.steps if step.identity == EVERY_IMAGE}
    found = resolve(inputs).images[inputs.present(identity)]
    good_one = next(version for version in found.versions if version.held is newest)
    for lab in found.takers:
        if lab.name not in told and not lab.has(good_one):
            return f"{lab.name} does not have {newest.version}"
    return ""
