"""Reads ``policies.yaml``, a company's rules, and holds definitions and settings to them.

Rules are expressions of CEL over the values of ``factory/settings/policy_facts.py``. What versions
come to which labs only the plan knows: ``factory/plan/placement/version_policies.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from factory.common.errors import Problem, Problems
from factory.common.expression import Expression, ExpressionError, Given, Open, read_expression
from factory.common.fields import Strict, Text, formed
from factory.common.patterns import takes_any
from factory.common.yaml_file import Limits, Loc, YamlFile
from factory.definitions.definition import Definition
from factory.definitions.lineage import Image
from factory.definitions.loader import read_model
from factory.settings.policy_facts import image_facts, lab_facts, stack_facts
from factory.settings.selection import selected
from factory.settings.stack import NAMESPACE, Settings, TargetLab
from factory.settings.stack_file import StackFile

POLICIES = "policies.yaml"
Facts = dict[str, Any]


class Subject(StrEnum):
    """What a rule is asked of, one by one."""

    IMAGE = "image"
    LAB = "lab"
    STACK = "stack"
    VERSION = "version"


class Level(StrEnum):
    """What follows from a rule that does not hold: a warning, or that nothing is run."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


class Policy(Strict):
    """One rule: every ``on`` for which ``when`` holds has to be as ``rule`` says."""

    name: Annotated[
        str,
        formed(
            r"^[a-z0-9][a-z0-9-]{0,60}$",
            "a short name of small letters, digits and -",
            examples=["known-publishers"],
        ),
    ]
    """What messages call it."""
    on: Annotated[Subject, Field(examples=["image"])]
    """What it is asked of: every ``image``, ``lab``, ``version`` in a lab, or the ``stack``."""
    level: Annotated[Level, Field(examples=["advisory"])]
    """``advisory`` warns, ``mandatory`` stops the run."""
    rule: Annotated[str, Field(min_length=1, examples=["image.verified"])]
    """What has to be true, in CEL."""
    when: str = ""
    """Where the rule applies, in CEL; everywhere without it."""
    message: Annotated[Text, Field(examples=["production takes verified images alone"])]
    """What is told where it does not hold."""
    todo: Annotated[str, Field(max_length=512)] = ""
    """What to do about it."""


class PolicyFile(Strict):
    """The whole of ``policies.yaml``."""

    policies: Annotated[list[Policy], Field(max_length=200)]
    """The rules, each of one kind of thing: image, lab, stack or version."""


@dataclass(frozen=True)
class Rule:
    """A policy that was read: its place, and its expressions."""

    policy: Policy
    place: str
    rule: Expression
    when: Expression | None

    def broken(self, given: Given, problems: Problems) -> bool:
        """Tell whether it applies and does not hold.

        One that cannot be judged is an error, told of the first thing that shows it.
        """
        try:
            return (self.when is None or self.when.holds(given)) and not self.rule.holds(given)
        except ExpressionError as error:
            about = given.values[self.policy.on.value]
            name = about.get("file") or about.get("name") or about.get("number")
            if not any(each.where == self.place for each in problems.errors):
                problems.error(self.place, f"policy {self.policy.name}, asked of {name}: {error}")
            return False

    @property
    def told(self) -> tuple[str, str]:
        """What is said where it does not hold, and what to do."""
        policy = self.policy
        what = f"policy {policy.name} ({self.place}, {policy.level.value}): {policy.message}"
        return what, policy.todo


@dataclass(frozen=True)
class Policies:
    """A stack's rules. ``broken`` are mandatory ones that its definitions or settings break.

    ``stack`` is what rules know of it, ``labs`` and ``images`` what they know of these, by name.
    """

    rules: tuple[Rule, ...] = ()
    broken: tuple[Problem, ...] = ()
    stack: Mapping[str, Any] = field(default_factory=dict)
    labs: Mapping[str, Facts] = field(default_factory=dict)
    images: Mapping[str, Facts] = field(default_factory=dict)

    def on(self, subject: Subject) -> Iterator[Rule]:
        """Give the rules that are asked of a kind of thing."""
        return (each for each in self.rules if each.policy.on is subject)


NO_POLICIES = Policies()


