"""A region without room for the wanted size: the next one is built with, in the same run."""

from __future__ import annotations

from rehearsal.client import Client, running
from tests.e2e.harness import TEAM_WEB, FactoryUnderTest
from tests.e2e.test_accidents import DOCKER, JAVA, artifacts_on_vms

WANTED, OTHER = "Standard_D2s_v5", "Standard_D2as_v5"


def test_a_fallback_size_is_no_failure_and_survives_a_run_that_is_cut_off(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base", size=WANTED, fallbackSizes=[OTHER], artifacts=[JAVA, DOCKER])
    factory.configure_dev([TEAM_WEB])
    rule = {"capacity": "SkuNotAvailable", "nth": 1}
    Client(factory.home, running(factory.home)).control("POST", "faults", rule)

    def java_is_done() -> bool:
        return bool(factory.build_vms()) and f"{JAVA} Succeeded" in artifacts_on_vms(factory)

    said = factory.killed_up("dev", java_is_done)
    assert f"there is no room for a {WANTED}" in said
    assert f"its VM is a {OTHER}" in said
    (before,) = factory.labs()["image-factory"]["virtualMachines"]
    assert before["size"] == OTHER
    ran = factory.must_up("dev")
    assert f"{JAVA} (1 of 3) is being applied" not in ran.output
    (image,) = factory.holding("team-web")
    assert image.endswith("-1")
    assert factory.build_vms() == []
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
    # Not one size has room: that image alone is refused, and says which were tried.
    factory.define("linux/other", size=WANTED, fallbackSizes=[OTHER], retries=0)
    rule = {"capacity": "AllocationFailed", "times": 2}
    Client(factory.home, running(factory.home)).control("POST", "faults", rule)
    refused = factory.up("dev")
    assert not refused.ok
    assert f"no room for any of {WANTED}, {OTHER}: AllocationFailed" in refused.output
    assert factory.build_vms() == []
    factory.must_up("dev")
    assert len(factory.holding("team-web")) == 2
