"""Places in Azure that two stacks take for their own, as far as their files say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from factory.common.errors import Problems
from factory.common.patterns import takes_any
from factory.definitions.lineage import Image
from factory.settings.selection import selected
from factory.settings.stack import Settings
from factory.settings.stack_file import StackFile


def check_apart(
    images: Mapping[str, Image],
    stacks: Sequence[tuple[StackFile, Settings]],
    problems: Problems,
) -> None:
    """Note each place that a stack before took already.

    What both make, one cannot. In a lab that both bring images to, neither touches the other's; a
    factory lab that one makes and another adopts is shared on purpose (docs/several-stacks.md).
    """
    for at, (stack, settings) in enumerate(stacks):
        home = settings.subscription_id.lower()
        others = [each for each in stacks[:at] if each[1].subscription_id.lower() == home]
        for setting, group in _groups(settings):
            for other, theirs in others:
                if there := next((at for at, name in _groups(theirs) if _same(name, group)), ()):
                    problems.error(
                        stack.place(*setting),
                        f"the resource group {group} is made by this stack and by {other.stack} "
                        f"({other.place(*there)})",
                        "give each stack a group of its own",
                    )
                    break
        for lab in _labs(images, settings):
            for other, theirs in others:
                taken = next((each for each in _labs(images, theirs) if lab.shared(each)), None)
                if taken is not None:
                    _lab(stack, lab, other, taken, problems)
                    break


def _lab(stack: StackFile, lab: _Lab, other: StackFile, there: _Lab, problems: Problems) -> None:
    what = f"the lab {lab.name} is named by {other.stack} too ({other.place(*there.setting)})"
    if both := sorted(lab.brought & there.brought):
        more = f" (and {len(both) - 1} more)" if len(both) > 1 else ""
        todo = "let one stack bring a definition there"
        problems.error(stack.place(*lab.setting), f"{what}, and both bring {both[0]}{more}", todo)
    else:
        todo = "sound as long as they bring different definitions there"
        problems.warn(stack.place(*lab.setting), what, todo)


@dataclass(frozen=True)
class _Lab:
    """A lab as a stack names it, where, and the definitions that it brings there."""

    setting: tuple[str | int, ...]
    group: str
    name: str
    brought: AbstractSet[str]
    made: bool | None = None

    def shared(self, other: _Lab) -> bool:
        """Tell whether it is the same lab, and not one that is made for the other to adopt."""
        meant = None not in (self.made, other.made) and self.made != other.made
        return not meant and _same(self.group, other.group) and _same(self.name, other.name)


def _same(one: str, other: str) -> bool:
    """Compare as Azure does, which knows no letter case."""
    return one.lower() == other.lower()


def _groups(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give the settings that have a group made, with its name."""
    if settings.group.create:
        yield ("resourceGroup",), settings.resource_group
    if (apart := settings.lab_apart) and apart.group.create:
        yield ("factoryLab", "resourceGroup"), apart.resource_group


def _labs(images: Mapping[str, Image], settings: Settings) -> Iterator[_Lab]:
    found = selected(images, settings) if settings.builds else images
    if own := settings.factory_lab:
        yield _Lab(("factoryLab",), own.resource_group, own.name, found.keys(), own.create)
    for at, lab in enumerate(settings.labs):
        taken = {name for name, each in found.items() if takes_any(lab.images, each.names)}
        yield _Lab(("labs", at), lab.resource_group, lab.name, taken)
