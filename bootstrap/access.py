"""What each identity may do, and where: read from the factory's own stack files; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from factory.azure.resources import lab_id
from factory.azure.roles import Role
from factory.common.errors import Problems
from factory.ledger.foundations import group_id
from factory.ledger.foundations import groups as own_groups
from factory.settings.loader import parse_settings
from factory.settings.stack import FactoryLab, TargetLab
from factory.settings.stack import Settings as Factory
from factory.settings.stack_file import read_stack_file, with_defaults


@dataclass(frozen=True)
class Right:
    """A role of the factory at a scope: a subscription, group or lab."""

    role: Role
    scope: str


def read_stacks(folder: Path, names: Iterable[str], problems: Problems) -> dict[str, Factory]:
    """Read the settings of the factory's stacks from their files; faults go to ``problems``."""
    found: dict[str, Factory] = {}
    for name in names:
        file = folder / f"Pulumi.{name}.yaml"
        if not file.is_file():
            problems.error(
                file.name,
                f"the factory has no stack {name}: there is no such file",
                "write it first, or take the name out of image-factory-bootstrap:stacks",
            )
            continue
        stack = read_stack_file(file, file.name, problems)
        settings = parse_settings(with_defaults(stack, folder / "Pulumi.yaml"), stack, problems)
        if settings is not None:
            found[name] = settings
        elif stack.elsewhere:
            problems.error(
                file.name,
                "its subscription or resource group comes from an environment, which is not read",
                "write both into the file",
            )
    _check_sources(found, problems)
    return found


def _check_sources(stacks: Mapping[str, Factory], problems: Problems) -> None:
    for name, settings in stacks.items():
        for source in sources(settings):
            if _plain(source) not in stacks:
                problems.error(
                    f"Pulumi.{name}.yaml",
                    f"receives from {source}, which is none of image-factory-bootstrap:stacks",
                    "name it there too: its resource group is where the copies come from",
                )


def subscriptions(stacks: Mapping[str, Factory]) -> list[str]:
    """Give every subscription of the factory once, in the order of its stacks."""
    return list(dict.fromkeys(settings.subscription_id for settings in stacks.values()))


def rights(name: str, stacks: Mapping[str, Factory]) -> list[Right]:
    """Give what the identity of a stack may do: docs/permissions.md, as a table."""
    settings = stacks[name]
    found = [Right(Role.STORE, group_id(settings))]
    found += [Right(Role.RECEIVE, _lab_id(settings, lab)) for lab in settings.labs]
    if settings.factory_lab:
        found += _building(settings, settings.factory_lab)
    for group in dict.fromkeys(group_id(stacks[each]) for each in _builders(settings, stacks)):
        found.append(Right(Role.SOURCE, group))
    for lab in dict.fromkeys(each.lab for each in settings.environments):
        found.append(Right(Role.ENVIRONMENTS, _lab_id(settings, settings.lab_named(lab))))
    return found


def _building(settings: Factory, lab: FactoryLab) -> Iterator[Right]:
    home = f"/subscriptions/{settings.subscription_id}"
    group = f"{home}/resourceGroups/{lab.resource_group}"
    own = lab.vm_resource_group
    yield Right(Role.OFFERS, home)
    # Before the first run there is no lab to assign anything on, only its group.
    yield Right(Role.BUILD, group if lab.create else _lab_id(settings, lab))
    if lab.create:
        yield Right(Role.LAB, group)
    # The lab makes a group for each VM otherwise: nothing below the subscription has them all.
    yield Right(Role.DISKS, f"{home}/resourceGroups/{own}" if own else home)


def _lab_id(settings: Factory, lab: TargetLab | FactoryLab) -> str:
    return lab_id(settings.subscription_id, lab.resource_group, lab.azure_name)


def groups(stacks: Mapping[str, Factory]) -> dict[str, str]:
    """Give the region of every group that stacks may make themselves, by its id.

    Azure has no right to make one certain group, only any in a subscription: so they are made here.
    """
    return {
        f"/subscriptions/{settings.subscription_id}/resourceGroups/{group.name}": settings.region
        for settings in stacks.values()
        for group in own_groups(settings).values()
        if group.create
    }


def looking(stacks: Mapping[str, Factory]) -> list[Right]:
    """Give what the identity of pull requests may do: read, in every subscription."""
    return [Right(Role.LOOK, f"/subscriptions/{each}") for each in subscriptions(stacks)]


def split(wanted: Iterable[Right], there: Callable[[str], bool]) -> tuple[list[Right], list[Right]]:
    """Part what can be assigned now from what waits for a group or lab that is not made yet."""
    now: list[Right] = []
    later: list[Right] = []
    for right in wanted:
        narrow = "/resourceGroups/" in right.scope
        (later if narrow and not there(right.scope) else now).append(right)
    return now, later


def sources(settings: Factory) -> list[str]:
    """Name the stacks whose snapshots are copied from: for labs, or to build on."""
    return list(dict.fromkeys([*settings.receives_from, *settings.parents_from]))


def source_names(settings: Factory) -> list[str]:
    """Name them as this program does, without organization and project."""
    return list(dict.fromkeys(_plain(name) for name in sources(settings)))


def _builders(settings: Factory, stacks: Mapping[str, Factory]) -> Iterator[str]:
    """Name the stacks whose snapshots are copied: those that built what arrives by any chain."""
    seen: set[str] = set()
    waiting = source_names(settings)
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if stacks[name].builds:
            yield name
        waiting += [_plain(each) for each in stacks[name].receives_from]


def _plain(stack: str) -> str:
    return stack.rpartition("/")[2]
