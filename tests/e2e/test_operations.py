"""What changes nothing does no work: counted in the requests that reach Azure."""

from __future__ import annotations

from tests.e2e.harness import DEV, SCALE, TEAM_WEB, FactoryUnderTest, lab_path
from tests.e2e.test_accidents import DOCKER, JAVA, NODE, artifacts_on_vms
from tests.torture.requests import CHANGING

OTHER = "Standard_D2as_v5"


def writes(factory: FactoryUnderTest, *command: str, **env: str) -> list[str]:
    """Run a command of the engine on dev; gives the changes that it asked of Azure."""
    last = factory.control().control("GET", "requests", None, last="1")["value"][-1]["time"]
    ran = factory.engine(*command, "-s", "dev", **env)
    assert ran.ok, ran.output
    assert "Traceback" not in ran.output
    found = factory.control().control("GET", "requests", None, since=last, last="20000")["value"]
    return [
        f"{each['method']} {each['path']}"
        for each in found
        if each["time"] > last
        and each["method"] in CHANGING
        and each["path"].lower().startswith("/subscriptions/")
    ]


def test_with_a_build_under_way_only_an_update_works_on_it(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", artifacts=[JAVA, NODE, DOCKER])
    factory.define("linux/small", fallbackSizes=[OTHER])
    factory.configure_dev([TEAM_WEB])

    def java_is_done() -> bool:
        return len(factory.build_vms()) == 2 and f"{JAVA} Succeeded" in artifacts_on_vms(factory)

    factory.killed_up("dev", java_is_done)
    factory.rehearsal("clock", "--scale", "10")  # so that no VM expires meanwhile
    # As if the second one's VM had not been ordered yet.
    small = next(
        vm
        for vm in factory.labs()["image-factory"]["virtualMachines"]
        if vm["tags"]["image-factory-definition"] == "linux/small"
    )
    factory.arm("DELETE", f"{lab_path(DEV, 'image-factory')}/virtualmachines/{small['name']}")
    factory.until(lambda: small["name"] not in factory.build_vms())
    urns = [each["urn"] for each in factory.resources("dev")]
    for urn in urns:
        if "linux/small@" in urn and urn.endswith("/vm/1"):
            assert factory.engine("state", "delete", "--yes", "-s", "dev", urn).ok
    store = next(urn for urn in urns if urn.endswith("::factory/store"))
    counted = {
        " ".join(command).partition(" urn:")[0]: writes(factory, *command, **env)
        for command, env in (
            (("preview",), {}),
            (("refresh", "--yes"), {}),
            (("refresh", "--yes", "--run-program"), {}),
            (("refresh", "--yes", "--clear-pending-creates"), {"PULUMI_RUN_PROGRAM": "true"}),
            (("destroy", "--run-program", "--preview-only"), {}),
            (("up", "--yes", "--skip-preview", "--target", store), {}),
        )
    }
    assert counted == {command: [] for command in counted}
    assert len(factory.build_vms()) == 1
    # The next update goes on with both.
    factory.rehearsal("clock", "--scale", SCALE)
    ran = factory.must_up("dev")
    assert "Plan: 2 to resume" in ran.output
    assert f"{JAVA} (1 of 4) is being applied" not in ran.output
    assert len(factory.holding("team-web")) == 2
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")


def test_a_destroy_with_the_program_deletes_and_does_nothing_else(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base", artifacts=[JAVA, NODE, DOCKER])
    factory.configure_dev([TEAM_WEB])
    factory.killed_up("dev", lambda: bool(factory.build_vms()) and bool(artifacts_on_vms(factory)))
    factory.rehearsal("clock", "--scale", "60")
    assert factory.engine("refresh", "--yes", "--clear-pending-creates", "-s", "dev").ok
    # What was made by the killed run and is in no state goes with its lab.
    held = {
        each["id"].lower() for each in factory.resources("dev") if "azure-native:" in each["type"]
    }
    done = writes(factory, "destroy", "--yes", "--run-program")
    assert [each for each in done if not each.startswith("DELETE ")] == []
    assert {each.removeprefix("DELETE ").lower() for each in done} <= held
    assert "image-factory" not in factory.labs()
