"""What the program declares for a plan: types, names, inputs."""

from __future__ import annotations

import pytest

from factory.common import names
from factory.plan.model import Plan
from tests.components.harness import FakeArm, Recorder, declare, snapshot_id
from tests.plan.world import World, dev, image, lab, prod

VM = "azure-native:devtestlab:VirtualMachine"
CUSTOM = "azure-native:devtestlab:CustomImage"
SNAPSHOT = "azure-native:compute:Snapshot"
IMAGE = "azure-native:compute:Image"
STASH = "pulumi:index:Stash"
V1 = "linux/a@20261122.1"
LABS = [lab("home"), lab("home-2"), lab("away", region="eastus2")]


def building(world: World | None = None, arm: FakeArm | None = None) -> Recorder:
    world = world or dev("linux/a", labs=LABS)
    inputs = world.inputs()
    return declare(inputs, world.plan(), arm)


def test_the_build_vm_is_closed_named_tagged_and_limited() -> None:
    vm = building().inputs(VM, f"{V1}/vm/1")
    assert vm["disallowPublicIpAddress"] is True
    assert vm["allowClaim"] is False
    assert "artifacts" not in vm
    assert vm["galleryImageReference"]["version"] == "1.2.3"
    assert vm["expirationDate"] == "2026-11-23T20:00:00+00:00"
    assert len(vm["name"]) <= 15
    expected = {names.STACK, names.DEFINITION, names.VERSION, names.ATTEMPT, names.COMMIT}
    assert expected <= set(vm["tags"])


def test_the_order_of_a_build() -> None:
    order = building().order
    steps = [
        f"{STASH} {V1}/spec",
        f"{VM} {V1}/vm/1",
        f"{SNAPSHOT} {V1}/source",
        f"{CUSTOM} {V1}/capture",
        f"{STASH} {V1}/record",
        f"{IMAGE} {V1}/image/westeurope",
        f"{CUSTOM} {V1}/lab/home",
    ]
    assert [key for key in order if key in steps] == steps


def test_the_source_is_an_incremental_standard_snapshot_of_the_os_disk() -> None:
    source = building().inputs(SNAPSHOT, f"{V1}/source")
    assert source["incremental"] is True
    assert source["sku"] == {"name": "Standard_LRS"}
    assert source["creationData"] == {"createOption": "Copy", "sourceResourceId": "/disk/os"}
    assert source["hyperVGeneration"] == "V2"
    assert source["networkAccessPolicy"] == "DenyAll"
    assert source["publicNetworkAccess"] == "Disabled"


@pytest.mark.parametrize(
    ("os", "capture", "info"),
    [
        ("linux", "generalized", {"linuxOsInfo": {"linuxOsState": "DeprovisionApplied"}}),
        ("linux", "specialized", {"linuxOsInfo": {"linuxOsState": "NonDeprovisioned"}}),
        ("windows", "generalized", {"windowsOsInfo": {"windowsOsState": "SysprepApplied"}}),
        ("windows", "specialized", {"windowsOsInfo": {"windowsOsState": "NonSysprepped"}}),
    ],
)
def test_the_capture_says_how_the_vm_was_left(
    os: str, capture: str, info: dict[str, object]
) -> None:
    world = dev("linux/a", labs=LABS)
    world.images["linux/a"] = image("linux/a", os=os, capture=capture)
    vm = building(world).inputs(CUSTOM, f"{V1}/capture")["vm"]
    assert {key: value for key, value in vm.items() if key != "sourceVmId"} == info


def test_data_moves_once_per_region() -> None:
    made = building()
    assert made.names(SNAPSHOT) == [f"{V1}/copy/eastus2", f"{V1}/source"]
    assert made.names(IMAGE) == [f"{V1}/image/eastus2", f"{V1}/image/westeurope"]
    home = made.inputs(CUSTOM, f"{V1}/lab/home")
    assert home["managedImageId"] == made.inputs(CUSTOM, f"{V1}/lab/home-2")["managedImageId"]
    assert home["tags"][names.RELEASED] == "yes"
    assert made.inputs(SNAPSHOT, f"{V1}/copy/eastus2")["creationData"] == {
        "createOption": "CopyStart",
        "sourceResourceId": snapshot_id("linux-a-20261122-1"),
    }


