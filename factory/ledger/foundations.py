"""What a stack stands on: its group, and the lab and network that it made; names and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from factory.common.ownership import Owner
from factory.ledger.model import Foundation, Ledger
from factory.observed.model import Observed, Thing, under_way
from factory.settings.sibling_stacks import ANY_SUBSCRIPTION, read_sibling
from factory.settings.stack import Group, Settings

SUBNET = "build"
# The state of a foundation that the ledger knows no other of.
UNFINISHED = "unfinished"
STORE, LAB_GROUP = "factory/store", "factory/group"
SOURCE = "factory/source/"
GUARD = "factory/security-group"
# What each is, by its logical name; all others are artifact sources.
FOUNDATION_KINDS = {
    STORE: "resource group",
    LAB_GROUP: "resource group",
    "factory/address": "public IP address",
    "factory/nat": "NAT gateway",
    GUARD: "network security group",
    "factory/network": "virtual network",
    "factory/lab": "lab",
    "factory/lab-network": "lab network",
}
LAB = "factory/lab"
# Nothing of anybody can be in one that was never finished; in a group there might be. So in a lab,
# which factory/components/gates.py clears only if it is empty.
REMADE = ("factory/address", "factory/nat", GUARD, "factory/network", "factory/lab-network", LAB)


def group_id(settings: Settings) -> str:
    """Give the ARM id of the stack's own resource group."""
    return f"/subscriptions/{settings.subscription_id}/resourceGroups/{settings.resource_group}"


def chain_of(
    folder: Path | None, stack: str, full_name: Callable[[str], str]
) -> dict[str, str] | None:
    """Give, by full name, the group's id of a stack and of every one before it, by their files.

    None unless all their files lie in ``folder`` and say where they are: then nobody knows.
    """
    found: dict[str, str] = {}
    waiting = [stack]
    while waiting:
        name = waiting.pop()
        short = name.rpartition("/")[2]
        read = read_sibling(folder, short) if full_name(short) == name else None
        if read is None or read[1].subscription_id == ANY_SUBSCRIPTION:
            return None
        found[name] = group_id(read[1])
        waiting += [each for each in map(full_name, read[1].receives_from) if each not in found]
    return found


def compute_id(settings: Settings, kind: str, name: str = "") -> str:
    """Give the ARM id of a snapshot or image in that group, or of all of a kind."""
    return f"{group_id(settings)}/providers/Microsoft.Compute/{kind}{f'/{name}' if name else ''}"


def foundation_ids(settings: Settings) -> dict[str, str]:
    """Give the ARM ids of all foundations (and environments) of a stack, by their logical names."""
    root = f"/subscriptions/{settings.subscription_id}/resourceGroups"
    ids = {STORE: group_id(settings)}
    for each in settings.environments:
        home = settings.lab_named(each.lab)
        group = f"{root}/{home.resource_group}/providers/Microsoft.DevTestLab"
        ids[each.logical_name] = each.resource_id(f"{group}/labs/{home.name}")
    lab = settings.factory_lab
    if lab is None or not lab.create:
        return ids
    group = f"{root}/{lab.resource_group}"
    if settings.lab_apart:
        ids[LAB_GROUP] = group
    network = f"{group}/providers/Microsoft.Network"
    lab_id = f"{group}/providers/Microsoft.DevTestLab/labs/{lab.name}"
    ids |= {
        "factory/address": f"{network}/publicIPAddresses/{lab.name}-nat",
        "factory/nat": f"{network}/natGateways/{lab.name}-nat",
        GUARD: f"{network}/networkSecurityGroups/{lab.name}-network",
        "factory/network": f"{network}/virtualNetworks/{lab.name}-network",
        LAB: lab_id,
        "factory/lab-network": f"{lab_id}/virtualnetworks/{lab.name}-network",
    }
    for source in settings.artifact_sources:
        ids[f"{SOURCE}{source.name}"] = f"{lab_id}/artifactsources/{source.name}"
    return ids


def groups(settings: Settings) -> dict[str, Group]:
    """Give the groups that this stack stands on, by their logical names."""
    found, apart = {STORE: settings.group}, settings.lab_apart
    return found | {LAB_GROUP: apart.group} if apart else found


def lent(settings: Settings, observed: Observed, known: frozenset[str]) -> frozenset[str]:
    """Give the groups that others made: they are used as they are, never changed nor deleted.

    The settings say so of one, or it is there and nobody's: many may not make groups themselves.
    """
    found = set()
    for name, group in groups(settings).items():
        there = observed.foundations.get(name)
        nobodys = there is not None and there.owner is None
        if name not in known and (nobodys or not group.create):
            found.add(name)
    return frozenset(found)


