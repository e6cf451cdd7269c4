"""What Azure knows of definitions and settings, told at the place that is to be changed."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from factory.azure.preflight_reads import offer
from factory.common import names
from factory.common.errors import Problems
from factory.definitions.definition import Base
from factory.observed.lab_rules import LabRules, lab_rules
from factory.observed.model import ObservedLab, Thing
from factory.observed.permissions import Grant, needed, refused
from factory.plan.online_check import Facts, check_against
from tests.plan.world import dev, image, lab, prod

ALL = (Grant(("*",)),)
READER = (Grant(("*/read",)),)
PLAN = {"name": "stable", "publisher": "kinvolk", "product": "flatcar"}
URN = "Canonical:ubuntu-24_04-lts:server"


def told(world: Any, facts: Facts, **observed: Any) -> tuple[list[str], list[str]]:
    problems = Problems()
    inputs = world.inputs(**observed)
    scopes = needed(inputs.settings, inputs.observed.foundations)
    granted = dict.fromkeys(scopes, ALL) | dict(facts.grants)
    unchecked = check_against(inputs, replace(facts, grants=granted), problems)
    return [str(problem) for problem in problems.errors], unchecked


def test_a_sound_stack_is_told_nothing_but_what_was_not_checked() -> None:
    errors, unchecked = told(dev(), Facts(LabRules(), plans={URN: {}}), artifacts={})
    assert errors == []
    assert len(unchecked) == 1


def test_bases_that_the_region_does_not_have() -> None:
    errors, _ = told(dev(), Facts(), base_versions={}, artifacts={})
    assert f"the marketplace of westeurope has no {URN}:latest" in errors[0]


def test_purchase_plans_must_be_named_and_accepted() -> None:
    world = dev()
    assert "is sold under the plan" in told(world, Facts(plans={URN: PLAN}))[0][0]
    base = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "plan": PLAN}
    world.images["linux/a"] = image("linux/a", base=base)
    assert "is sold under no plan" in told(world, Facts(plans={URN: {}}))[0][0]
    key = "kinvolk/flatcar/stable"
    refused_terms = Facts(plans={URN: PLAN}, terms={key: False})
    assert "az vm image terms accept --publisher kinvolk" in told(world, refused_terms)[0][0]
    assert told(world, Facts(plans={URN: PLAN}, terms={key: True}))[0] == []
    errors, unchecked = told(world, Facts(plans={URN: PLAN}, terms={key: None}))
    assert errors == []
    assert any(key in each for each in unchecked)


def test_a_base_whose_vms_make_no_managed_image_is_told() -> None:
    found = {"features": [{"name": "SecurityType", "value": "TrustedLaunch"}]}
    client = SimpleNamespace(get=lambda *_: {"properties": found})
    base = dev().images["linux/a"].definition.base
    assert isinstance(base, Base)

    def faults(world: Any) -> list[str]:
        _, kind = offer(client, "s", "westeurope", base, "1.2.3")  # type: ignore[arg-type]
        errors, _ = told(world, Facts(security={URN: kind}), artifacts={})
        return [each for each in errors if "managed image" in each]

    (fault,) = faults(dev())
    assert "its disk is TrustedLaunch" in fault
    assert fault.endswith("-> base it on an sku without it, or set capture: specialized")
    world = dev()
    world.images["linux/a"] = image("linux/a", capture="specialized")
    assert faults(world) == []
    found["features"][0]["value"] = "TrustedLaunchSupported"
    assert faults(dev()) == []


def test_a_group_of_others_is_told() -> None:
    theirs = {"factory/store": Thing("/subscriptions/x/resourceGroups/rg-factory")}
    world = dev()
    world.founded = False
    inputs, problems = world.inputs(foundations=theirs), Problems()
    check_against(inputs, Facts(), problems)
    assert not any("rg-factory" in each.what for each in problems.errors)
    (warning,) = problems.warnings
    assert "rg-factory is there already and this stack did not make it" in warning.what
    whose = {"factory/store": Thing("/rg-factory", {names.STACK: "organization/p/other"})}
    errors, _ = told(world, Facts(), foundations=whose)
    assert any("/rg-factory is there already and belongs to" in each for each in errors)
    assert not any("there already" in each for each in told(dev(), Facts())[0])


def policy(fact: str, threshold: str, status: str = "Enabled") -> dict[str, Any]:
    return {"properties": {"factName": fact, "threshold": threshold, "status": status}}


def rules_told(rules: LabRules, **more: Any) -> tuple[list[str], list[str]]:
    world = dev("linux/a", "linux/b", **more)
    problems = Problems()
    check_against(world.inputs(artifacts={}), Facts(rules), problems)
    parts = [[each.what for each in kind] for kind in (problems.errors, problems.warnings)]
    return [what for what in parts[0] if "lab" in what and "the identity" not in what], parts[1]


def test_the_rules_of_an_owner_are_told_before_a_vm_is_paid_for() -> None:
    assert rules_told(lab_rules([], None)) == ([], [])
    wrong = json.dumps([json.dumps({"publisher": "RedHat", "offer": "RHEL", "sku": "9"})])
    right = json.dumps(
        [json.dumps(dict(zip(("publisher", "offer", "sku"), URN.split(":"), strict=True)))]
    )
    errors, _ = rules_told(lab_rules([policy("GalleryImage", wrong)], None))
    assert errors == [f"the factory lab's policy does not allow {URN}"] * 2
    assert rules_told(lab_rules([policy("GalleryImage", right)], None)) == ([], [])
    sizes = policy("LabVmSize", '["Standard_B2s"]')
    assert len(rules_told(lab_rules([sizes], None))[0]) == 2
    off = [{**sizes, "properties": {**sizes["properties"], "status": "Disabled"}}]
    assert rules_told(lab_rules(off, None)) == ([], [])


def test_too_few_vms_are_told_and_the_setting_that_is_named_helps() -> None:
    for fact in ("LabVmCount", "UserOwnedLabVmCount"):
        assert rules_told(lab_rules([policy(fact, "0")], None))[0] == [
            f"the lab's policy {fact} allows no VM"
        ]
        few = lab_rules([policy(fact, "1")], None)
        assert rules_told(few)[1] == [f"the lab's policy {fact} allows 1 VMs, 2 may build at once"]
        assert rules_told(few, maxConcurrentBuilds=1) == ([], [])
    assert rules_told(lab_rules([policy("LabPremiumVmCount", "0")], None)) == ([], [])


def test_a_subnet_that_is_exposed_is_told_and_what_is_not_known_is_not() -> None:
    (warning,) = rules_told(LabRules(exposed="Build"))[1]
    assert "the subnet Build has no network security group" in warning


def test_a_shutdown_is_told_with_its_time() -> None:
    daily = {"dailyRecurrence": {"time": "1930"}, "timeZoneId": "W. Europe Standard Time"}
    on = {"properties": {"status": "Enabled", **daily}}
    (warning,) = rules_told(lab_rules([], on))[1]
    assert "stops every VM at 19:30 W. Europe Standard Time" in warning
    assert rules_told(lab_rules([], {"properties": {"status": "Disabled", **daily}})) == ([], [])


def test_sizes_by_policy_and_quota() -> None:
    errors, _ = told(dev(), Facts(LabRules(frozenset({"standard_b2s"}))), cores_free=2)
    assert any("policy does not allow Standard_D4s_v5" in each for each in errors)
    assert any("needs 4 cores, 2 are free" in each for each in errors)
    assert told(dev(), Facts(LabRules(frozenset({"standard_d4s_v5"}))), cores_free=4)[0] == []


def test_labs_that_are_not_there_or_elsewhere() -> None:
    world = dev(labs=[lab("team"), lab("other")])
    errors, _ = told(world, Facts(), labs={"team": None, "other": ObservedLab("northeurope")})
    assert any("there is no lab team" in each for each in errors)
    assert any("is in northeurope, not in westeurope" in each for each in errors)


def test_what_the_identity_may_not_do_is_told_by_scope() -> None:
    source = dev()
    source.run()
    world = prod(source)
    scopes = needed(world.settings)
    target = next(scope for scope in scopes if "/resourceGroups/rg-finance/" in scope)
    assert target.endswith("/labs/finance"), "its lab alone, not all that is in its group"
    errors, _ = told(world, Facts(grants={target: READER}))
    assert len(errors) == 1
    assert target in errors[0]
    assert "Microsoft.DevTestLab/labs/customImages/delete" in errors[0]
    unchecked = told(world, Facts(grants={target: None}))[1]
    assert unchecked == [f"permissions at {target} (not told)"]
    # A group that is not there yet has to be made, for which there is no right below.
    own = f"/subscriptions/{world.settings.subscription_id}"
    making = "Microsoft.Resources/subscriptions/resourceGroups/write"
    assert making in scopes[own]
    there = {"factory/store": Thing(f"{own}/resourcegroups/{world.settings.resource_group}", {})}
    assert own not in needed(world.settings, there)


def test_what_a_role_takes_away_is_not_allowed() -> None:
    grant = Grant(("*",), ("Microsoft.Authorization/*/write",))
    assert refused(["microsoft.authorization/locks/write", "x/read"], [grant]) == [
        "microsoft.authorization/locks/write"
    ]
    assert refused(["x/read"], []) == ["x/read"]
