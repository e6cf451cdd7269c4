"""Lab VMs by azure-mgmt-devtestlabs: made, changed, handed over, deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.mgmt.devtestlabs import models

from tests.sdk.cloud import PASSWORD, UBUNTU, WINDOWS, Cloud, artifact, failed, refused

ARTIFACTS = "properties($expand=artifacts)"
ALL = "Properties($expand=ComputeVm,Artifacts,NetworkInterface,ApplicableSchedule)"


@pytest.fixture(scope="module")
def lab(cloud: Cloud) -> Iterator[tuple[str, str]]:
    found = cloud.lab("machines")
    yield found
    cloud.labs.labs.begin_delete(*found).result()


@pytest.fixture(scope="module")
def vm(cloud: Cloud, lab: tuple[str, str]) -> tuple[str, str, str]:
    cloud.vm(lab, "worker")
    return (*lab, "worker")


def test_a_vm_by_put(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    client = cloud.labs.virtual_machines
    found = client.get(*vm)
    assert found.provisioning_state == "Succeeded"
    assert found.last_known_power_state == "Running"
    # What the SDK sends for want of a value comes back as what it stands for.
    assert found.owner_object_id not in (None, "dynamicValue")
    assert found.storage_type == "StandardSSD"
    assert found.password is None
    assert found.artifacts is None
    assert found.compute_vm is None
    assert found.artifact_deployment_status.total_artifacts == 0
    expanded = client.get(*vm, expand=ALL)
    assert expanded.compute_vm.vm_size == "Standard_D2s_v5"
    assert "PowerState/running" in [each.code for each in expanded.compute_vm.statuses]
    assert expanded.network_interface.subnet_id
    assert expanded.applicable_schedule.name == "applicableSchedule"
    assert [each.name for each in client.list(*vm[:2])] == ["worker"]
    assert client.update(*vm, {"a": "b"}).tags == {"a": "b"}


def test_create_environment_makes_a_vm_and_several(
    cloud: Cloud, lab: tuple[str, str], vm: tuple[str, str, str]
) -> None:
    client = cloud.labs.labs
    body = models.LabVirtualMachineCreationParameter(
        name="env",
        size="Standard_B2s",
        user_name="labuser",
        password=PASSWORD,
        gallery_image_reference=UBUNTU,
        artifacts=[artifact("linux-apt-package", packages="nginx")],
        bulk_creation_parameters=models.BulkCreationParameters(instance_count=2),
        allow_claim=True,
    )
    assert client.begin_create_environment(*lab, body).result() is None
    names = [each.name for each in cloud.labs.virtual_machines.list(*lab)]
    assert {"env00", "env01"} <= set(names)
    made = cloud.labs.virtual_machines.get(*lab, "env01", expand=ARTIFACTS)
    assert [each.status for each in made.artifacts] == ["Succeeded"]
    with refused(409, "Conflict"):
        client.begin_create_environment(*lab, body)

    client.begin_claim_any_vm(*lab).result()
    client.begin_claim_any_vm(*lab).result()
    with refused(404, "NoClaimableVirtualMachine"):
        client.begin_claim_any_vm(*lab)
    for name in ("env00", "env01"):
        cloud.labs.virtual_machines.begin_delete(*lab, name).result()


def test_artifacts_are_applied_and_their_failure_fails_nothing(
    cloud: Cloud, vm: tuple[str, str, str]
) -> None:
    client = cloud.labs.virtual_machines
    client.begin_apply_artifacts(*vm, [artifact("linux-java")]).result()
    rule = cloud.azure.faults.add({"artifact": "linux-install-nodejs", "message": "no", "exit": 7})
    ends = [artifact("linux-install-nodejs"), artifact("linux-java")]
    client.begin_apply_artifacts(*vm, ends).result()
    cloud.azure.faults.clear(rule)
    found = client.get(*vm, expand=ARTIFACTS)
    assert found.provisioning_state == "Succeeded"
    assert found.artifact_deployment_status.deployment_status == "Failed"
    assert [each.status for each in found.artifacts][-2:] == ["Failed", "Skipped"]
    assert "ResourceDeploymentFailure" in found.artifacts[-2].deployment_status_message
    with refused(404, "ArtifactNotFound"):
        client.begin_apply_artifacts(*vm, [artifact("linux-nonesuch")])
    with refused(400, "ArtifactOsTypeMismatch"):
        client.begin_apply_artifacts(*vm, [artifact("windows-git")])


def test_power(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    client = cloud.labs.virtual_machines
    client.begin_stop(*vm, polling=False)
    with refused(409, "ResourceIsNotInValidState"):
        client.begin_start(*vm)
    cloud.advance(3600)
    assert client.get(*vm).last_known_power_state == "Stopped"
    client.begin_start(*vm).result()
    client.begin_restart(*vm).result()
    client.begin_redeploy(*vm).result()
    assert client.get(*vm).last_known_power_state == "Running"


def test_resize(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    client = cloud.labs.virtual_machines
    client.begin_resize(*vm, "Standard_D4s_v5").result()
    found = client.get(*vm, expand=ALL)
    assert (found.size, found.compute_vm.vm_size) == ("Standard_D4s_v5", "Standard_D4s_v5")
    with refused(400, "InvalidParameter"):
        client.begin_resize(*vm, "Gigantic")


def test_claiming(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    client = cloud.labs.virtual_machines
    owner = client.get(*vm).owner_object_id
    with refused(409, "VirtualMachineNotClaimable"):
        client.begin_claim(*vm)
    client.begin_un_claim(*vm).result()
    given_up = client.get(*vm)
    assert (given_up.allow_claim, given_up.owner_object_id) == (True, "")
    client.begin_claim(*vm).result()
    claimed = client.get(*vm)
    assert (claimed.allow_claim, claimed.owner_object_id) == (False, owner)


def test_data_disks(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    client, disks, lab = cloud.labs.virtual_machines, cloud.labs.disks, vm[:2]
    cloud.labs.users.begin_create_or_update(*lab, "@me", models.User()).result()
    new = models.AttachNewDataDiskOptions(disk_size_gi_b=64, disk_name="data", disk_type="Standard")
    body = models.DataDiskProperties(attach_new_data_disk_options=new, host_caching="ReadOnly")
    client.begin_add_data_disk(*vm, body).result()
    held = client.get(*vm, expand=ALL).compute_vm.data_disks
    assert [(each.name, each.disk_size_gi_b) for each in held] == [("data", 64)]
    disk = disks.get(*lab, "@me", "data")
    with refused(409, "DiskAlreadyAttached"):
        disks.begin_delete(*lab, "@me", "data")
    client.begin_detach_data_disk(*vm, disk.id).result()
    with refused(409, "DiskNotAttached"):
        client.begin_detach_data_disk(*vm, disk.id)
    vm_id = client.get(*vm).id
    disks.begin_attach(*lab, "@me", "data", vm_id).result()
    assert disks.get(*lab, "@me", "data").leased_by_lab_vm_id == vm_id
    disks.begin_detach(*lab, "@me", "data", vm_id).result()
    cloud.labs.users.begin_create_or_update(*lab, "somebody", models.User()).result()
    theirs = models.Disk(disk_size_gi_b=8)
    disk = disks.begin_create_or_update(*lab, "somebody", "theirs", theirs).result()
    client.begin_add_data_disk(
        *vm, models.DataDiskProperties(existing_lab_disk_id=disk.id)
    ).result()
    client.begin_transfer_disks(*vm).result()
    assert list(disks.list(*lab, "somebody")) == []
    taken = disks.get(*lab, "@me", "theirs")
    assert taken.leased_by_lab_vm_id == vm_id
    client.begin_detach_data_disk(*vm, taken.id).result()
    disks.begin_delete(*lab, "@me", "data").result()


def test_remote_desktop(cloud: Cloud, lab: tuple[str, str], vm: tuple[str, str, str]) -> None:
    client = cloud.labs.virtual_machines
    cloud.vm(lab, "desk", image=WINDOWS)
    contents = client.get_rdp_file_contents(*lab, "desk").contents
    assert f"full address:s:{client.get(*lab, 'desk').fqdn}:3389" in contents
    with refused(400, "OsTypeNotSupported"):
        client.get_rdp_file_contents(*vm)


def test_schedules_apply_and_can_be_executed(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    lab, client = vm[:2], cloud.labs.virtual_machines
    stop = models.Schedule(
        status="Enabled",
        task_type="LabVmsShutdownTask",
        daily_recurrence=models.DayDetails(time="2300"),
        time_zone_id="UTC",
    )
    cloud.labs.schedules.create_or_update(*lab, "LabVmsShutdown", stop)
    applicable = client.list_applicable_schedules(*vm)
    assert applicable.lab_vms_shutdown.daily_recurrence.time == "2300"
    assert applicable.lab_vms_startup is None
    found = list(cloud.labs.schedules.list_applicable(*lab, "LabVmsShutdown"))
    assert [each.name for each in found] == ["LabVmsShutdown"]
    cloud.labs.schedules.begin_execute(*lab, "LabVmsShutdown").result()
    assert client.get(*vm).last_known_power_state == "Stopped"
    start = models.Schedule(status="Enabled", task_type="LabVmsStartupTask")
    own = (*vm, "LabVmAutoStart")
    cloud.labs.virtual_machine_schedules.create_or_update(*own, start)
    cloud.labs.virtual_machine_schedules.begin_execute(*own).result()
    assert client.get(*vm).last_known_power_state == "Running"
    off = models.Schedule(status="Disabled", task_type="LabVmsShutdownTask")
    cloud.labs.schedules.create_or_update(*lab, "LabVmsShutdown", off)
    with refused(409, "ScheduleDisabled"):
        cloud.labs.schedules.begin_execute(*lab, "LabVmsShutdown")


def test_policies_are_evaluated(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    lab = vm[:2]
    count = len(list(cloud.labs.virtual_machines.list(*lab)))
    most = models.Policy(
        fact_name="LabVmCount",
        evaluator_type="MaxValuePolicy",
        threshold=str(count),
        status="Enabled",
    )
    cloud.labs.policies.create_or_update(*lab, "default", "MaxVmsAllowedInLab", most)

    def evaluate(more: str) -> bool:
        asked = [models.EvaluatePoliciesProperties(fact_name="LabVmCount", value_offset=more)]
        (result,) = cloud.labs.policy_sets.evaluate_policies(*lab, "default", asked).results
        assert result.has_error == bool(result.policy_violations)
        return bool(result.has_error)

    assert evaluate("1")
    assert not evaluate("0")
    cloud.labs.policies.delete(*lab, "default", "MaxVmsAllowedInLab")
    assert not evaluate("1")


def test_an_image_that_does_not_boot_fails_late(cloud: Cloud, vm: tuple[str, str, str]) -> None:
    """Captured as if it were deprovisioned, which it is not: told when a machine is made of it."""
    lab = vm[:2]
    source = cloud.labs.virtual_machines.get(*vm)
    info = models.LinuxOsInfo(linux_os_state="DeprovisionApplied")
    capture = models.CustomImagePropertiesFromVm(source_vm_id=source.id, linux_os_info=info)
    images = cloud.labs.custom_images
    image = images.begin_create_or_update(*lab, "stale", models.CustomImage(vm=capture)).result()
    assert image.managed_image_id
    body = models.LabVirtualMachine(
        size="Standard_B2s", user_name="labuser", password=PASSWORD, custom_image_id=image.id
    )
    client = cloud.labs.virtual_machines
    text = failed(
        lambda: client.begin_create_or_update(*lab, "never-up", body), "OSProvisioningTimedOut"
    )
    assert "generalized" in text
    assert client.get(*lab, "never-up").provisioning_state == "Failed"
    with refused(409, "OperationNotAllowed"):
        client.begin_start(*vm)  # used up by the capture
    client.begin_delete(*lab, "never-up").result()
    images.begin_delete(*lab, "stale").result()
    with refused(404, "ResourceNotFound"):
        images.get(*lab, "stale")
