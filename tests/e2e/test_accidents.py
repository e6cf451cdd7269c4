"""A failed artifact, a run that is killed, an edit by hand: what the next run makes of it."""

from __future__ import annotations

import json
import re

import pytest

from factory.azure.api_versions import COMPUTE_API
from factory.common.versions import Version
from rehearsal.client import Client, RehearsalError, running
from tests.e2e.harness import DEV, FactoryUnderTest, lab_path
from tests.e2e.leftovers import leaves

JAVA, NODE, DOCKER = "linux-java", "linux-install-nodejs", "linux-install-docker"


def test_a_failed_artifact_refuses_that_image_alone_and_leaves_no_vm(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/good", artifacts=[JAVA])
    factory.define("linux/bad", artifacts=[JAVA, DOCKER])
    factory.configure_dev()
    factory.configure_prod()
    factory.rehearsal("faults", "add", "--artifact", DOCKER, "--message", "disk is full")
    ran = factory.up("dev")
    assert not ran.ok
    refusal = [
        line for line in ran.output.splitlines() if "linux/bad" in line and "refused" in line
    ]
    assert any(f"artifact {DOCKER} (2 of 3) failed" in line for line in refusal), ran.output
    assert any("disk is full" in line for line in refusal)
    assert "once more, a fresh VM" in ran.output
    assert "Traceback" not in ran.output
    assert factory.build_vms() == []
    for lab in ("team-web", "team-data", "image-factory"):
        assert [name[:10] for name in factory.holding(lab)] == ["linux-good"], lab
    factory.must_up("prod")
    assert [name[:10] for name in factory.holding("finance")] == ["linux-good"]
    # Mended: a new number is built, and only that image.
    factory.rehearsal("faults", "clear")
    mended = factory.must_up("dev")
    assert "1 to build" in mended.output
    assert "the last build failed" in mended.output
    refused = re.search(r"linux/bad (\d{8}\.\d+) refused", ran.output)
    assert refused
    built = next(name for name in factory.holding("team-web") if name.startswith("linux-bad-"))
    new = built.removeprefix("linux-bad-").replace("-", ".")
    assert Version.parse(new) > Version.parse(refused[1])


def test_an_artifact_that_fails_once_is_survived_by_a_fresh_vm(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", artifacts=[JAVA])
    factory.configure_dev()
    factory.rehearsal("faults", "add", "--artifact", JAVA, "--times", "1")
    ran = factory.must_up("dev")
    assert "attempt 1 failed" in ran.output
    assert len(factory.holding("team-web")) == 1
    assert factory.build_vms() == []


def artifacts_on_vms(factory: FactoryUnderTest) -> list[str]:
    path = lab_path(DEV, "image-factory")
    query = "virtualmachines?$expand=properties($expand=artifacts)"
    found = factory.arm("GET", f"{path}/{query}")["value"]
    applied = [item for vm in found for item in vm["properties"].get("artifacts") or []]
    return [f"{item['artifactId'].rsplit('/', 1)[1]} {item['status']}" for item in applied]


@pytest.mark.matrix("a run that is killed goes on")
def test_a_run_killed_between_artifacts_goes_on_where_it_was(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", artifacts=[JAVA, NODE, DOCKER])
    factory.configure_dev()

    def java_is_done() -> bool:
        done = factory.labs().get("image-factory", {"virtualMachines": []})["virtualMachines"]
        return bool(done) and f"{JAVA} Succeeded" in artifacts_on_vms(factory)

    factory.killed_up("dev", java_is_done)
    (vm,) = factory.build_vms()
    preview = factory.preview("dev")
    assert "resume" in preview.output, preview.output
    assert "cut off after" in preview.output
    resumed = factory.must_up("dev")
    assert f"{JAVA} (1 of 4) is being applied" not in resumed.output
    (image,) = factory.holding("team-web")
    assert image.endswith("-1")
    assert factory.build_vms() == []
    installed = next(
        found["installed"]
        for found in factory.labs()["team-web"]["customImages"]
        if found["name"] == image
    )
    assert installed == [JAVA, NODE, DOCKER, "linux-deprovision"], vm


@pytest.mark.matrix("a run that is killed goes on")
def test_a_run_killed_while_its_vm_is_made_ends_as_an_undisturbed_one(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    factory.killed_up("dev", lambda: bool(factory.build_vms()))
    ran = factory.must_up("dev")
    assert "Plan: 1 to resume" in ran.output
    (image,) = factory.holding("team-web")
    assert image.endswith("-1")
    assert factory.build_vms() == []


@pytest.mark.matrix("a run that is killed goes on")
def test_a_run_killed_during_delivery_delivers_the_same_version(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    factory.killed_up("dev", lambda: bool(factory.holding("team-web")))
    ran = factory.must_up("dev")
    assert "to build" not in ran.output
    (image,) = factory.holding("team-web")
    assert factory.holding("team-data") == [image]
    assert factory.build_vms() == []


def test_what_was_deleted_or_edited_by_hand_comes_back_without_a_build(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    factory.must_up("dev")
    factory.must_up("dev")
    (name,) = factory.holding("team-web")
    in_team = f"{lab_path(DEV, 'team-web')}/customimages/{name}"
    in_data = f"{lab_path(DEV, 'team-data')}/customimages/{name}"
    captured = f"{lab_path(DEV, 'image-factory')}/customimages/{name}"
    factory.arm("DELETE", in_team)
    factory.arm("DELETE", captured)
    factory.arm("PATCH", in_data, body={"tags": {"owner": "me now"}})
    compute = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory/providers/Microsoft.Compute"
    source, backing = f"{compute}/snapshots/{name}", f"{compute}/images/{name}-northeurope"
    for lost in (source, backing):
        factory.arm("DELETE", lost, COMPUTE_API)
    factory.until(lambda: not factory.holding("team-web") and not factory.holding("image-factory"))
    assert factory.engine("refresh", "--yes", "-s", "dev").ok
    named = factory.preview("dev").output
    for told in (
        "somebody deleted it there; made again from what is kept",
        "its custom image in the factory lab is gone",
        "its source snapshot is gone; made again from its copy in northeurope",
        "its managed image in northeurope is gone",
    ):
        assert told in named, named
    ran = factory.must_up("dev")
    assert "to build" not in ran.output
    assert "4 to restore" in ran.output
    for there in (source, backing):
        assert factory.arm("GET", there, COMPUTE_API)["tags"]["image-factory-version"]
    for lab in ("team-web", "team-data", "image-factory"):
        assert factory.holding(lab) == [name], lab
    factory.must_up("dev", "--expect-no-changes")


@pytest.mark.plain
def test_one_of_ours_outside_the_state_is_adopted_and_a_foreign_one_left(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    factory.must_up("dev")
    (name,) = factory.holding("team-web")
    kinds = "imagefactory:index:Delivery$azure-native:devtestlab:CustomImage"
    logical = f"linux/base@{version(name)}/lab/team-web"
    team = f"urn:pulumi:dev::image-factory::{kinds}::{logical}"
    assert factory.engine("state", "delete", "--yes", "-s", "dev", team).ok
    ran = factory.must_up("dev")
    assert "adopted: it is there with our tags" in ran.output
    factory.must_up("dev", "--expect-no-changes")
    assert factory.engine("state", "delete", "--yes", "-s", "dev", team).ok
    in_team = f"{lab_path(DEV, 'team-web')}/customimages/{name}"
    factory.arm("PATCH", in_team, body={"tags": {"owner": "somebody"}})
    # A preview warns of it, and the run that begins with one refuses it alone.
    factory.define("linux/other")
    preview = factory.preview("dev")
    assert preview.ok, preview.output
    told = re.search(
        r"warning: linux/base .* refused: .*that is not ours is in the way", preview.output
    )
    assert told, preview.output
    refused = factory.up("dev")
    assert not refused.ok
    assert "Previewing update" in refused.output
    assert "that is not ours is in the way" in refused.output
    assert name in [image["name"] for image in factory.labs()["team-web"]["customImages"]]
    (other,) = factory.holding("team-web")
    assert other.startswith("linux-other-")
    assert factory.holding("team-data") == [name, other]


def version(name: str) -> str:
    return ".".join(name.rsplit("-", 2)[1:])


def test_a_state_that_was_lost_stops_the_run_and_names_the_way_out(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    factory.must_up("dev")
    state = json.loads(factory.export("dev"))
    state["deployment"]["resources"] = []
    empty = factory.root / "empty.json"
    empty.write_text(json.dumps(state))
    assert factory.engine("stack", "import", "--file", str(empty), "-s", "dev").ok
    ran = factory.up("dev")
    assert not ran.ok
    assert "its state is empty, but" in ran.output
    assert "Traceback" not in ran.output
    assert len(factory.holding("team-web")) == 1
    leaves(factory, "dev", "*", fate="recover")


def test_a_vm_that_azure_cannot_make_refuses_that_image_alone(factory: FactoryUnderTest) -> None:
    factory.define("linux/good")
    factory.define("linux/huge", size="Standard_Imaginary")
    factory.configure_dev()
    ran = factory.up("dev")
    assert not ran.ok
    assert "linux/huge" in ran.output
    assert "once more, a fresh VM" not in ran.output  # it would be of the same size
    assert "Standard_Imaginary" in ran.output
    assert "Traceback" not in ran.output
    assert [name[:10] for name in factory.holding("team-web")] == ["linux-good"]
    assert factory.build_vms() == []


def test_a_run_killed_while_its_network_is_made_takes_it_in(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    group = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory/providers/Microsoft.Network"

    def network_is_there() -> bool:
        try:
            return bool(factory.arm("GET", f"{group}/publicIPAddresses", "2024-05-01")["value"])
        except RehearsalError:
            return False  # not even the group is there yet

    factory.killed_up("dev", network_is_there)
    factory.must_up("dev")
    assert len(factory.holding("team-web")) == 1
    assert factory.engine("destroy", "--yes", "-s", "dev").ok
    assert "image-factory" not in factory.labs()


def test_without_continue_on_error_the_engine_stops_and_the_next_up_goes_on(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/good", artifacts=[JAVA, NODE, DOCKER])
    factory.define("linux/bad", retries=0)
    factory.configure_dev()
    factory.rehearsal("faults", "add", "--artifact", "linux-deprovision", "--times", "1")
    arguments = ("up", "--yes", "--skip-preview", "-s", "dev")
    ran = factory.engine(*arguments, PULUMI_CONTINUE_ON_ERROR="false")
    assert not ran.ok
    assert "Traceback" not in ran.output
    factory.must_up("dev")
    assert sorted({name[:9] for name in factory.holding("team-web")}) == ["linux-bad", "linux-goo"]
    assert factory.build_vms() == []


def test_a_delivery_that_azure_fails_late_is_mended_by_the_next_run(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev()
    broken = {"code": "InternalServerError", "message": "a fault on demand"}
    for path in ("*team-web/customimages/*", "*/images/*-northeurope"):
        rule = {"method": "PUT", "path": path, "failLater": broken, "times": 1}
        Client(factory.home, running(factory.home)).control("POST", "faults", rule)
    assert not factory.up("dev").ok
    assert factory.holding("team-web") == factory.holding("team-data") == []
    mended = factory.must_up("dev")
    assert "to build" not in mended.output
    assert len(factory.holding("team-web")) == len(factory.holding("team-data")) == 1
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")