def test_specialised_labs_get_the_snapshot_itself() -> None:
    world = dev("linux/a", labs=LABS)
    world.images["linux/a"] = image("linux/a", capture="specialized")
    made = building(world)
    assert made.names(IMAGE) == []
    assert made.inputs(CUSTOM, f"{V1}/lab/home")["managedSnapshotId"] == snapshot_id(
        "linux-a-20261122-1"
    )


def released_parts(recorder: Recorder) -> set[str]:
    build_only = ("/spec", "/vm/1")
    return {
        key
        for key in recorder.order
        if V1 in key and not key.endswith(build_only) and "index:Build" not in key
    }


def test_a_kept_version_has_the_same_parts_under_the_same_names() -> None:
    world = dev("linux/a", labs=LABS)
    built = building(world)
    world.run()
    kept = declare(world.inputs(), world.plan())
    assert released_parts(built) == released_parts(kept)
    assert kept.names(VM) == []


def test_what_a_kept_version_costs() -> None:
    """One component, one record, one resource per lab, two per region; the factory lab is a lab."""
    world = dev("linux/a", labs=LABS)
    world.run()
    kept = declare(world.inputs(), world.plan())
    parts = [key for key in kept.order if V1 in key]
    labs, regions = len(LABS) + 1, 2
    assert len(parts) == 1 + 1 + labs + 2 * regions


def test_a_kept_version_is_declared_from_its_record_not_from_todays_definition() -> None:
    world = dev("linux/a", labs=LABS)
    world.images["linux/a"] = image("linux/a", description="then", tags={"team": "then"})
    world.run()
    world.images["linux/a"] = image("linux/a", description="now", tags={"team": "now"})
    kept = declare(world.inputs(), world.plan())
    home = kept.inputs(CUSTOM, f"{V1}/lab/home")
    assert home["tags"][names.VERSION] == "20261122.1"
    assert home["description"] != "now"
    assert kept.inputs(SNAPSHOT, f"{V1}/source")["creationData"]["sourceResourceId"] == "/disk"


def test_a_receiving_stack_declares_copies_of_the_origins_snapshot_and_no_lab() -> None:
    source = dev("linux/a")
    source.run()
    target = prod(source, LABS)
    made = declare(target.inputs(), target.plan())
    assert made.names("azure-native:devtestlab:Lab") == []
    assert made.names(SNAPSHOT) == [f"{V1}/copy/eastus2", f"{V1}/copy/westeurope"]
    origin = source.ledger.of("linux/a")[0].record
    assert origin is not None
    copies = [made.inputs(SNAPSHOT, name)["creationData"] for name in made.names(SNAPSHOT)]
    assert [copy["createOption"] for copy in copies] == ["CopyStart", "Copy"]
    assert {copy["sourceResourceId"] for copy in copies} == {origin.source_id}
    for name in made.names(SNAPSHOT):
        copy = made.inputs(SNAPSHOT, name)
        assert (copy["networkAccessPolicy"], copy["publicNetworkAccess"]) == ("DenyAll", "Disabled")


def test_a_retired_version_keeps_its_record_and_its_source_alone() -> None:
    world = dev("linux/a", labs=LABS, keep="1")
    world.run()
    world.images["linux/a"] = image("linux/a", sku="second")
    world.run()
    plan = world.plan()
    made = declare(world.inputs(), plan)
    parts = sorted(key.rsplit("/", 1)[-1] for key in made.order if f"{V1}/" in key)
    assert parts == ["record", "retired", "source"]