def edited(settings: Settings, ledger: Ledger, name: str, tokens: Mapping[str, str]) -> list[str]:
    """Name what the settings say otherwise of a foundation than its outputs.

    A token's value is no output that could be compared: whether there is one is seen, and by its
    digest in ``tokens`` whether it is another, where secrets are read.
    """
    made, noted = ledger.made.get(name), ledger.own_tags
    if not made:
        return []
    lab, tags = settings.factory_lab, made.get("tags") or {}
    there = _lowered(tags)
    # What was noted and is not named any more is to be gone.
    own = dict.fromkeys(_lowered(noted)) | _lowered(settings.tags)
    wanted: dict[str, tuple[object, object]] = {"tags": (own, {tag: there.get(tag) for tag in own})}
    if name == "factory/network" and lab is not None:
        space, subnets = made.get("addressSpace") or {}, made.get("subnets") or [{}]
        wanted["network.addressSpace"] = ([lab.network.address_space], space.get("addressPrefixes"))
        # One that was made before there was any is given one.
        wanted["security group"] = (True, bool(subnets[0].get("networkSecurityGroup")))
        wanted["network.subnet"] = (lab.network.subnet, subnets[0].get("addressPrefix"))
    for source in settings.artifact_sources:
        if name == f"{SOURCE}{source.name}":
            wanted["uri"] = (source.uri, made.get("uri"))
            wanted["type"] = (source.type.value, made.get("sourceType"))
            wanted["branch"] = (source.branch, made.get("branchRef"))
            wanted["folder"] = (source.folder, made.get("folderPath"))
            now, before = tokens.get(source.name), ledger.tokens.get(source.name)
            there_is = bool(source.token), bool(made.get("securityToken"))
            wanted["token"] = (now, before) if now and before else there_is
    return [what for what, (new, old) in wanted.items() if new != old]


def _lowered(tags: Mapping[str, str]) -> dict[str, str]:
    return {tag.lower(): text for tag, text in tags.items()}


def located(ledger: Ledger, observed: Observed, settings: Settings, owner: Owner) -> Ledger:
    """Name the foundations that the state has no outputs of, by what Azure reports at their place.

    A run was interrupted while one was made, or waited for it in vain: the state has its id alone,
    which a program is not told. One that is not there is made where the settings say; a group,
    which may hold what was made, has to be there.
    """
    ids = foundation_ids(settings)

    def named(name: str, foundation: Foundation) -> Foundation:
        thing = observed.foundations.get(name)
        ours = thing is not None and thing.made_under(owner)
        gone = thing is None and name not in {STORE, LAB_GROUP}
        if foundation.name or name not in ids or not (ours or gone):
            return foundation
        return replace(foundation, name=ids[name].rsplit("/", 1)[1], state=UNFINISHED)

    found = {name: named(name, foundation) for name, foundation in ledger.foundations.items()}
    return replace(ledger, foundations=found)


def remade(observed: Observed, ledger: Ledger, owner: Owner) -> Mapping[str, str]:
    """Give the ids of our lab and parts of our network that Azure never ends making.

    See factory/plan/situation/hung.py.
    """
    found = {name: observed.foundations.get(name) for name in REMADE if name in ledger.foundations}
    return {
        name: thing.id
        for name, thing in found.items()
        if thing is not None
        and thing.made_under(owner)
        and in_the_making(name, thing)
        and under_way(ledger.foundations[name].state)
    }


def in_the_making(name: str, thing: Thing) -> bool:
    """Tell whether Azure is at work on one of them. A lab that is changed had been whole: no."""
    state = thing.provisioning_state
    return state.lower() == "creating" if name == LAB else under_way(state)


def adopted(
    observed: Observed, known: frozenset[str], owner: Owner, lent: frozenset[str]
) -> Mapping[str, str]:
    """Give the ids of foundations of ours that the state does not know: a run was killed there.

    ``known`` are the logical names in the state, ``lent`` is what others made. What does not carry
    this state's id is not ours, whatever it is called; the engine then says that it exists already.
    """
    return {
        name: thing.id
        for name, thing in observed.foundations.items()
        if name not in known | lent and thing.belongs_to(owner)
    }


def occupied(
    observed: Observed, known: frozenset[str], owner: Owner, lent: frozenset[str]
) -> Mapping[str, Thing]:
    """Give what others have where this stack is to make a foundation.

    A network of nobody's counts as well as there: only labs are refused for that.
    """
    return {
        name: thing
        for name, thing in observed.foundations.items()
        if name not in known | lent and not thing.belongs_to(owner)
        if name == LAB or (thing.owner and name.startswith("factory/"))
    }
