"""Bodies against the models: what the SDK would never send, sent by its generic client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sdk.cloud import Cloud, refused

LAB = "2018-09-15"


@pytest.mark.parametrize(
    ("child", "properties", "path"),
    [
        ("policysets/default/policies/p", {"status": "Perhaps"}, "properties.status"),
        ("policysets/default/policies/p", {"threshold": {"a": 1}}, "properties.threshold"),
        ("policysets/default/policies/p", "none", "properties"),
        ("schedules/s", {"hourlyRecurrence": {"minute": "soon"}}, "hourlyRecurrence.minute"),
        ("schedules/s", {"weeklyRecurrence": {"weekdays": "Monday"}}, "weeklyRecurrence.weekdays"),
        ("schedules/s", {"notificationSettings": []}, "properties.notificationSettings"),
        ("costs/c", {"startDateTime": "yesterday"}, "properties.startDateTime"),
        ("costs/c", {"targetCost": {"costThresholds": [{"thresholdId": {}}]}}, "[0].thresholdId"),
        ("costs/c", {"targetCost": {"cycleType": "Moon"}}, "properties.targetCost.cycleType"),
        ("virtualmachines/v", {"allowClaim": "yes"}, "properties.allowClaim"),
        ("virtualmachines/v", {"artifacts": {}}, "properties.artifacts"),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    cloud: Cloud, lab: tuple[str, str], child: str, properties: Any, path: str
) -> None:
    base = cloud.labs.labs.get(*lab).id
    with refused(400, "InvalidRequestContent", f"{path}'"):
        put(cloud.resources.resources, f"{base}/{child}", {"properties": properties})


def test_what_the_services_deserializer_forgives(cloud: Cloud, lab: tuple[str, str]) -> None:
    """Letter case, numbers as text, text as numbers, null, read-only and unknown properties."""
    base = cloud.labs.labs.get(*lab).id
    body = {
        "id": "/not/this",
        "properties": {
            "STATUS": "enabled",
            "taskType": None,
            "targetResourceId": 7,
            "hourlyRecurrence": {"minute": "15"},
            "provisioningState": "Failed",
            "uniqueIdentifier": "mine",
            "unheardOf": True,
        },
    }
    put(cloud.resources.resources, f"{base}/schedules/odd", body)
    found = cloud.labs.schedules.get(*lab, "odd")
    assert (found.status, found.target_resource_id, found.task_type) == ("Enabled", "7", None)
    assert found.hourly_recurrence.minute == 15
    assert found.provisioning_state == "Succeeded"
    assert found.unique_identifier != "mine"
    raw = cloud.resources.resources.get_by_id(f"{base}/schedules/odd", api_version=LAB)
    assert "unheardOf" not in raw.properties


def test_what_is_required_inside_a_model(cloud: Cloud, lab: tuple[str, str]) -> None:
    base = cloud.labs.labs.get(*lab).id
    with refused(400, "InvalidRequestContent"):
        put(
            cloud.resources.resources,
            f"{base}/customimages/c",
            {"properties": {"vhd": {"imageName": "https://x/y.vhd"}}},
        )


def test_bodies_of_actions_are_checked_too(cloud: Cloud, lab: tuple[str, str], linux: str) -> None:
    with refused(400, "InvalidRequestContent"):
        cloud.labs.virtual_machines.begin_resize(*lab, linux, None)
    with refused(400, "InvalidRequestContent"):
        cloud.labs.labs.begin_create_environment(*lab, b'{"properties": {"size": ["a"]}}')


def test_the_api_version_is_one_that_the_service_has(cloud: Cloud, lab: tuple[str, str]) -> None:
    base = cloud.labs.labs.get(*lab).id
    with refused(400, "NoRegisteredProviderFound"):
        cloud.resources.resources.get_by_id(base, api_version="2031-01-01")


def put(client: Any, path: str, body: Any) -> None:
    client.begin_create_or_update_by_id(path, body, api_version=LAB).result()
