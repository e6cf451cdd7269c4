"""The labs of the original as stacks: one subscription, one stack file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from factory.importer.labs import OldLab, is_subscription
from factory.importer.notes import Kind, Notes
from factory.settings.stack import NAMESPACE
from factory.settings.stack_file import stack_file_name


@dataclass(frozen=True)
class Choices:
    """What the original was told at each run, or what only people know."""

    stack: str
    region: str = ""
    factory_lab: str = ""
    factory_group: str = ""
    factory_subscription: str = ""
    keep: int | None = None


@dataclass(frozen=True)
class NewStack:
    """One ``Pulumi.<name>.yaml``: its configuration with full keys."""

    name: str
    config: dict[str, Any]

    @property
    def file(self) -> str:
        """What the file is called."""
        return stack_file_name(self.name)


def stack_files(labs: Sequence[OldLab], choices: Choices, notes: Notes) -> list[NewStack]:
    """Make a stack of each subscription, the factory's first; it builds, the others receive.

    A stack names one lab of a name; one of the same name in another group has a stack of its own.
    """
    spelled = {lab.subscription.lower(): lab.subscription for lab in reversed(labs)}
    by_subscription: dict[str, list[OldLab]] = {}
    namesakes: list[OldLab] = []
    for lab in labs:
        its = by_subscription.setdefault(spelled[lab.subscription.lower()], [])
        taken = any(each.name.lower() == lab.name.lower() for each in its)
        (namesakes if taken else its).append(lab)
    first = next(iter(by_subscription), "<subscription id of the factory lab>")
    home = choices.factory_subscription or first
    home = spelled.get(home.lower(), home)
    if not choices.factory_subscription:
        why = f"is not in Labs.json; {home} is taken, say --factory-subscription if it is another"
        notes.add(Kind.DIFFERENT, "Labs.json", "the factory lab's subscription", why)
    made = [_building(home, by_subscription.pop(home, []), choices, notes)]
    for number, (subscription, its) in enumerate(by_subscription.items(), 1):
        made.append(_receiving(subscription, _called(subscription, number), its, choices, notes))
    for number, lab in enumerate(namesakes, 2):
        called = f"{_called(lab.subscription, 1)}-{number}"
        made.append(_receiving(lab.subscription, called, [lab], choices, notes))
        made[-1].config[f"{NAMESPACE}:resourceGroup"] += f"-{number}"
        why = f"has the name of another one in its subscription, so that it is in {made[-1].file}"
        notes.add(Kind.DIFFERENT, lab.where, lab.name, why)
    return made


def _building(subscription: str, labs: list[OldLab], choices: Choices, notes: Notes) -> NewStack:
    name = choices.factory_lab or "image-factory"
    others = [lab for lab in labs if lab.name.lower() != name.lower()]
    for lab in labs:
        if lab not in others:
            notes.lost(lab.where, lab.name, "is the factory lab, which holds every image anyway")
    factory: dict[str, Any] = {"name": name}
    if choices.factory_lab:
        factory["resourceGroup"] = choices.factory_group or f"<resource group of the lab {name}>"
        # What the portal calls the network of a lab, and what the original's definitions assume.
        factory |= {"create": False, "virtualNetwork": f"Dtl{name}", "subnet": f"Dtl{name}Subnet"}
    else:
        factory |= {"resourceGroup": choices.factory_group or "rg-image-factory", "create": True}
        why = "is made anew; say --factory-lab to build in the one that is there"
        notes.add(Kind.DIFFERENT, "stack files", "the factory lab", why)
    config = _common(subscription, others, choices)
    config[f"{NAMESPACE}:resourceGroup"] = "rg-image-factory"
    config[f"{NAMESPACE}:factoryLab"] = factory
    return _finished(NewStack(choices.stack, config), others, choices, notes)


def _called(subscription: str, number: int) -> str:
    return f"labs-{subscription[:8] if is_subscription(subscription) else number}"


def _receiving(
    subscription: str, called: str, labs: list[OldLab], choices: Choices, notes: Notes
) -> NewStack:
    config = _common(subscription, labs, choices)
    config[f"{NAMESPACE}:resourceGroup"] = "rg-image-factory-copies"
    config[f"{NAMESPACE}:receivesFrom"] = choices.stack
    return _finished(NewStack(called, config), labs, choices, notes)


def _common(subscription: str, labs: list[OldLab], choices: Choices) -> dict[str, Any]:
    regions = {lab.region for lab in labs if lab.region}
    region = choices.region or (regions.pop() if len(regions) == 1 else "")
    return {
        "azure-native:subscriptionId": subscription,
        "azure-native:location": region or "<region of this stack>",
    }


def _finished(stack: NewStack, labs: list[OldLab], choices: Choices, notes: Notes) -> NewStack:
    stack.config[f"{NAMESPACE}:labs"] = [_lab(lab, choices) for lab in labs]
    if choices.keep is not None:
        stack.config[f"{NAMESPACE}:keep"] = {"newest": choices.keep}
    wanting = [text for lab in stack.config[f"{NAMESPACE}:labs"] for text in lab.values()]
    if any(
        isinstance(text, str) and text.startswith("<") for text in wanting
    ) or not is_subscription(str(stack.config["azure-native:subscriptionId"])):
        why = "<...> stands for what the original's files do not say; validation refuses it"
        notes.add(Kind.DIFFERENT, stack.file, "placeholders", why)
    return stack


def _lab(lab: OldLab, choices: Choices) -> dict[str, Any]:
    return {
        "name": lab.name,
        "resourceGroup": lab.group or f"<resource group of the lab {lab.name}>",
        "region": lab.region or choices.region or f"<region of the lab {lab.name}>",
        "images": lab.patterns,
    }
