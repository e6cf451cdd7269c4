"""References to key vaults: names shape an image, a missing secret refuses that image alone."""

from __future__ import annotations

from factory.definitions.definition import VaultRef
from factory.plan.model import Action
from tests.plan.world import World, dev, image


def ref(name: str = "vpn") -> dict[str, str]:
    return {"keyVault": "kv-x", "secret": name}


def with_secret(world: World, name: str = "vpn") -> None:
    artifact = {"name": "linux-java", "parameters": {"key": ref(name)}}
    world.images["linux/a"] = image("linux/a", artifacts=[artifact])


def test_a_secret_that_is_not_there_refuses_that_build_and_no_other() -> None:
    world = dev("linux/a", "linux/b")
    with_secret(world)
    faults = {VaultRef.model_validate(ref()): "secret vpn of key vault kv-x does not exist"}
    steps = world.plan(vault_faults=faults).steps
    found = {step.identity: (step.action, step.reason) for step in steps if not step.lab}
    assert found["linux/a"] == (Action.REFUSE, "secret vpn of key vault kv-x does not exist")
    assert found["linux/b"][0] is Action.BUILD


def test_a_secret_that_is_gone_later_disturbs_no_kept_version() -> None:
    world = dev("linux/a")
    with_secret(world)
    world.run()
    faults = {VaultRef.model_validate(ref()): "gone"}
    plan = world.plan(vault_faults=faults)
    assert [step.action for step in plan.steps if step.action is Action.REFUSE] == []


def test_a_build_that_was_cut_off_goes_on_by_the_names_it_began_with() -> None:
    world = dev("linux/a")
    with_secret(world)
    (version,) = world.plan().versions
    assert version.spec is not None
    assert [str(each) for each in version.spec.content.vault_refs] == [
        "secret vpn of key vault kv-x"
    ]


def test_another_secret_is_another_image() -> None:
    world = dev("linux/a")
    with_secret(world)
    world.run()
    with_secret(world, "vpn-2")
    assert "definition changed: artifacts" in {step.reason for step in world.plan().steps}
