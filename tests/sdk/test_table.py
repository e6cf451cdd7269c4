"""Every type of the SDK's table in turn: made, read, listed, tagged, deleted by its own client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.mgmt.devtestlabs import models

from rehearsal.azure.tables import table
from tests.sdk.cloud import Cloud, refused

TEMPLATE = "/artifactsources/own/armtemplates/virtual-network"


@dataclass(frozen=True)
class Case:
    """A type: the client's attribute, what stands between lab and name, and a body."""

    client: str
    body: Any
    above: tuple[str, ...] = ()
    name: str = "one"
    check: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(
        "artifact_sources",
        models.ArtifactSource(
            uri="https://github.com/contoso/a.git",
            folder_path="/Artifacts",
            arm_template_folder_path="/Environments",
            security_token="t0ken",  # whose absence is checked
            source_type="GitHub",
        ),
        name="extra",
        check={"branch_ref": "master", "security_token": None, "status": "Enabled"},
    ),
    Case("formulas", models.Formula(description="d", os_type="Linux"), check={"os_type": "Linux"}),
    Case(
        "policies",
        models.Policy(
            fact_name="LabVmSize",
            evaluator_type="AllowedValuesPolicy",
            threshold='["Standard_B2s"]',
            status="Disabled",
        ),
        ("default",),
        check={"status": "Disabled", "fact_name": "LabVmSize"},
    ),
    Case(
        "schedules",
        models.Schedule(
            task_type="LabVmsShutdownTask",
            daily_recurrence=models.DayDetails(time="1900"),
            time_zone_id="UTC",
        ),
        check={"status": "Disabled", "time_zone_id": "UTC"},
    ),
    Case("virtual_machine_schedules", models.Schedule(task_type="LabVmsShutdownTask"), ("linux",)),
    Case("notification_channels", models.NotificationChannel(web_hook_url="https://example.org/h")),
    Case("users", models.User(), name="somebody", check={"identity.object_id": "somebody"}),
    Case("secrets", models.Secret(value="hush"), ("@me",), check={"value": None}),
    Case(
        "environments",
        models.DtlEnvironment(
            deployment_properties=models.EnvironmentDeploymentProperties(arm_template_id=TEMPLATE)
        ),
        ("@me",),
        check={"arm_template_display_name": "Virtual network", "created_by_user": "factory"},
    ),
    Case("disks", models.Disk(disk_size_gi_b=32), ("@me",), check={"disk_type": "Standard"}),
    Case("service_fabrics", models.ServiceFabric(environment_id="e"), ("@me",), name="fabric"),
]


@pytest.fixture(scope="module", autouse=True)
def _own(cloud: Cloud, lab: tuple[str, str], linux: str) -> None:
    """Make what stands above the types: a source of templates, a user for the caller, a fabric."""
    source = models.ArtifactSource(uri="https://x/y.git", arm_template_folder_path="/Environments")
    cloud.labs.artifact_sources.create_or_update(*lab, "own", source)
    cloud.labs.users.begin_create_or_update(*lab, "@me", models.User()).result()
    cloud.advance(600)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.client)
def test_a_type_of_the_table(cloud: Cloud, lab: tuple[str, str], case: Case) -> None:
    client = getattr(cloud.labs, case.client)
    place = (*lab, *case.above, case.name)
    made = _do(client, "create_or_update", *place, case.body)
    assert made.name == case.name
    assert made.provisioning_state == "Succeeded"
    found = client.get(*place)
    assert found.unique_identifier == made.unique_identifier
    for path, value in case.check.items():
        held = found
        for part in path.split("."):
            held = getattr(held, part)
        assert held == value
    assert found.id in [each.id for each in client.list(*place[:-1])]
    assert client.update(*place, {"seen": "yes"}).tags == {"seen": "yes"}
    _do(client, "delete", *place)
    with refused(404, "ResourceNotFound"):
        client.get(*place)
    _do(client, "delete", *place)  # 204


def test_schedules_below_a_service_fabric(cloud: Cloud, lab: tuple[str, str]) -> None:
    fabrics, client = cloud.labs.service_fabrics, cloud.labs.service_fabric_schedules
    fabrics.begin_create_or_update(*lab, "@me", "sf", models.ServiceFabric()).result()
    place = (*lab, "@me", "sf", "LabVmsShutdown")
    client.create_or_update(*place, models.Schedule(task_type="LabVmsShutdownTask"))
    assert client.get(*place).task_type == "LabVmsShutdownTask"
    assert len(list(client.list(*place[:-1]))) == 1
    assert client.update(*place, {"a": "b"}).tags == {"a": "b"}
    client.delete(*place)
    with refused(404, "ParentResourceNotFound"):
        client.create_or_update(*lab, "@me", "none", "s", models.Schedule())


def test_types_that_cannot_be_listed_or_deleted(cloud: Cloud, lab: tuple[str, str]) -> None:
    runners, costs = cloud.labs.service_runners, cloud.labs.costs
    identity = models.IdentityProperties(type="SystemAssigned")
    runners.create_or_update(*lab, "runner", models.ServiceRunner(location="westeurope"))
    assert runners.get(*lab, "runner").name == "runner"
    assert identity.type == "SystemAssigned"
    runners.delete(*lab, "runner")
    cost = models.LabCost(
        currency_code="EUR",
        target_cost=models.TargetCostProperties(
            status="Enabled",
            target=500,
            cost_thresholds=[
                models.CostThresholdProperties(
                    threshold_id="t",
                    percentage_threshold=models.PercentageCostThresholdProperties(
                        threshold_value=75
                    ),
                )
            ],
        ),
    )
    costs.create_or_update(*lab, "targetCost", cost)
    found = costs.get(*lab, "targetCost", expand="properties($expand=labCostDetails)")
    assert found.target_cost.target == 500
    assert found.target_cost.cost_thresholds[0].percentage_threshold.threshold_value == 75


def test_schedules_of_a_resource_group(cloud: Cloud, lab: tuple[str, str], linux: str) -> None:
    client, group = cloud.labs.global_schedules, lab[0]
    vm = cloud.labs.virtual_machines.get(*lab, linux)
    body = models.Schedule(
        location="westeurope",
        status="Enabled",
        task_type="ComputeVmShutdownTask",
        target_resource_id="/nothing",
    )
    client.create_or_update(group, "nightly", body)
    assert client.get(group, "nightly").status == "Enabled"
    assert [each.name for each in client.list_by_resource_group(group)] == ["nightly"]
    assert "nightly" in [each.name for each in client.list_by_subscription()]
    assert client.update(group, "nightly", {"a": "b"}).tags == {"a": "b"}
    client.begin_retarget(group, "nightly", "/nothing", vm.id).result()
    assert client.get(group, "nightly").target_resource_id == vm.id
    client.begin_execute(group, "nightly").result()
    client.delete(group, "nightly")
    power = cloud.labs.virtual_machines.get(*lab, linux).last_known_power_state
    assert power == "Stopped"
    cloud.labs.virtual_machines.begin_start(*lab, linux).result()


def test_the_table_has_every_type_here() -> None:
    kinds = {row["kind"] for row in table("devtestlab")["types"]}
    assert len(kinds) == 19


def _do(client: Any, verb: str, *arguments: Any) -> Any:
    """Call an operation, in its long-running form where it has one."""
    long = getattr(client, f"begin_{verb}", None)
    return long(*arguments).result() if long else getattr(client, verb)(*arguments)
