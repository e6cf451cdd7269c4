"""The company of the soak: its definitions, stacks and labs, and what people do in a week."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.common.patterns import takes_any
from tests.e2e.harness import DEV, PROD, UBUNTU, FactoryUnderTest, lab, lab_path

Json = dict[str, Any]

STACKS = ("dev", "staging", "prod")
KEEP = 2
LABS: Mapping[str, Sequence[Json]] = {
    "dev": (
        lab("team-web"),
        lab("team-data", "linux/**", region="northeurope"),
        lab("qa"),
    ),
    "staging": (
        lab("support"),
        lab("trainees", "linux/**", region="northeurope"),
        lab("pilot", "windows/**"),
    ),
    "prod": (
        lab("finance", "windows/**"),
        lab("engineering-us", "linux/**", region="eastus2"),
        lab("sales"),
        lab("ops", "linux/base", "linux/java"),
    ),
}
_OWN = {"team-web", "team-data", "support", "finance", "engineering-us"}  # these stand already
_WHERE = {"dev": DEV, "staging": PROD, "prod": PROD}
LINUX_ARTIFACTS = (
    "linux-java",
    "linux-install-nodejs",
    "linux-install-docker",
    "linux-swapfile",
)
WINDOWS_ARTIFACTS = ("windows-7zip", "windows-git", "windows-ssms", "windows-sysinternals")
_LIMIT = "16h"  # a minute and a half of a hanging operation, and room on a busy machine


def _linux(**fields: Any) -> Json:
    return {"base": {**UBUNTU, "version": "latest"}, "timeLimit": _LIMIT, **fields}


def _windows(sku: str) -> Json:
    base = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": sku}
    return {"base": {**base, "version": "latest"}, "os": "windows", "timeLimit": _LIMIT}


SHORT_LIVED = "short/lived"
DEFINITIONS: Mapping[str, Json] = {
    "linux/base": _linux(),
    "linux/java": _linux(base={"image": "linux/base"}),
    "windows/2022": _windows("2022-datacenter-g2"),
    SHORT_LIVED: _linux(),
    "linux/exact": _linux(capture="specialized", refresh="25d"),
    "linux/node": _linux(base={"image": "linux/base"}),
    "linux/web": _linux(base={"image": "linux/node"}),
    "linux/docker": _linux(),
    "linux/tools": _linux(verify={"artifacts": ["linux-java"]}),
    "windows/2019": _windows("2019-datacenter-gensecond"),
    "windows/2025": _windows("2025-datacenter-g2"),
    "windows/desk": {**_windows(""), "base": {"image": "windows/2022"}},
}


@dataclass
class Company:
    """What stands in git and in the stack files; ``count`` of the definitions are written."""

    factory: FactoryUnderTest
    seed: int
    count: int = len(DEFINITIONS)
    living: dict[str, Json] = field(default_factory=dict)

    def begin(self) -> None:
        """Make the labs that do not stand yet, and write the first definitions."""
        for stack, labs in LABS.items():
            for each in labs:
                if each["name"] not in _OWN:
                    self._make(_WHERE[stack], each)
        for identity in list(DEFINITIONS)[: self.count]:
            artifacts = list(self._pool(identity)[:1])
            self._write(identity, {**DEFINITIONS[identity], "artifacts": artifacts})
        own = {"keep": {"newest": KEEP}}
        self.factory.configure_dev(list(LABS["dev"]), **own)
        for stack, source, group in (
            ("staging", "dev", "rg-staging"),
            ("prod", "staging", "rg-copies"),
        ):
            more = {"after": "3d"} if stack == "prod" else {}
            labs = list(LABS[stack])
            settings = {"resourceGroup": group, "receivesFrom": source, "labs": labs, **own, **more}
            self.factory.configure(stack, PROD, **settings)

    def _make(self, subscription: str, wanted: Json) -> None:
        path = lab_path(subscription, wanted["name"])
        place = {"location": wanted["region"]}
        self.factory.arm("PUT", path.split("/providers/")[0], "2024-03-01", place)
        self.factory.arm("PUT", path, body=place)

    def week(self, number: int) -> list[str]:
        """Do what people do in a week; gives it in a few words. Bases move by themselves."""
        if number == 1:
            return []
        chance = random.Random(f"people {self.seed} {number}")  # noqa: S311 - the same seed, the same week
        told = []
        names = sorted(each for each in self.living if each != SHORT_LIVED)
        for identity in chance.sample(names, min(2, len(names))):
            definition = self.living[identity]
            artifact = chance.choice(self._pool(identity))
            artifacts = [each for each in definition["artifacts"] if each != artifact]
            if artifacts == definition["artifacts"]:
                artifacts = [*artifacts, artifact]
            self._write(identity, {**definition, "artifacts": artifacts})
            told.append(f"{identity} changes")
        if number % 5 == 3 and SHORT_LIVED in self.living:
            (self.factory.images / f"{SHORT_LIVED}.yaml").unlink()
            del self.living[SHORT_LIVED]
            told.append(f"{SHORT_LIVED} goes")
        elif number % 5 == 0 and self.count > list(DEFINITIONS).index(SHORT_LIVED):
            artifacts = list(LINUX_ARTIFACTS[:2])
            self._write(SHORT_LIVED, {**DEFINITIONS[SHORT_LIVED], "artifacts": artifacts})
            told.append(f"{SHORT_LIVED} comes back")
        return told

    @staticmethod
    def _pool(identity: str) -> Sequence[str]:
        return WINDOWS_ARTIFACTS if identity.startswith("windows/") else LINUX_ARTIFACTS

    def _write(self, identity: str, definition: Json) -> None:
        self.living[identity] = definition
        self.factory.define(identity, **definition)

    def takes(self, lab_name: str, identity: str) -> bool:
        """Tell whether a lab takes a definition that there is."""
        patterns = next(
            each["images"] for labs in LABS.values() for each in labs if each["name"] == lab_name
        )
        return identity in self.living and takes_any(patterns, (identity,))