@cache
def examples() -> Mapping[Subject, Facts]:
    """Give what each kind of rule is given, as an example: for its names and types."""
    base = {"publisher": "p", "offer": "o", "sku": "s"}
    raw = {"base": base, "os": "linux", "artifacts": ["a"], "verify": ["t"]}
    image = Image("a", "a.yaml", Definition.model_validate(raw))
    lab = TargetLab.model_validate(
        {"name": "l", "resourceGroup": "g", "region": "westeurope", "images": ["**"]}
    )
    settings = Settings.model_validate(
        {
            "subscriptionId": "00000000-0000-0000-0000-000000000000",
            "region": "westeurope",
            "resourceGroup": "g",
            "labs": [lab],
        }
    )
    version = {
        **dict.fromkeys(("number", "base", "baseVersion", "parent", "commit"), ""),
        "built": datetime(2026, 1, 1, tzinfo=UTC),
        "age": timedelta(days=1),
        "tags": Open(),
        **dict.fromkeys(("new", "newest"), True),
    }
    stack = {"stack": stack_facts(settings, "s")}
    images, labs = {"image": image_facts({}, image, settings)}, {"lab": lab_facts(lab)}
    return {
        Subject.IMAGE: images | stack,
        Subject.LAB: labs | stack,
        Subject.STACK: stack,
        Subject.VERSION: {"version": version} | images | labs | stack,
    }


def read_policies(root: Path, name: str, where: str, problems: Problems) -> tuple[Rule, ...]:
    """Read the rules of a project; there are none without the file, unless it has another name.

    ``where`` is the place of the setting that names it.
    """
    if not (root / name).is_file():
        if name != POLICIES:
            told = f"{NAMESPACE}:policies: there is no {name}"
            problems.error(where, told, "correct the name, or take it out")
        return ()
    read = read_model(root / name, name, problems, PolicyFile, Limits())
    if read is None:
        return ()
    found, file = read
    rules = []
    names = [each.name for each in found.policies]
    for at, policy in enumerate(found.policies):
        loc: Loc = ("policies", at)
        if policy.name in names[:at]:
            problems.error(file.place((*loc, "name")), f"the name {policy.name} is given twice")
        rule = _read(policy.rule, examples()[policy.on], file, (*loc, "rule"), problems)
        when = _read(policy.when, examples()[policy.on], file, (*loc, "when"), problems)
        if rule is not None:
            rules.append(Rule(policy, file.place((*loc, "rule")), rule, when))
    return tuple(rules)


def _read(
    text: str, known: Facts, file: YamlFile, loc: Loc, problems: Problems
) -> Expression | None:
    if not text:
        return None
    try:
        return read_expression(text, known)
    except ExpressionError as error:
        problems.error(file.place(loc), f"{loc[-1]}: {error}")
        return None


def check_policies(
    rules: tuple[Rule, ...],
    images: Mapping[str, Image],
    settings: Settings,
    stack: StackFile,
    problems: Problems,
) -> Policies:
    """Hold a stack's definitions and settings to the rules.

    What is advisory is noted as a warning; what cannot be judged as an error.
    """
    if not rules:
        return NO_POLICIES
    mine = selected(images, settings) if settings.builds else _taken(images, settings)
    said = stack_facts(settings, stack.stack)
    result = Policies(
        rules,
        stack=said,
        labs={lab.name.lower(): lab_facts(lab) for lab in settings.labs},
        images={name: image_facts(images, image, settings) for name, image in mine.items()},
    )
    broken: list[Problem] = []

    def judge(subject: Subject, given: Facts, place: Callable[..., str]) -> None:
        values = Given(given | {"stack": said})
        for rule in result.on(subject):
            if rule.broken(values, problems):
                found = Problem(place(*_place(rule, subject)), *rule.told)
                mandatory = rule.policy.level is Level.MANDATORY
                (broken if mandatory else problems.warnings).append(found)

    for name, image in mine.items():
        judge(Subject.IMAGE, {"image": result.images[name]}, image.place)
    for at, lab in enumerate(settings.labs):
        facts = {"lab": result.labs[lab.name.lower()]}
        judge(Subject.LAB, facts, partial(stack.place, "labs", at))
    judge(Subject.STACK, {}, stack.place)
    return replace(result, broken=tuple(broken))


def _taken(images: Mapping[str, Image], settings: Settings) -> Mapping[str, Image]:
    """Give the definitions that a receiving stack brings to a lab."""
    return {
        name: image
        for name, image in images.items()
        if any(takes_any(lab.images, image.names) for lab in settings.labs)
    }


# What rules call otherwise than files do.
_WRITTEN = {"root": "base", "parent": "base", "verified": "verify", "tests": "verify"}


def _place(rule: Rule, variable: Subject) -> Loc:
    """Give the field of a file that a rule is about: the first one that it names."""
    found = next((path[1:] for path in rule.rule.paths if path[0] == variable), ())
    first = _WRITTEN.get(found[0], found[0]) if found else ""
    return (first, *found[1:]) if first else ()
