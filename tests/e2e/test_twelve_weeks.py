"""Twelve weeks, three stacks, six labs in three regions: what the forecast promised is what came.

Before each week's runs the forecast of every stack says what each lab will hold at the week's end.
Then every stack is brought up once, the week passes, and each lab is compared with the promise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.e2e.harness import (
    ENGINEERING_US,
    FINANCE,
    PROD,
    TEAM_DATA,
    TEAM_WEB,
    FactoryUnderTest,
    lab,
    lab_path,
)
from tests.e2e.test_cli import cli

pytestmark = pytest.mark.dated

# {lab: {definition: versions, oldest first}}
Labs = dict[str, dict[str, list[str]]]

UBUNTU = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer"}
LATEST = {"version": "latest"}
SUPPORT = lab("support")
LATE = lab("trainees", "linux/**", region="northeurope")
STACKS = ("dev", "staging", "prod")
WEEK = timedelta(days=7)


class Weeks:
    """The factory as it is run for weeks, with what happens to it meanwhile."""

    def __init__(self, factory: FactoryUnderTest, say: Callable[[str], None]) -> None:
        self.factory = factory
        self.say = say
        self.revoke: dict[str, object] = {}
        self.staging_labs = [SUPPORT]
        self.labs: Labs = {}

    def configure(self) -> None:
        factory = self.factory
        factory.configure_dev([TEAM_WEB, TEAM_DATA], revoke=self.revoke, keep={"newest": 2})
        factory.configure(
            "staging",
            PROD,
            resourceGroup="rg-staging",
            receivesFrom="dev",
            labs=self.staging_labs,
            keep={"newest": 2},
        )
        own = [FINANCE, ENGINEERING_US]
        factory.configure(
            "prod",
            PROD,
            resourceGroup="rg-copies",
            receivesFrom="staging",
            labs=own,
            after="3d",
            keep={"newest": 2, "for": "60d"},
        )

    def now(self) -> datetime:
        return datetime.fromisoformat(self.factory.rehearsal("clock").split()[0])

    def promised(self) -> Labs:
        """What every stack's forecast says each lab will hold at the end of this week."""
        found: Labs = {}
        for stack in STACKS:
            words = ("--stack", stack, "--weeks", "1", "--every", "7d", "--json")
            ran = cli(self.factory, "forecast", *words)
            assert ran.ok, ran.output
            (week,) = json.loads(ran.output[ran.output.index("{") :])["weeks"]
            assert week["refusals"] == []
            found |= week["labs"]
        return {name: {k: list(v) for k, v in held.items()} for name, held in found.items()}

    def held(self) -> Labs:
        """What Azure shows of ours, lab by lab."""
        found: Labs = {}
        for name, shown in self.factory.labs().items():
            for image in shown["customImages"]:
                tags = image["tags"]
                if "image-factory-version" not in tags:
                    continue
                assert image["state"] == "Succeeded", image
                held = found.setdefault(name, {})
                versions = held.setdefault(tags["image-factory-definition"], [])
                versions.append(tags["image-factory-version"])
                versions.sort(key=lambda text: [int(part) for part in text.split(".")])
        return found

    def pass_week(self, number: int, event: str) -> None:
        """Promise, run every stack once, let the week pass, compare lab by lab."""
        self.configure()
        promise = self.promised()
        self.factory.rehearsal("clock", "--run")
        begun = self.now()
        plans = []
        for stack in STACKS:
            ran = self.factory.must_up(stack, "--suppress-outputs")
            plans.append(next(ln.strip() for ln in ran.output.splitlines() if "Plan: " in ln))
        self.labs = self.held()
        for name in sorted({*promise, *self.labs}):
            assert self.labs.get(name, {}) == promise.get(name, {}), f"week {number}, lab {name}"
        assert self.factory.build_vms() == []
        self.say(f"week {number:2} {event or '-'}")
        for stack, plan in zip(STACKS, plans, strict=True):
            self.say(f"        {stack:8} {plan.split('Plan: ', 1)[1]}")
        self.factory.rehearsal("clock", "--freeze")
        passed = self.now() - begun
        assert passed < WEEK
        self.factory.rehearsal("clock", "--advance", f"{(WEEK - passed).total_seconds():.0f}s")


