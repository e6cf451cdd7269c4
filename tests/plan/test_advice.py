"""Whoever does what a line says is rid of what it complains of.

Each case gives a plan that complains, does what the line says, and plans again. No line of the plan
that says what to do is without a case; every command and setting that any line names is there.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from factory.cli import parser
from factory.common import names
from factory.common.errors import FactoryError
from factory.common.ownership import Owner
from factory.definitions.lock_file import LockedImage
from factory.ledger.catalogue import read_catalogue
from factory.observed.lab_rules import LabRules
from factory.observed.model import ObservedLab, Thing
from factory.plan.model import Plan
from factory.plan.recovery.recover import lost_owner
from factory.plan.recovery.seen_resource import CAPTURE, Seen
from factory.plan.travel import swap_fault
from factory.plan.verdicts import guards
from factory.settings.stack import Settings
from tests.plan.test_adopting import Lab as LabOfOriginals
from tests.plan.test_locked import URN, files
from tests.plan.test_locked import world as locked
from tests.plan.test_ownership import made_again
from tests.plan.test_places import standing
from tests.plan.test_protecting import protecting
from tests.plan.test_protecting import up as protecting_up
from tests.plan.world import DEV, World, changed, dev, image, lab, prod, settings

FACTORY = Path(__file__).parents[2] / "factory"
Planned = Callable[[], Plan]
Case = Callable[[], Iterator[Planned]]
CASES: dict[str, list[Case]] = {}


_Case = TypeVar("_Case")


def following(cases: dict[str, list[_Case]]) -> Callable[..., Callable[[_Case], _Case]]:
    """Give what notes a case: what it yields first gives each advice, what it yields then not."""

    def follows(*advice: str) -> Callable[[_Case], _Case]:
        def noted(case: _Case) -> _Case:
            for each in advice:
                cases.setdefault(each, []).append(case)
            return case

        return noted

    return follows


follows = following(CASES)


def said(planned: Planned) -> str:
    try:
        plan = planned()
    except FactoryError as error:
        return str(error)
    return "\n".join([*plan.warnings, *(step.reason for step in plan.steps)])


def under(world: World, *different: Settings) -> Iterator[Planned]:
    """Plan one world under settings after settings."""
    for each in different:
        world.settings = each
        yield world.plan


def eleven() -> World:
    world = dev(*[f"linux/{number}" for number in range(11)])
    world.run()
    world.run()
    return world


@follows("put the definitions, patterns or labs back")
def definitions_left() -> Iterator[Planned]:
    world = eleven()
    images, world.images = world.images, {"linux/0": world.images["linux/0"]}
    world.settings = dev(*images, labs=[lab("team")], maxRetirements=9).settings
    yield world.plan
    world.images = images
    yield world.plan


@follows("or allow it once by")
def definitions_left_and_meant() -> Iterator[Planned]:
    world = eleven()
    world.images = {"linux/0": world.images["linux/0"]}
    yield from under(world, *(dev(maxRetirements=most).settings for most in (9, 10)))


def revoked(**more: Any) -> World:
    world = dev("linux/a")
    world.run()
    world.run()
    bad = world.released("linux/a")[-1]
    world.settings = dev(
        "linux/a", revoke={"linux/a": {"versions": [bad], "reason": "x"}}, **more
    ).settings
    return world


@follows("release a good version first and revoke then")
def the_only_one_revoked() -> Iterator[Planned]:
    world = revoked()
    yield world.plan
    entry, world.settings = world.settings, dev("linux/a").settings
    changed(world, "linux/a", "second")
    world.run()
    world.run()
    world.settings = entry
    yield world.plan


@follows("or allow it once by")
def the_only_one_revoked_and_meant() -> Iterator[Planned]:
    yield revoked().plan
    yield revoked(allowNone=["linux/a"]).plan


@follows("or delete those resources")
def a_lost_state() -> Iterator[Planned]:
    ours = {"x": Thing("/images/x", {names.STACK: DEV})}
    world = dev("linux/a")
    yield lambda: world.plan(captures=ours)
    yield lambda: world.plan(captures={})


@follows("correct the setting, or ask the lab's owner", "correct region")
def labs_that_are_not_so() -> Iterator[Planned]:
    world = dev("linux/a", labs=[lab("typo"), lab("b", region="eastus2")])
    there = {"typo": None, "a": ObservedLab("westeurope"), "b": ObservedLab("westeurope")}
    yield lambda: world.plan(labs=there)
    world.settings = dev(labs=[lab("a"), lab("b")]).settings
    yield lambda: world.plan(labs=there)


@follows("name another one, or have its owner delete it")
def a_group_of_others() -> Iterator[Planned]:
    world = dev("linux/a")
    world.founded = False
    theirs = {
        "factory/address": Thing("/address", {names.STACK: "organization/image-factory/other"}),
        "factory/lab": Thing("/labs/factory", {names.STACK: "organization/image-factory/other"}),
    }
    yield lambda: world.plan(foundations=theirs)
    yield lambda: world.plan(foundations={})
    ours = {name: Thing(thing.id, {names.STACK: DEV}) for name, thing in theirs.items()}
    urn = "urn:pulumi:s::p::imagefactory:index:Image::linux/a"  # a state that is not lost
    world.resources[urn] = {"type": "imagefactory:index:Image", "outputs": {}}
    yield lambda: world.plan(foundations=ours)


@follows("change the definition, or ask for it by hand")
def a_build_that_fails_again_and_again() -> Iterator[Planned]:
    world = dev()
    world.images["linux/a"] = image("linux/a", verify=["boots"])
    for _ in range(3):
        world.run(unverified={"linux/a"})
        world.now += timedelta(days=1)
    yield world.plan
    moment = f"{world.now:%Y-%m-%dT%H:%M}"
    asked = replace(world, settings=dev("linux/a", rebuild={"linux/a": moment}).settings)
    yield asked.plan
    changed(world, "linux/a", "next")
    yield world.plan


OWN = {"name": "own", "resourceGroup": "rg-own", "virtualNetwork": "n", "subnet": "s"}


@follows("it allows standard_d4s_v5", "ask the lab's owner")
def an_image_that_the_labs_owner_does_not_allow() -> Iterator[Planned]:
    world, region = dev("linux/a", factoryLab=OWN), "westeurope"
    rules = LabRules(sizes=frozenset({"standard_d4s_v5"}), counts={"LabVmCount": 0})
    world.images["linux/a"] = image("linux/a", size="Standard_B2s")

    def planned() -> Plan:
        plan = world.plan(rules=rules, factory_region=region)
        world.images["linux/a"] = image("linux/a", size="Standard_D4s_v5")
        more = world.plan(rules=rules, factory_region=region)
        return replace(plan, steps=(*plan.steps, *more.steps))

    yield planned
    yield lambda: world.plan(rules=replace(rules, counts={}), factory_region=region)


@follows(
    "have its owner turn that off",
    "have its owner give it a way out",
    "set image-factory:maxConcurrentBuilds to what others leave of them",
)
def a_lab_whose_owner_stops_what_builds() -> Iterator[Planned]:
    world, region = dev("linux/a", "linux/b", factoryLab=OWN), "westeurope"
    rules = LabRules(shutdown="19:30 UTC", shut_in="s", counts={"LabVmCount": 1})
    yield lambda: world.plan(rules=rules, factory_region=region)
    mended = replace(rules, shutdown="", shut_in="")
    fewer = dev("linux/a", factoryLab=OWN, maxConcurrentBuilds=1).settings
    there = replace(world, settings=fewer)
    yield lambda: there.plan(rules=mended, factory_region=region)


GROUP = Thing("/subscriptions/x/resourceGroups/rg-factory", {"owner": "cloud"})


@follows("create: false} if that is meant, else name another one")
def a_group_that_is_there() -> Iterator[Planned]:
    world = dev("linux/a")
    world.founded = False
    there = {"factory/store": GROUP}
    yield lambda: world.plan(foundations=there)
    said = dev("linux/a", resourceGroup={"name": "rg-factory", "create": False}).settings
    world.settings = said
    yield lambda: world.plan(foundations=there)


@follows("have it made, correct its name, or leave create: false out")
def a_group_that_others_did_not_make() -> Iterator[Planned]:
    group = {"name": "rg-factory", "create": False}
    world = dev("linux/a", resourceGroup=group)
    world.founded = False
    yield world.plan
    yield lambda: world.plan(foundations={"factory/store": GROUP})
    other = dev("linux/a", resourceGroup={**group, "name": "rg-other"}).settings
    there = replace(world, settings=other)
    yield lambda: there.plan(foundations={"factory/store": GROUP})
    world.settings = dev("linux/a").settings
    yield world.plan


ADOPTED = {"name": "own", "resourceGroup": "rg-own", "virtualNetwork": "n", "subnet": "s"}


@follows("correct the setting, or set create: true")
def an_own_lab_that_is_not_there() -> Iterator[Planned]:
    world = dev("linux/a", factoryLab=ADOPTED)
    nothing = {"factory_lab_exists": False, "factory_region": None}
    yield lambda: world.plan(**nothing)
    made = {"name": "own", "resourceGroup": "rg-own", "create": True}
    world.settings = dev("linux/a", factoryLab=made).settings
    yield lambda: world.plan(**nothing)


@follows("set azure-native:location to the factory lab's region")
def an_own_lab_elsewhere() -> Iterator[Planned]:
    world = dev("linux/a", factoryLab=ADOPTED)
    yield lambda: world.plan(factory_region="eastus2")
    world.settings = dev("linux/a", factoryLab=ADOPTED, region="eastus2").settings
    yield lambda: world.plan(factory_region="eastus2")


@follows("put the setting back; to really remove it")
def a_foundation_dropped() -> Iterator[Planned]:
    world = dev("linux/a", factoryLab=ADOPTED)
    urn = f"urn:pulumi:{DEV}::p::x$azure-native:devtestlab:Lab::factory/lab"
    world.resources[urn] = {"type": "azure-native:devtestlab:Lab", "outputs": {"name": "factory"}}
    yield world.plan
    world.settings = dev("linux/a").settings
    yield world.plan


@follows(
    "put the setting back; elsewhere a stack of its own", "put it back; if Azure moved the lab"
)
def places_edited() -> Iterator[Planned]:
    world = standing()
    right = world.settings
    moved = [right.labs[0].model_copy(update={"resource_group": "rg-moved"})]
    yield from under(
        world, right.model_copy(update={"region": "northeurope", "labs": moved}), right
    )


@follows("put the lab back; to leave the images")
def a_lab_with_adopted_images_left() -> Iterator[Planned]:
    team = LabOfOriginals()
    team.up()
    right = team.world.settings
    team.world.settings = settings(DEV, [lab("other")])
    yield team.world.plan
    stood = dict(team.world.resources)
    team.world.settings = right
    yield team.plan
    team.world.settings = settings(DEV, [lab("other")])
    team.world.resources = {urn: each for urn, each in stood.items() if "::custom::" not in urn}
    yield team.world.plan


@follows("pin one of", "or take the pin out")
def a_pin_to_nothing() -> Iterator[Planned]:
    world = dev("linux/a")
    world.run()
    world.settings = dev("linux/a", pin={"linux/a": "20200101.1"}).settings
    text = said(world.plan)
    yield world.plan
    good = re.search(r"pin one of (\S+), or", text)
    assert good, text
    for pin in ({"linux/a": good[1]}, {}):
        world.settings = dev("linux/a", pin=pin).settings
        yield world.plan


@follows("put it back, run `up` with")
def a_lab_with_protected_images_left() -> Iterator[Planned]:
    world = protecting()
    protecting_up(world)
    protecting_up(world)
    both, left = [lab("team"), lab("other")], [lab("team")]
    world.settings = settings(DEV, left, protectImages=True)
    yield world.plan
    world.settings = settings(DEV, both, protectImages=False)
    protecting_up(world)
    world.settings = settings(DEV, left, protectImages=False)
    yield world.plan


def deleted_by_hand(world: World, part: str) -> None:
    """Have what was deleted leave the state, as `pulumi refresh` does."""
    for urn in [urn for urn in world.resources if urn.endswith(part)]:
        del world.resources[urn]


@follows("somebody deleted it there -> `pulumi refresh`")
def an_image_deleted_by_hand() -> Iterator[Planned]:
    world = dev("linux/a")
    world.run()
    world.run()
    empty = {"team": ObservedLab("westeurope", {})}
    yield lambda: world.plan(labs=empty)
    deleted_by_hand(world, "/lab/team")
    yield lambda: world.plan(labs=empty)
    world.run()
    assert world.holding("team")


@follows("that this stack made is gone -> `pulumi refresh`")
def the_own_lab_deleted_by_hand() -> Iterator[Planned]:
    world = dev("linux/a")
    urn = f"urn:pulumi:{DEV}::p::x$azure-native:devtestlab:Lab::factory/lab"
    world.resources[urn] = {"type": "azure-native:devtestlab:Lab", "outputs": {"name": "factory"}}
    gone = {"factory_lab_exists": False, "factory_region": None}
    yield lambda: world.plan(**gone)
    deleted_by_hand(world, "::factory/lab")
    yield lambda: world.plan(**gone)


@follows("take it out of image-factory:labs")
def a_lab_gone_for_good() -> Iterator[Planned]:
    world = dev("linux/a", labs=[lab("a"), lab("b")])
    world.run()
    world.run()
    there = {"a": None, "b": ObservedLab("westeurope")}
    yield lambda: world.plan(labs=there)
    world.settings = dev("linux/a", labs=[lab("b")]).settings
    yield lambda: world.plan(labs={"b": there["b"]})


def in_the_place_of_ours(tags: dict[str, str]) -> tuple[World, dict[str, ObservedLab]]:
    """Give a world whose custom image is gone, and its lab with one of others of that name."""
    world = dev("linux/a")
    world.run()
    deleted_by_hand(world, "/lab/team")
    (version,) = world.ledger.held.values()
    name = names.image_name("linux/a", version.version)
    theirs = {name: Thing(f"/labs/team/customimages/{name}", tags)}
    return world, {"team": ObservedLab("westeurope", theirs)}


@follows("is in the way -> delete it there")
def a_custom_image_of_others() -> Iterator[Planned]:
    world, there = in_the_place_of_ours({})
    yield lambda: world.plan(labs=there)
    yield lambda: world.plan(labs={"team": ObservedLab("westeurope", {})})


def received(**record: str) -> tuple[World, World]:
    source = dev("linux/a")
    source.run()
    for each in source.ledger.outputs["catalogue"]["definitions"]["linux/a"].values():
        each.update(record)
    return source, prod(source)


@follows("base it on an sku without it, or set capture: specialized")
def a_disk_that_makes_no_managed_image() -> Iterator[Planned]:
    yield received(securityType="TrustedLaunch")[1].plan
    yield received(securityType="TrustedLaunch", capture="specialized")[1].plan
    yield received(securityType="")[1].plan


@follows("use platform-managed keys in the factory's subscription")
def a_disk_with_a_key_of_its_own() -> Iterator[Planned]:
    yield received(encryption="EncryptionAtRestWithCustomerKey")[1].plan
    yield received(encryption="EncryptionAtRestWithPlatformKey")[1].plan


@follows("no longer offered in .* -> review another one, then python -m factory lock")
def a_locked_base_that_is_gone() -> Iterator[Planned]:
    this = locked()
    this.offered = ("1.2.4",)
    yield this.plan
    this.lock["linux/a"] = LockedImage(f"{URN}:1.2.4", files("a"))
    yield this.plan


@follows("not as images.lock has it: .* -> review it, then python -m factory lock")
def files_that_moved() -> Iterator[Planned]:
    this = locked()
    this.contents = files("b")
    yield this.plan
    this.lock["linux/a"] = LockedImage(f"{URN}:1.2.3", files("b"))
    yield this.plan


@follows(
    "has no entry for it -> python -m factory lock", "neither git nor .* -> python -m factory lock"
)
def nothing_locked() -> Iterator[Planned]:
    this = locked()
    entry = this.lock.pop("linux/a")
    both = image("linux/b", artifacts=["linux-java"])
    this.images["linux/b"], this.lock["linux/b"] = both, LockedImage(f"{URN}:1.2.3", {})
    yield this.plan
    this.lock |= {"linux/a": entry, "linux/b": entry}
    yield this.plan


@follows("has the base .* but its definition says .* -> python -m factory lock")
def a_base_that_was_left() -> Iterator[Planned]:
    this = locked()
    base = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "minimal"}
    this.images["linux/a"] = image("linux/a", artifacts=["linux-java"], base=base)
    yield this.plan
    this.lock["linux/a"] = LockedImage("Canonical:ubuntu-24_04-lts:minimal:1.2.3", files("a"))
    yield this.plan


@follows("run `up` there first")
def a_source_that_never_ran() -> Iterator[Planned]:
    source = dev("linux/a")
    target = prod(source)
    yield target.plan
    source.run()
    yield target.plan


@follows("two stacks cannot have one definition in one lab or group: take it out of one of the two")
def a_custom_image_of_another_stack() -> Iterator[Planned]:
    world, there = in_the_place_of_ours({names.STACK: "organization/image-factory/other"})
    yield lambda: world.plan(labs=there)
    world.settings = dev("linux/a", labs=[lab("team", "other/*")]).settings
    yield lambda: world.plan(labs=there)


def rebuilt(source: World) -> None:
    source.settings = dev("linux/a", rebuild={"linux/a": source.now.isoformat()}).settings
    source.run()


@follows("it comes with the next version, or by image-factory:rebuild there")
def a_number_given_to_two_builds() -> Iterator[Planned]:
    source, receiver = made_again()
    yield receiver.plan
    rebuilt(source)
    yield receiver.plan


@follows("find out who replaced it; image-factory:rebuild in .* makes a good version")
def a_source_in_the_place_of_another() -> Iterator[Planned]:
    source = dev("linux/a")

    def planned() -> Plan:
        record = source.ledger.of("linux/a")[-1].record
        assert record is not None
        released = record.model_copy(update={"source_unique_id": record.version})
        at_its_place = Thing(record.source_id, unique_id=shown.get(record.source_id, ""))
        if fault := swap_fault(released, at_its_place):
            raise FactoryError(fault)
        return source.plan()

    source.run()
    record = source.ledger.of("linux/a")[-1].record
    assert record is not None
    shown = {record.source_id: "another"}
    yield planned
    rebuilt(source)
    made = source.ledger.of("linux/a")[-1].record
    assert made is not None
    shown[made.source_id] = made.version
    yield planned


@follows("write the right one into the group's tag")
def two_states_of_one_name() -> Iterator[Planned]:
    def found(group: Thing | None) -> Plan:
        lost_owner(Owner(DEV), seen, group)
        return dev().plan()

    tags = [{names.STACK: DEV, names.STATE: state} for state in ("a" * 12, "b" * 12)]
    seen = [Seen(CAPTURE, "x", {"id": "/x", "tags": each}) for each in tags]
    yield lambda: found(None)
    yield lambda: found(Thing("/rg", tags[0]))


@cache
def played(case: Case) -> list[str]:
    return [said(planned) for planned in case()]


@pytest.mark.parametrize(
    ("advice", "case"),
    [
        pytest.param(advice, case, id=case.__name__)
        for advice, cases in CASES.items()
        for case in cases
    ],
)
def test_what_a_line_says_helps(advice: str, case: Case) -> None:
    before, *after = played(case)
    assert re.search(advice, before), before
    assert after
    for text in after:
        assert not re.search(advice, text), text


def test_an_old_state_that_was_put_back_is_mended_in_both_ways() -> None:
    source = dev("linux/a")
    source.run()
    old = dict(source.resources)
    changed(source, "linux/a", "second")
    source.run()
    newest = dict(source.resources)
    last = read_catalogue(source.ledger.outputs, DEV, 0, source.now).serial
    source.resources = old
    with pytest.raises(FactoryError, match=r"put the newest one back .*image-factory:rebuild"):
        read_catalogue(source.ledger.outputs, DEV, last, source.now)
    source.resources = newest
    assert read_catalogue(source.ledger.outputs, DEV, last, source.now)
    source.resources = old
    changed(source, "linux/a", "server")  # as it was: nothing is due, and nothing would change
    source.run()
    with pytest.raises(FactoryError, match="lower than the last one received"):
        read_catalogue(source.ledger.outputs, DEV, last, source.now)
    rebuild = {"linux/a": source.now.isoformat()}
    source.settings = dev("linux/a", rebuild=rebuild).settings
    source.run()
    assert read_catalogue(source.ledger.outputs, DEV, last, source.now).serial > last


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Give every text of the program with its place, {} for what is filled in."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        passed: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                passed.add(id(node.value))  # a docstring
            if isinstance(node, ast.JoinedStr):
                passed |= {id(each) for each in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in passed:
                yield f"{path.name}:{node.lineno}", written(node)


def written(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(written(each) for each in node.values)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "image-factory" if ast.unparse(node) == "f'{NAMESPACE}'" else "{}"


def test_no_advice_of_the_plan_is_without_a_case() -> None:
    advice = {
        place: text
        for place, text in texts(FACTORY / "plan")
        # The second is said to who names what there is not, and names what there is.
        if " -> " in text.strip() and "there is no image" not in text
    }
    tree = ast.parse(Path(guards.__file__).read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "problems.error":
            todo = call.args[2]
            own = [
                vars(guards)[each.id]
                for each in ast.walk(todo)
                if isinstance(each, ast.Name) and each.id.startswith("_BACK")
            ]
            for each in own or [written(todo)]:
                advice[f"guards.py:{todo.lineno}: {each}"] = each
    assert len(advice) > 20
    complaints = [played(case)[0] for cases in CASES.values() for case in cases]
    for place, text in advice.items():
        form = re.escape(text).replace(re.escape("{}"), ".*")
        assert any(re.search(form, each) for each in complaints), (place, text)


COMMAND = re.compile(r"python -m factory ([a-z][^`;)>\\\n]*)")
SETTING = re.compile(r"image-factory:([a-z]\w*)")


def test_every_command_that_a_line_names_is_one() -> None:
    found = 0
    for place, text in texts(FACTORY):
        for line in () if text.startswith("#") else COMMAND.findall(text):  # a file's own head
            found += 1
            words = shlex.split(line.replace("{}", "dev").replace("...", "dev"))
            try:
                parser(words[0]).parse_args(words)
            except SystemExit:
                pytest.fail(f"{place}: {line}")
        assert "`factory " not in text, place
    assert found > 20


def test_every_setting_that_a_line_names_is_one() -> None:
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    known |= {value.partition(":")[2] for value in vars(names).values() if isinstance(value, str)}
    for place, text in texts(FACTORY):
        for name in SETTING.findall(text):
            assert name in known, (place, name)
