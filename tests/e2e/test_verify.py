"""A captured image that proves itself before its release, and what is left of one that fails."""

from __future__ import annotations

import pytest

from tests.e2e.harness import FactoryUnderTest

pytestmark = pytest.mark.dated

JAVA, CHECK = "linux-java", "linux-run-bash"
SCRIPT = {"url": "https://scripts.test/check.sh", "arguments": "--quick"}
VERIFY = {"artifacts": [JAVA], "script": SCRIPT}


def captured(factory: FactoryUnderTest) -> list[str]:
    return factory.holding("image-factory")


def verifying(factory: FactoryUnderTest) -> list[str]:
    return [name for name in factory.build_vms() if name.startswith("v")]


def test_an_image_is_released_after_its_verification_also_when_that_was_cut_off(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base", verify=VERIFY)
    factory.configure_dev()
    factory.killed_up("dev", lambda: bool(verifying(factory)))
    assert factory.holding("team-web") == []
    ran = factory.must_up("dev")
    assert "Plan: 1 to resume" in ran.output
    assert "verification was cut off" in ran.output
    assert f"artifact {CHECK} (2 of 2) is applied" in ran.output
    (image,) = factory.holding("team-web")
    assert image.endswith("-1")
    assert factory.build_vms() == []
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")


def test_a_failed_verification_reaches_no_lab_and_the_next_run_mends_it(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base", verify=VERIFY)
    factory.configure_dev()
    factory.must_up("dev")
    (good,) = factory.holding("team-web")
    factory.define("linux/base", size="Standard_D4s_v5", verify=VERIFY)
    factory.rehearsal("faults", "add", "--artifact", CHECK, "--message", "port 443 is closed")
    ran = factory.up("dev")
    assert not ran.ok
    told = f"refused: verification failed: artifact {CHECK} (2 of 2) failed"
    line = next((line for line in ran.output.splitlines() if told in line), "")
    assert "port 443 is closed" in line, ran.output
    assert "Traceback" not in ran.output
    assert "attempt 1 failed: verification failed" in ran.output  # a fresh VM did not help
    assert factory.holding("team-web") == factory.holding("team-data") == [good]
    assert len(captured(factory)) == 2
    assert factory.build_vms() == []
    # What was captured in vain goes with the next run, which builds anew.
    factory.rehearsal("faults", "clear")
    mended = factory.must_up("dev")
    assert "1 to remove" in mended.output
    assert "unreleased: verification failed" in mended.output
    assert captured(factory) == factory.holding("team-web")
    assert len(captured(factory)) == 2
    assert good in captured(factory)
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")


def test_an_image_that_does_not_boot_is_kept_for_a_look_and_then_removed(
    factory: FactoryUnderTest,
) -> None:
    rules = {"verify": [], "keepFailed": "3d", "retries": 0, "giveUpAfter": 1}
    factory.define("linux/base", **rules)
    factory.configure_dev()
    fault = ("--path", "*/virtualmachines/v*", "--method", "PUT")
    factory.rehearsal("faults", "add", *fault, "--fail-later", "OSProvisioningTimedOut")
    ran = factory.up("dev")
    assert not ran.ok
    assert "refused: verification failed: its verifying VM is in state Failed" in ran.output
    assert "OSProvisioningTimedOut" in ran.output
    (kept,) = factory.build_vms()
    (failed,) = captured(factory)
    assert factory.holding("team-web") == []
    # The same is not paid for once more: it was to fail but once.
    factory.rehearsal("faults", "clear")
    assert "a build failed with the same inputs" in factory.must_up("dev").output
    assert (captured(factory), factory.build_vms()) == ([failed], [kept])
    # A new one is built beside it; the plan says why the old one stays, and until when.
    factory.define("linux/base", **rules, artifacts=["linux-java"])
    beside = factory.must_up("dev")
    assert f"kept for a look, with its VM {kept}, until 20" in beside.output
    (good,) = factory.holding("team-web")
    assert captured(factory) == sorted([failed, good])
    assert factory.build_vms() == [kept]
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
    factory.rehearsal("clock", "--advance", "3d")
    cleared = factory.must_up("dev")
    assert f"its VM {kept} is not needed any more" in cleared.output
    assert factory.build_vms() == []
    assert captured(factory) == factory.holding("team-web") == [good]