@pytest.mark.timeout(2700)
def test_every_week_the_labs_hold_what_the_forecast_promised(
    factory: FactoryUnderTest, show: Callable[[str], None]
) -> None:
    weeks = Weeks(factory, show)
    events = Events(weeks)
    factory.rehearsal("clock", "--freeze")
    # Every week begins in the small hours, so that a forecast and the run after it are of one day.
    now = weeks.now()
    night = (now + timedelta(days=1)).replace(hour=1, minute=0, second=0)
    factory.rehearsal("clock", "--advance", f"{(night - now).total_seconds():.0f}s")
    for number in range(1, 13):
        happening = getattr(events, f"week_{number}", None)
        event = happening() if happening else ""
        weeks.pass_week(number, event)
        after = getattr(events, f"after_week_{number}", None)
        if after:
            after()
    # All of ours that stands is in a state: taking the stacks down leaves nothing.
    factory.rehearsal("clock", "--run")
    for stack in reversed(STACKS):
        ran = factory.engine("destroy", "--yes", "-s", stack)
        assert ran.ok, ran.output
    assert weeks.held() == {}


class Events:
    """What happens in which week; each method tells it in a few words."""

    def __init__(self, weeks: Weeks) -> None:
        self.weeks = weeks
        self.factory = weeks.factory
        self.moved: list[str] = []
        self.bad = ""
        self.before: dict[str, list[str]] = {}

    def week_1(self) -> str:
        define = self.factory.define
        define("linux/base", base={**UBUNTU, **LATEST}, artifacts=["linux-swapfile"])
        define("linux/java", base={"image": "linux/base"}, artifacts=["linux-java"])
        define("linux/node", base={"image": "linux/base"}, artifacts=["linux-install-nodejs"])
        define("linux/docker", base={**UBUNTU, **LATEST}, artifacts=["linux-install-docker"])
        define("linux/exact", base={**UBUNTU, **LATEST}, capture="specialized", refresh="25d")
        skus = {"2019": "2019-datacenter-gensecond", "2022": "2022-datacenter-g2"}
        for name, sku in skus.items():
            base = {**WINDOWS, "sku": sku, **LATEST}
            define(f"windows/{name}", base=base, os="windows", artifacts=["windows-7zip"])
        base = {**WINDOWS, "sku": "2025-datacenter-g2", **LATEST}
        define("windows/lab", base=base, os="windows", refresh={"cron": "0 22 * * TUE#2"})
        return "eight definitions, two of them layered"

    def week_3(self) -> str:
        artifacts = ["linux-install-docker", "linux-java"]
        self.factory.define("linux/docker", base={**UBUNTU, **LATEST}, artifacts=artifacts)
        return "linux/docker changes"

    def week_5(self) -> str:
        self.moved = self.weeks.labs["team-web"]["windows/2019"]
        (self.factory.images / "windows/2019.yaml").unlink()
        base = {**WINDOWS, "sku": "2019-datacenter-gensecond", **LATEST}
        self.factory.define(
            "windows/legacy/2019",
            base=base,
            os="windows",
            artifacts=["windows-7zip"],
            formerly=["windows/2019"],
        )
        return "windows/2019 moves to windows/legacy/2019"

    def after_week_5(self) -> None:
        # Moving builds nothing and takes nothing away.
        held = self.weeks.labs["team-web"]
        now = held.get("windows/legacy/2019", []) + held.get("windows/2019", [])
        assert set(now) >= set(self.moved[-1:])

    def week_6(self) -> str:
        (self.factory.images / "linux/node.yaml").unlink()
        return "linux/node is removed"

    def after_week_6(self) -> None:
        assert "linux/node" not in self.weeks.labs["team-web"]

    def week_8(self) -> str:
        self.bad = self.weeks.labs["team-web"]["linux/docker"][-1]
        self.weeks.revoke = {
            "linux/docker": {"versions": [self.bad], "reason": "it carries a leaked key"}
        }
        return f"linux/docker {self.bad} is revoked"

    def after_week_8(self) -> None:
        for name, held in self.weeks.labs.items():
            if name != "image-factory":
                assert self.bad not in held.get("linux/docker", []), name
                assert held.get("linux/docker") or name in {"trainees"}, name

    def week_9(self) -> str:
        path = lab_path(PROD, "trainees")
        group = path.split("/providers/")[0]
        self.factory.arm("PUT", group, "2024-03-01", {"location": "northeurope"})
        self.factory.arm("PUT", path, body={"location": "northeurope"})
        self.weeks.staging_labs = [SUPPORT, LATE]
        self.before = self.weeks.labs["support"]
        return "the lab trainees subscribes to linux/**"

    def after_week_9(self) -> None:
        late = self.weeks.labs["trainees"]
        assert set(late) == {"linux/base", "linux/docker", "linux/exact", "linux/java"}
        # The newest that was there, which is sure, and what came in this very run; none before.
        for name, versions in late.items():
            newest = self.before[name][-1]
            there = self.weeks.labs["support"][name]
            assert versions == there[there.index(newest) :], name
