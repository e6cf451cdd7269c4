"""One interrupt of the engine: what is under way stays, and the next run goes on with it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.e2e.harness import DEV, SCALE, TEAM_WEB, FactoryUnderTest, lab_path
from tests.e2e.test_accidents import JAVA
from tests.torture.requests import CHANGING


def vms(factory: FactoryUnderTest) -> dict[str, str]:
    """Give the state of each lab VM."""
    found = factory.arm("GET", f"{lab_path(DEV, 'image-factory')}/virtualmachines")["value"]
    return {each["name"]: each["properties"]["provisioningState"] for each in found}


def asked_of(factory: FactoryUnderTest, names: Iterable[str], since: str) -> list[str]:
    """List the changes that were asked of some VMs after a moment of the record."""
    found = factory.control().control("GET", "requests", None, since=since, last="20000")["value"]
    changes = [each for each in found if each["time"] > since and each["method"] in CHANGING]
    return [each["method"] for each in changes if any(name in each["path"] for name in names)]


@pytest.mark.parametrize("fallback", [[], ["Standard_D2as_v5"]])
def test_an_interrupt_while_vms_are_made_is_a_cut_off_and_no_refusal(
    factory: FactoryUnderTest, fallback: list[str]
) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB])
    factory.must_up("dev")
    since = factory.control().control("GET", "requests", None, last="1")["value"][-1]["time"]
    for name in ("one", "two"):
        factory.define(f"linux/{name}", artifacts=[JAVA], fallbackSizes=fallback)
    factory.rehearsal("clock", "--scale", "10")
    ran = factory.interrupted_up("dev", lambda: list(vms(factory).values()) == ["Creating"] * 2)
    assert not ran.ok
    assert "fresh VM" not in ran.output
    assert "Traceback" not in ran.output
    # Nobody who receives from here sees anything of it.
    offered = factory.engine("stack", "output", "catalogue", "--json", "-s", "dev").output
    assert "linux/base" in offered
    under_way = vms(factory)
    assert len(under_way) == 2
    assert asked_of(factory, under_way, since) == ["PUT", "PUT"]
    factory.rehearsal("clock", "--scale", SCALE)
    resumed = factory.must_up("dev")
    assert "Plan: 2 to resume" in resumed.output
    # Of the outputs it shows that they changed, and not all that the stack offers.
    assert "serial" in resumed.output
    assert "sourceUniqueId" not in resumed.output
    # Each is deleted once, when it is released.
    assert asked_of(factory, under_way, since).count("DELETE") == 2
    assert sorted(name.rsplit("-", 2)[0] for name in factory.holding("team-web")) == [
        "linux-base",
        "linux-one",
        "linux-two",
    ]
    assert factory.build_vms() == []
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
