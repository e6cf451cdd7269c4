"""What the owner of an adopted factory lab says stops a build, or is told, before a VM is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from factory.azure.preflight_reads import rules as read_rules
from factory.observed.lab_rules import LabRules, is_shut_in
from factory.plan.model import Action, Plan
from factory.settings.stack import FactoryLab
from tests.plan.world import dev

ADOPTED = {"name": "own", "resourceGroup": "rg-own", "virtualNetwork": "n", "subnet": "Build"}


def planned(rules: LabRules, **more: Any) -> Plan:
    world = dev("linux/a", "linux/b", factoryLab=ADOPTED, **more)
    return world.plan(rules=rules, factory_region="westeurope")


def refused(rules: LabRules) -> set[str]:
    return {step.reason for step in planned(rules).steps if step.action is Action.REFUSE}


def test_what_a_policy_forbids_is_refused_before_its_vm() -> None:
    (size,) = refused(LabRules(sizes=frozenset({"standard_b2s"})))
    assert (
        size == "the factory lab's policy does not allow Standard_D4s_v5 -> it allows standard_b2s"
    )
    (base,) = refused(LabRules(images=frozenset()))
    assert base.endswith("ubuntu-24_04-lts:server -> ask the lab's owner")
    for fact in ("LabVmCount", "UserOwnedLabVmCount"):
        (none,) = refused(LabRules(counts={fact: 0}))
        assert none == f"the lab's policy {fact} allows no VM -> ask the lab's owner"
    assert refused(LabRules(counts={"LabPremiumVmCount": 0})) == set()
    assert refused(LabRules()) == set()


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (LabRules(shutdown="19:30 UTC"), "the lab stops every VM at 19:30 UTC"),
        (LabRules(counts={"LabVmCount": 1}), "policy LabVmCount allows 1 VMs, 2 may build at once"),
        (LabRules(shut_in="Build"), "the subnet Build is private and has neither a NAT gateway"),
    ],
)
def test_what_may_end_a_build_is_a_warning_where_one_begins(rules: LabRules, told: str) -> None:
    (warning,) = planned(rules).warnings
    assert warning.startswith("image-factory:factoryLab: ")
    assert told in warning
    assert " -> " in warning
    idle = dev(factoryLab=ADOPTED)
    idle.images = {}
    assert idle.plan(rules=rules, factory_region="westeurope").warnings == ()


NAT = {"natGateway": {"id": "/nat"}}


@pytest.mark.parametrize(
    ("said", "is_so"),
    [
        ({"defaultOutboundAccess": False}, True),
        ({"defaultOutboundAccess": False, **NAT}, False),
        ({"defaultOutboundAccess": False, "routeTable": {"id": "/routes"}}, False),
        ({"defaultOutboundAccess": True}, False),
        ({}, False),
    ],
)
def test_a_subnet_is_shut_in_only_by_its_own_word(said: dict[str, Any], is_so: bool) -> None:
    network: dict[str, Any] = {"properties": {"subnets": [{"name": "build", "properties": said}]}}
    assert is_shut_in(network, "Build") is is_so
    assert not is_shut_in(network, "other")

    class Client:
        def list(self, *_: object) -> list[dict[str, Any]]:
            return []

        def get(self, path: str, _: str) -> dict[str, Any]:
            if path.endswith("/virtualnetworks/n"):
                return {"properties": {"externalProviderResourceId": "/network"}}
            return network if path == "/network" else {}

    found = read_rules(Client(), FactoryLab.model_validate(ADOPTED), "/lab")  # type: ignore[arg-type]
    assert found is not None
    assert found.shut_in == ("Build" if is_so else "")
    assert found.exposed == ("Build" if said else "")
    network["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": "/guard"}
    guarded = read_rules(Client(), FactoryLab.model_validate(ADOPTED), "/lab")  # type: ignore[arg-type]
    assert guarded == replace(found, exposed="")
