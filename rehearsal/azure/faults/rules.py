"""A fault rule as people write it: whom it hits, how often, and the one thing that happens then."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from rehearsal.azure.faults.values import VALUES, count, methods_of, probability, whole

Json = dict[str, Any]

ARM_ALONE = "/subscriptions/*"  # a rule without a path leaves tokens and metadata alone
_WHOM = ("id", "method", "path", "type")
_HOW_OFTEN = ("nth", "times", "probability", "seed")
EFFECTS = (
    "status",
    "drop",
    "hold",
    "delay",
    "hang",
    "failLater",
    "artifact",
    "repository",
    "copyDies",
    "replicationFails",
    "capacity",
)
# What goes with one effect alone.
_DETAILS = {"code": "status", "message": "status", "retryAfter": "status"}
_NOT_BY_REQUEST = ("artifact", "repository")
_MACHINES = "microsoft.devtestlab/labs/virtualmachines"
_SOURCES = "microsoft.devtestlab/labs/artifactsources"
_SNAPSHOTS = "microsoft.compute/snapshots"
_VERSIONS = "microsoft.compute/galleries/images/versions"


@dataclass(frozen=True)
class ArtifactFault:
    """An artifact that fails: what its script says on its error output, and its exit code."""

    artifact: str
    vm: str = "*"
    message: str = "The script ended with an error."
    exit: int = 1

    def hits(self, artifact: str, vm: str) -> bool:
        """Tell whether this concerns an artifact on a VM, whatever the letter case."""
        return fnmatchcase(artifact.lower(), self.artifact.lower()) and fnmatchcase(
            vm.lower(), self.vm.lower()
        )


@dataclass(frozen=True)
class Rule:
    """A rule that was read: `effect` is one of EFFECTS, `value` what was written for it."""

    methods: tuple[str, ...]
    path: str
    type: str
    effect: str
    value: Any
    code: str
    message: str
    retry_after: int | None
    nth: int | None
    times: int | None
    probability: float
    seed: int

    def matches(self, method: str, path: str, kind: str) -> bool:
        """Tell whether a request is of the kind this rule hits; `kind` is its resource type."""
        return (
            (not self.methods or method in self.methods)
            and fnmatchcase(path.lower(), self.path)
            and (not self.type or fnmatchcase(kind.lower(), self.type))
        )

    @property
    def counted(self) -> bool:
        """Whether it matters which of the matching requests this is."""
        return self.nth is not None or self.times is not None or self.probability < 1

    def strikes(self, number: int, hits: int) -> bool:
        """Tell whether the rule hits the `number`th match (from 1), after so many hits.

        The same seed and number always give the same answer, whatever ran in between.
        """
        if self.nth is not None and number != self.nth:
            return False
        if self.times is not None and hits >= self.times:
            return False
        if self.probability >= 1:
            return True
        return random.Random(f"{self.seed}/{number}").random() < self.probability  # noqa: S311

    def spent(self, number: int, hits: int) -> bool:
        """Tell whether it can never hit again."""
        return (self.nth is not None and number >= self.nth) or (
            self.times is not None and hits >= self.times
        )


def parse(text: Json) -> Rule:
    """Read a rule; TypeError or ValueError say in one line what is wrong with it."""
    if not isinstance(text, dict):
        message = f"a fault is a mapping, got {text!r}"
        raise TypeError(message)
    text = _modern(text)
    effect = _effect(text)
    value = VALUES[effect](text[effect])
    nth, times = count(text, "nth"), count(text, "times")
    if nth is not None and times is not None:
        message = "a fault has nth or times, not both"
        raise ValueError(message)
    methods, path, kind = _usual(effect)
    return Rule(
        methods=methods_of(text["method"]) if "method" in text else methods,
        path=str(text.get("path", path)).lower(),
        type=str(text.get("type", "" if "path" in text else kind)).lower(),
        effect=effect,
        value=value,
        code=str(text.get("code", "InternalServerError")),
        message=str(text.get("message", "A fault on demand.")),
        retry_after=count(text, "retryAfter"),
        nth=nth,
        times=times,
        probability=probability(text.get("probability", 1)),
        seed=whole("seed", text.get("seed", 0)),
    )


def _effect(text: Json) -> str:
    """Give the one effect of a rule, and see that what stands beside it belongs to it."""
    unknown = sorted(set(text) - {*_WHOM, *_HOW_OFTEN, *EFFECTS, *_DETAILS})
    if unknown:
        known = ", ".join((*_WHOM, *_HOW_OFTEN, *EFFECTS, *_DETAILS))
        message = f"a fault has no {', '.join(unknown)} (it has {known})"
        raise ValueError(message)
    given = [name for name in EFFECTS if name in text]
    if len(given) != 1:
        message = f"a fault has exactly one of {', '.join(EFFECTS)}, this one has {given or 'none'}"
        raise ValueError(message)
    effect = given[0]
    for detail, owner in _DETAILS.items():
        if detail in text and effect != owner:
            message = f"{detail} goes with {owner}, not with {effect}"
            raise ValueError(message)
    if effect in _NOT_BY_REQUEST and "method" in text:
        message = f"{effect} hits no request: say path or type, not method"
        raise ValueError(message)
    return effect


def _modern(text: Json) -> Json:
    """Take the short form of an artifact's fault, whose fields stand beside its name."""
    if not isinstance(text.get("artifact"), str):
        return text
    short = ("vm", "message", "exit")
    inner = {"name": text["artifact"], **{name: text[name] for name in short if name in text}}
    return {**{name: text[name] for name in text if name not in short}, "artifact": inner}


def _usual(effect: str) -> tuple[tuple[str, ...], str, str]:
    """Give whom an effect hits when nothing is said: methods, path, type."""
    return {
        "hang": (("PUT", "POST", "DELETE"), ARM_ALONE, ""),
        "failLater": (("PUT", "POST", "DELETE"), ARM_ALONE, ""),
        "artifact": ((), "*", ""),
        "repository": ((), "*", _SOURCES),
        "copyDies": (("PUT",), ARM_ALONE, _SNAPSHOTS),
        "replicationFails": (("PUT", "PATCH"), ARM_ALONE, _VERSIONS),
        "capacity": (("PUT",), ARM_ALONE, _MACHINES),
    }.get(effect, ((), ARM_ALONE, ""))
