"""A locked stack builds what its lock says, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from factory.definitions.artifact_content import Contents, SourceContent
from factory.definitions.definition import Base
from factory.definitions.lock_file import Lock, LockedImage, locked_base
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Plan, Step
from tests.plan.world import World, dev, image

URN = "Canonical:ubuntu-24_04-lts:server"
COMMAND = "python -m factory lock --stack dev --only linux/a"


def files(java: str) -> Contents:
    ids = {"linux-java": java * 40, "linux-deprovision": "d" * 40}
    return {"public repo": SourceContent("c0ffee", ids)}


@dataclass
class Locked(World):
    """A world held to ``lock``; ``contents`` is what git shows, ``offered`` what there is."""

    lock: dict[str, LockedImage] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict)
    offered: tuple[str, ...] = ("1.2.3",)

    def inputs(self, **changes: Any) -> Inputs:
        # As the observer asks: for the lock's version of a base, or for the newest one.
        lock = Lock("images.lock", self.lock)
        bases = {}
        for identity, each in self.images.items():
            base = locked_base(lock, each)
            version = base.version if base else ""
            newest = self.offered[-1]
            if version == "latest" or version in self.offered:
                bases[identity] = newest if version == "latest" else version
        plain = super().inputs(base_versions=bases, contents=self.contents, **changes)
        return replace(plain, lock=lock)

    def the_step(self) -> Step:
        due = {Action.BUILD, Action.RESUME, Action.REFUSE, Action.NOTHING}
        steps = [step for step in self.plan().steps if step.action in due]
        assert len(steps) == 1
        return steps[0]


def world(base: str = "1.2.3", java: str = "a") -> Locked:
    plain = dev("linux/a")
    made = Locked(plain.stack, plain.images, plain.settings, contents=files(java))
    made.images["linux/a"] = image("linux/a", artifacts=["linux-java"])
    made.lock["linux/a"] = LockedImage(f"{URN}:{base}", files(java))
    return made


def base_built(plan: Plan) -> str:
    return next(version.spec.base_version for version in plan.versions if version.spec)


def test_it_builds_the_locked_base_and_a_newer_one_is_not_due() -> None:
    this = world()
    this.offered = ("1.2.3", "1.2.4")
    assert base_built(this.run()) == "1.2.3"
    assert this.the_step().reason == "unchanged and fresh"


def test_the_lock_that_moves_is_due_forwards_and_back() -> None:
    this = world()
    this.offered = ("1.2.3", "1.2.4")
    this.run()
    for version, before in (("1.2.4", "1.2.3"), ("1.2.3", "1.2.4")):
        this.lock["linux/a"] = LockedImage(f"{URN}:{version}", files("a"))
        assert this.the_step().reason == f"images.lock moved: base {version} after {before}"
        assert base_built(this.run()) == version
    assert this.the_step().reason == "unchanged and fresh"


def test_files_that_move_upstream_are_not_due_but_those_of_the_lock_are() -> None:
    this = world()
    this.run()
    this.contents = files("b")
    assert this.the_step().reason == "unchanged and fresh"
    this.lock["linux/a"] = LockedImage(f"{URN}:1.2.3", files("b"))
    step = this.the_step()
    assert step.action is Action.BUILD
    assert step.reason == (
        "images.lock moved: artifact linux-java changed in public repo (aaaaaaa -> bbbbbbb)"
    )
    this.run()
    assert this.the_step().reason == "unchanged and fresh"


def test_files_other_than_the_lock_has_are_refused() -> None:
    this = world()
    this.contents = files("b")
    step = this.the_step()
    assert step.action is Action.REFUSE
    assert step.reason == (
        "not as images.lock has it: artifact linux-java changed in public repo "
        f"(aaaaaaa -> bbbbbbb) -> review it, then {COMMAND}"
    )


def test_files_that_cannot_be_compared_are_refused() -> None:
    this = world()
    for contents in ({}, {"public repo": SourceContent(azure={"linux-java": "1" * 16})}):
        this.contents = contents
        step = this.the_step()
        assert step.action is Action.REFUSE
        assert "linux-java of public repo, linux-deprovision of public repo" in step.reason
        assert step.reason.endswith(COMMAND)


def test_what_every_image_gets_is_held_to_the_lock_too() -> None:
    this = world()
    this.images["linux/a"] = image("linux/a", always={"first": ["linux-java"]})
    this.run()
    assert this.the_step().reason == "unchanged and fresh"
    this.contents = files("b")
    assert this.the_step().reason == "unchanged and fresh"
    this.images["linux/a"] = image("linux/a", always={"first": ["linux-java"], "last": ["seal"]})
    step = this.the_step()
    assert step.action is Action.REFUSE
    assert "linux-java changed in public repo" in step.reason


def test_an_artifact_that_the_lock_does_not_have_is_refused() -> None:
    this = world()
    this.run()
    this.images["linux/a"] = image("linux/a", artifacts=["linux-java", "linux-git"])
    step = this.the_step()
    assert step.action is Action.REFUSE
    assert "linux-git of public repo are not in it" in step.reason


def test_a_definition_without_an_entry_is_refused_in_one_line() -> None:
    this = world()
    this.lock.clear()
    assert this.the_step() == Step(
        Action.REFUSE, "linux/a", "", f"images.lock has no entry for it -> {COMMAND}"
    )


def test_a_base_that_the_definition_left_is_refused() -> None:
    this = world()
    this.images["linux/a"] = image("linux/a", sku="minimal", artifacts=["linux-java"])
    assert this.the_step().reason == (
        f"images.lock has the base {URN}:1.2.3, but its definition says "
        f"Canonical:ubuntu-24_04-lts:minimal -> {COMMAND}"
    )
    base = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
    fixed = {**base, "version": "1.2.9"}
    this.images["linux/a"] = image("linux/a", base=fixed, artifacts=["linux-java"])
    assert f"but its definition says {URN}:1.2.9 -> " in this.the_step().reason


def test_a_locked_base_that_is_gone_is_refused_and_what_stands_stays() -> None:
    this = world()
    this.run()
    this.offered = ("1.2.4",)
    assert this.the_step().reason == "unchanged and fresh"
    this.lock["linux/a"] = LockedImage(f"{URN}:1.2.2", files("a"))
    step = this.the_step()
    assert step.action is Action.REFUSE
    assert step.reason == (
        f"its base {URN}:1.2.2, which images.lock says, is no longer offered in westeurope -> "
        f"review another one, then {COMMAND}"
    )
    assert this.holding("team") == {"linux/a": ["20261122.1"]}
    assert any(step.action is Action.KEEP for step in this.plan().steps)


def test_a_cut_off_build_goes_on_only_if_the_lock_still_says_so() -> None:
    this = world()
    this.offered = ("1.2.3", "1.2.4")
    this.run(failing={"linux/a"})
    for part in [urn for urn in this.resources if "/vm/" in urn]:
        del this.resources[part]  # cut off before its VM was made
    assert this.the_step().action is Action.RESUME
    this.lock["linux/a"] = LockedImage(f"{URN}:1.2.4", files("a"))
    assert this.the_step().action is Action.BUILD
    assert base_built(this.plan()) == "1.2.4"


def test_a_layered_image_is_locked_by_its_own_files_and_its_parent_s_entry() -> None:
    this = world()
    child = image("linux/b", base={"image": "linux/a"}, capture="specialized")
    this.images["linux/b"] = child
    this.lock["linux/b"] = LockedImage("image:linux/a")
    plan = this.run()
    assert [step.action for step in plan.steps].count(Action.BUILD) == 2
    this.offered = ("1.2.3", "1.2.4")
    this.lock["linux/a"] = LockedImage(f"{URN}:1.2.4", files("a"))
    reasons = [step.reason for step in this.plan().steps if step.action is Action.BUILD]
    assert reasons[0].startswith("images.lock moved: base 1.2.4")
    assert reasons[1].startswith("its base linux/a moved to ")


def test_what_is_asked_of_the_marketplace() -> None:
    this = world("1.2.2")
    one = this.images["linux/a"]
    assert isinstance(one.definition.base, Base)
    asked = locked_base(Lock("images.lock", this.lock), one)
    assert asked is not None
    assert asked.version == "1.2.2"
    assert locked_base(None, one) == one.definition.base
    assert locked_base(None, image("linux/b", base={"image": "linux/a"})) is None
