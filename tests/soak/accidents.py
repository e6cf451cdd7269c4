"""What goes wrong in a week, drawn by seed and week: the kinds of the torture, at random places."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.soak.company import LABS, LINUX_ARTIFACTS, STACKS, WINDOWS_ARTIFACTS
from tests.torture.accidents import ANSWERED, Kind
from tests.torture.requests import CHANGING

Json = dict[str, Any]

_A_WEEK = 3
_DEEPEST = {"dev": 40, "staging": 25, "prod": 25}  # the last request of a run that is struck
_READS = {"method": "GET", "path": "/subscriptions/*", "probability": 0.01, "status": 503}


@dataclass(frozen=True)
class Strike:
    """One fault rule during the first run of one stack."""

    stack: str
    name: str
    rule: Json


@dataclass(frozen=True)
class Kill:
    """The run of one stack is killed at one changing request, ``before`` or ``after`` it."""

    stack: str
    whom: Json
    when: str


@dataclass(frozen=True)
class Misfortune:
    """All that goes wrong in one week. ``artifact`` fails all week long, and nobody may
    read the lab ``away``. (A lab that is gone does not come back with all that was in it.)
    """

    strikes: tuple[Strike, ...]
    kill: Kill | None = None
    artifact: str = ""
    away: str = ""

    def lasting(self) -> list[Json]:
        """Give the fault rules that hold all week."""
        found: list[Json] = []
        if self.artifact:
            rule = {"name": self.artifact, "message": "its download is gone"}
            found.append({"id": "artifact", "artifact": rule})
        if self.away:
            denied = {"status": 403, "code": "AuthorizationFailed", "message": "the role is away"}
            # In both forms: the lab itself, and all that is in it.
            found += [
                {"id": f"away{tail}", "path": f"*/labs/{self.away}{tail}", **denied}
                for tail in ("", "/*")
            ]
        return found

    def told(self) -> list[str]:
        """Say it in a few words."""
        found = [f"{each.name} in {each.stack}" for each in self.strikes]
        if self.kill:
            which = f"{self.kill.when} change {self.kill.whom['nth']}"
            found.append(f"{self.kill.stack} killed {which}")
        if self.artifact:
            found.append(f"{self.artifact} fails")
        if self.away:
            found.append(f"{self.away} away")
        return found


def misfortune(seed: int, week: int) -> Misfortune:
    """Draw what goes wrong in a week; the kinds come by turns, so that a long soak has them all."""
    kinds = list(ANSWERED)
    random.Random(f"kinds {seed}").shuffle(kinds)  # noqa: S311 - the same seed, the same soak
    chance = random.Random(f"accidents {seed} {week}")  # noqa: S311
    mine = [kinds[(week * _A_WEEK + each) % len(kinds)] for each in range(_A_WEEK)]
    strikes = [_strike(kind, chance, f"struck-{week}-{number}") for number, kind in enumerate(mine)]
    reads = {**_READS, "id": f"reads-{week}", "seed": chance.randrange(1000)}
    strikes.append(Strike(chance.choice(STACKS), "1 % of all reads 503", reads))
    return Misfortune(
        tuple(strikes),
        _kill(chance) if chance.random() < 0.4 else None,
        chance.choice((*LINUX_ARTIFACTS, *WINDOWS_ARTIFACTS)) if chance.random() < 0.3 else "",
        # Not in the first week: a lab that never was is a wrong setting.
        str(_lab(chance, chance.choice(STACKS))) if week > 1 and chance.random() < 0.2 else "",
    )


def _lab(chance: random.Random, stack: str) -> str:
    return str(chance.choice(LABS[stack])["name"])


def _strike(kind: Kind, chance: random.Random, name: str) -> Strike:
    stack = chance.choice(STACKS)
    if kind.once:
        whom: Json = _nth(chance, stack)
    else:
        whom = {"method": "PUT", "path": f"*/labs/{_lab(chance, stack)}/*"}
    return Strike(stack, kind.name, {"id": name, **whom, **(kind.fault or {})})


def _nth(chance: random.Random, stack: str) -> Json:
    deepest = _DEEPEST[stack]
    return {"method": list(CHANGING), "path": "/subscriptions/*", "nth": chance.randint(1, deepest)}


def _kill(chance: random.Random) -> Kill:
    stack = chance.choice(STACKS)
    return Kill(stack, _nth(chance, stack), chance.choice(("before", "after")))