def test_an_adopted_factory_lab_is_never_declared() -> None:
    adopted = {
        "name": "theirs",
        "resourceGroup": "rg-theirs",
        "virtualNetwork": "Dtltheirs",
        "subnet": "DtltheirsSubnet",
    }
    world = dev("linux/a", labs=LABS, factoryLab=adopted)
    made = building(world)
    assert made.names("azure-native:devtestlab:Lab") == []
    assert made.names("azure-native:network:VirtualNetwork") == []
    vm = made.inputs(VM, f"{V1}/vm/1")
    assert vm["labName"] == "theirs"
    assert vm["labSubnetName"] == "DtltheirsSubnet"
    assert made.names("azure-native:resources:ResourceGroup") == ["factory/store"]


def test_a_created_factory_lab_goes_out_by_nat_lets_nothing_in_and_has_its_sources() -> None:
    source = {"name": "team repo", "uri": "https://git.test/r.git", "token": "pat"}
    world = dev("linux/a", labs=LABS, artifactSources=[source])
    plan: Plan = world.plan()
    made = declare(world.inputs(), plan, secrets={"pat": "s3cret"})
    subnet = made.inputs("azure-native:network:VirtualNetwork", "factory/network")["subnets"][0]
    assert subnet["natGateway"] == {"id": "/id/factory/nat"}
    assert subnet["defaultOutboundAccess"] is False
    assert subnet["networkSecurityGroup"] == {"id": "/id/factory/security-group"}
    guard = made.inputs("azure-native:network:NetworkSecurityGroup", "factory/security-group")
    (rule,) = guard["securityRules"]
    assert (rule["access"], rule["direction"], rule["priority"]) == ("Deny", "Inbound", 4096)
    ends = ("sourceAddressPrefix", "sourcePortRange", "destinationAddressPrefix")
    assert {rule[end] for end in (*ends, "destinationPortRange", "protocol")} == {"*"}
    assert made.names("azure-native:devtestlab:ArtifactSource") == ["factory/source/team repo"]


def test_a_retry_is_a_fresh_vm_of_another_name() -> None:
    arm = FakeArm(fate={"linux-deprovision": "Failed"})
    world = dev("linux/a", labs=LABS)
    made = building(world, arm)
    first, second = (made.inputs(VM, name) for name in made.names(VM))
    assert first["name"] != second["name"]
    assert (first["tags"][names.ATTEMPT], second["tags"][names.ATTEMPT]) == ("1", "2")


def test_a_preview_of_a_build_waits_for_nothing() -> None:
    world = dev("linux/a", labs=LABS)
    arm = FakeArm(lost=True)
    made = declare(world.inputs(), world.plan(), arm, preview=True)
    assert made.names(VM) == [f"{V1}/vm/1"]
    assert arm.applied == []


def test_trusted_launch_is_refused_before_anything_is_captured() -> None:
    """A gate judges the outcome, and gates do not run on mocks: look at what it would judge."""
    arm = FakeArm(security="TrustedLaunch")
    world = dev("linux/a", labs=LABS)
    made = building(world, arm)
    assert len(made.names(VM)) == 1  # a fresh VM would have the same disk
    assert arm.applied == []
    specialized = dev("linux/a", labs=LABS)
    specialized.images["linux/a"] = image("linux/a", capture="specialized")
    assert len(building(specialized, FakeArm(security="TrustedLaunch")).names(VM)) == 1


def test_a_layered_image_is_built_from_its_parents_custom_image() -> None:
    world = dev("linux/a", labs=LABS)
    world.images["linux/b"] = image("linux/b", base={"image": "linux/a"})
    made = building(world)
    vm = made.inputs(VM, "linux/b@20261122.1/vm/1")
    assert vm["customImageId"].endswith("/labs/factory/customimages/linux-a-20261122-1")
    assert "galleryImageReference" not in vm
    record = made.inputs(STASH, "linux/b@20261122.1/record")["input"]
    assert record["parent"] == V1


def test_what_a_protected_version_protects_and_what_says_so_first() -> None:
    world = dev("linux/a", labs=LABS, protectImages=True)
    world.run()
    made = declare(world.inputs(), world.plan())
    guard = f"{STASH} {V1}/protected"
    images = [f"{CUSTOM} {V1}/capture", f"{CUSTOM} {V1}/lab/home"]
    assert all(made.order.index(guard) < made.order.index(image) for image in images)
