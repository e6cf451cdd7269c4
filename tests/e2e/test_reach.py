"""A lab is gone, one may not be read, a quota is used up half way: the others are served."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.harness import DEV, PROD, FactoryUnderTest, Ran, lab, lab_path, standing
from tests.e2e.harness import TEAM_DATA as NEAR
from tests.e2e.harness import TEAM_WEB as WEB
from tests.e2e.test_accidents import JAVA
from tests.e2e.test_cli import cli

MAY_NOT = {
    "status": 403,
    "code": "AuthorizationFailed",
    "message": "The client does not have authorization to perform this action.",
}
QUOTA = {
    "status": 409,
    "code": "OperationNotAllowed",
    "message": "Operation could not be completed as it results in exceeding approved Total Regional"
    " Cores quota. Current Limit: 10, Current Usage: 10, Additional Required: 2.",
}


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryUnderTest]:
    with standing(tmp_path_factory.mktemp("reach"), [WEB, NEAR], keep={"newest": 1}) as stood:
        yield stood


def stems(factory: FactoryUnderTest, lab_name: str) -> set[str]:
    return {name.rsplit("-", 2)[0] for name in factory.holding(lab_name)}


def line(ran: Ran, *words: str) -> str:
    """Give the one line of a failed run that has these words."""
    assert not ran.ok
    assert "Traceback" not in ran.output, ran.output
    found = [each for each in ran.output.splitlines() if all(word in each for word in words)]
    assert found, ran.output
    return found[0]


def test_a_lab_that_may_not_be_read_fails_alone_and_has_everything_afterwards(
    factory: FactoryUnderTest,
) -> None:
    before = factory.holding("team-data")
    factory.define("linux/one", artifacts=[JAVA])
    rule = {"id": "denied", "path": "*/labs/team-data*", **MAY_NOT}
    factory.control().control("POST", "faults", rule)
    told = line(factory.up("dev"), "every image for lab team-data refused")
    assert "AuthorizationFailed" in told
    assert "give the identity its role there" in told
    assert stems(factory, "team-web") == {"linux-base", "linux-one"}
    assert factory.holding("team-data") == before
    factory.control().control("DELETE", "faults")
    mended = factory.must_up("dev")
    assert "to build" not in mended.output
    assert stems(factory, "team-data") == {"linux-base", "linux-one"}


def test_a_subscription_that_may_not_be_read_stops_its_stack_in_one_line(
    factory: FactoryUnderTest,
) -> None:
    before = factory.holding("engineering-us")
    rule = {"id": "denied", "path": f"/subscriptions/{PROD}/*", **MAY_NOT}
    factory.control().control("POST", "faults", rule)
    told = line(factory.up("prod"), "Azure cannot be read", "AuthorizationFailed")
    assert "give the identity its role there (docs/permissions.md); nothing was changed" in told
    factory.control().control("DELETE", "faults")
    assert factory.holding("engineering-us") == before
    factory.must_up("prod")
    assert len(factory.holding("engineering-us")) > len(before)


def test_a_quota_that_is_used_up_half_way_refuses_what_is_left(factory: FactoryUnderTest) -> None:
    quotas = ("linux/quota-a", "linux/quota-b", "linux/quota-c")
    for identity in quotas:
        factory.define(identity, retries=0)
    before = stems(factory, "team-web")
    for number in (1, 2):
        kind = "Microsoft.DevTestLab/labs/virtualMachines"
        rule = {"id": f"quota {number}", "type": kind, "method": "PUT", "nth": 2, **QUOTA}
        factory.control().control("POST", "faults", rule)
    ran = factory.up("dev")
    built = stems(factory, "team-web") - before
    assert len(built) == 1
    for identity in quotas:
        if identity.replace("/", "-") not in built:
            assert "Cores quota" in line(ran, f"{identity} ", "refused: its build VM could not")
    assert "2 to build" in factory.must_up("dev").output
    wanted = {identity.replace("/", "-") for identity in quotas}
    for each in ("team-web", "team-data"):
        assert stems(factory, each) == before | wanted
    assert factory.build_vms() == []


def test_a_lab_that_is_gone_fails_alone_until_it_leaves_the_settings(
    factory: FactoryUnderTest,
) -> None:
    factory.arm("DELETE", lab_path(DEV, "team-web"))
    factory.until(lambda: "team-web" not in factory.labs())
    factory.define("linux/two")
    told = line(factory.up("dev"), "every image for lab team-web refused")
    assert "there is no lab team-web in resource group rg-team-web any more" in told
    assert "take it out of image-factory:labs" in told
    assert "linux-two" in stems(factory, "team-data")
    before = factory.holding("team-data")
    more = {"keep": {"newest": 1}, "maxRetirements": 9}
    factory.configure_dev([NEAR], pollInterval="0.1s", **more)
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
    assert factory.holding("team-data") == before
    # One that never held anything is a mistake in the settings: nothing runs before it is mended.
    factory.configure_dev([NEAR, lab("nowhere")], pollInterval="0.1s", **more)
    assert "there is no lab nowhere" in line(factory.up("dev"), "labs.nowhere")
    factory.configure_dev([NEAR], pollInterval="0.1s", **more)


def test_the_factorys_own_lab_that_is_gone_is_made_again_after_a_refresh(
    factory: FactoryUnderTest,
) -> None:
    before = factory.holding("team-data")
    factory.arm("DELETE", lab_path(DEV, "image-factory"))
    factory.until(lambda: "image-factory" not in factory.labs())
    factory.define("linux/three")
    told = line(factory.up("dev"), "linux/three refused")
    assert "the lab image-factory that this stack made is gone -> `pulumi refresh`" in told
    assert factory.holding("team-data") == before
    assert factory.engine("refresh", "--yes", "-s", "dev").ok
    factory.must_up("dev")
    assert stems(factory, "team-data") == {name.rsplit("-", 2)[0] for name in before} | {
        "linux-three"
    }
    assert stems(factory, "image-factory") == stems(factory, "team-data")
    factory.must_up("dev")
    left = cli(factory, "orphans", "--stack", "dev", "--json")
    assert json.loads(left.output)["orphans"] == [], left.output
