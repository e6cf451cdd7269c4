"""Every setting edited by itself, with kept versions: the engine does nothing that is not told.

The program is declared on mocks before and after the edit, and both compared by the provider's own
rules of what replaces and what updates (rehearsal/plugin). A key without a row here fails.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from factory.common.errors import FactoryError
from factory.plan.explanation.engine_steps import EngineStep, is_grouping, unexplained
from factory.plan.reports.json_report import step_data
from factory.settings.environments import LabEnvironment
from factory.settings.stack import ArtifactSource, FactoryLab, Group, Network, Settings, TargetLab
from rehearsal.plugin.diff import compare
from rehearsal.plugin.table import find_kind
from tests.components.harness import Recorder, declare
from tests.plan.world import DEV, SUBSCRIPTIONS, World, dev, lab, settings

Raw = dict[str, Any]
Edit = Callable[[Raw], object]
STASH = "pulumi:index:Stash"
OTHER = "99999999-9999-4999-8999-999999999999"
RAW: Raw = {
    "subscriptionId": SUBSCRIPTIONS[DEV],
    "region": "westeurope",
    "resourceGroup": "rg-factory",
    "factoryLab": {"name": "factory", "resourceGroup": "rg-factory", "create": True},
    "labs": [lab("team"), lab("away", region="eastus2")],
    "artifactSources": [{"name": "own", "uri": "https://git.example/own", "folder": "/a"}],
    "environments": [{"name": "shop", "lab": "team", "template": "web-app"}],
}


def put(*path: str | int, value: object) -> Edit:
    def edit(raw: Raw) -> None:
        node: Any = raw
        for each in path[:-1]:
            node = node.setdefault(each, {}) if isinstance(node, dict) else node[each]
        node[path[-1]] = value

    return edit


def top(key: str, value: object) -> Edit:
    return put(key, value=value)


# By key, as the schema names it: what somebody may write there.
EDITS: dict[str, list[Edit]] = {
    "subscriptionId": [top("subscriptionId", OTHER)],
    "region": [top("region", "northeurope"), top("region", "West Europe")],
    "resourceGroup": [top("resourceGroup", "rg-other"), top("resourceGroup", "RG-Factory")],
    "resourceGroup.name": [top("resourceGroup", {"name": "rg-factory"})],
    "resourceGroup.create": [top("resourceGroup", {"name": "rg-factory", "create": False})],
    "tags": [top("tags", {"CostCenter": "4711"})],
    "images": [top("images", "elsewhere")],
    "factoryLab": [lambda raw: raw.pop("factoryLab")],
    "factoryLab.name": [put("factoryLab", "name", value="other")],
    "factoryLab.resourceGroup": [put("factoryLab", "resourceGroup", value="rg-other")],
    "factoryLab.resourceGroup.name": [
        put("factoryLab", "resourceGroup", value={"name": "rg-factory"})
    ],
    "factoryLab.resourceGroup.create": [
        put("factoryLab", "resourceGroup", value={"name": "rg-factory", "create": False})
    ],
    "factoryLab.create": [
        put(
            "factoryLab",
            value={
                "name": "factory",
                "resourceGroup": "rg-factory",
                "virtualNetwork": "factory-network",
                "subnet": "build",
            },
        )
    ],
    "factoryLab.vmResourceGroup": [put("factoryLab", "vmResourceGroup", value="rg-vms")],
    "factoryLab.network": [
        put("factoryLab", "network", value={"addressSpace": "10.0.0.0/16", "subnet": "10.0.0.0/24"})
    ],
    "factoryLab.network.addressSpace": [
        put("factoryLab", "network", "addressSpace", value="10.240.0.0/21")
    ],
    "factoryLab.network.subnet": [put("factoryLab", "network", "subnet", value="10.240.0.0/24")],
    "factoryLab.virtualNetwork": [put("factoryLab", "virtualNetwork", value="x")],
    "factoryLab.subnet": [put("factoryLab", "subnet", value="x")],
    "artifactSources": [lambda raw: raw.pop("artifactSources")],
    "artifactSources.name": [put("artifactSources", 0, "name", value="mine")],
    "artifactSources.uri": [put("artifactSources", 0, "uri", value="https://git.example/b")],
    "artifactSources.type": [put("artifactSources", 0, "type", value="VsoGit")],
    "artifactSources.branch": [put("artifactSources", 0, "branch", value="next")],
    "artifactSources.folder": [put("artifactSources", 0, "folder", value="/b")],
    "artifactSources.token": [put("artifactSources", 0, "token", value="shopKey")],
    "always": [top("always", {"first": ["linux-java"]})],
    "labs": [lambda raw: raw["labs"].pop(), lambda raw: raw["labs"].append(lab("new"))],
    "labs.name": [put("labs", 0, "name", value="other"), put("labs", 0, "name", value="TEAM")],
    "labs.resourceGroup": [put("labs", 0, "resourceGroup", value="rg-other")],
    "labs.region": [put("labs", 0, "region", value="northeurope")],
    "labs.delivery": [put("labs", 0, "delivery", value="custom-image")],
    "labs.images": [put("labs", 0, "images", value=["windows/**"])],
    "labs.keep": [put("labs", 0, "keep", value=1)],
    "environments": [lambda raw: raw.pop("environments")],
    "environments.name": [put("environments", 0, "name", value="other")],
    "environments.lab": [put("environments", 0, "lab", value="away")],
    "environments.template": [put("environments", 0, "template", value="other")],
    "environments.source": [put("environments", 0, "source", value="Team Repo")],
    "environments.parameters": [put("environments", 0, "parameters", value={"a": "b"})],
    "environments.user": [put("environments", 0, "user", value=OTHER)],
    "environments.replace": [put("environments", 0, "replace", value="delete-first")],
    "only": [top("only", ["linux/a"])],
    "builds": [top("builds", ["windows/**"])],
    "parentsFrom": [top("parentsFrom", [])],
    "letGo": [top("letGo", ["**"])],
    "maxCores": [top("maxCores", 1)],
    "receivesFrom": [top("receivesFrom", [])],
    "keep": [top("keep", 1), top("keep", 5)],
    "after": [top("after", "3d")],
    "approve": [top("approve", {})],
    "pin": [top("pin", {"linux/a": "20261122.1"})],
    "hold": [top("hold", ["**"])],
    "adopt": [top("adopt", {"team": ["old"]})],
    "rebuild": [top("rebuild", {"**": "2026-11-22T11:00"})],
    "revoke": [
        top("revoke", {"linux/a": {"versions": ["20261122.2"], "reason": "CVE"}}),
        top("revoke", {"linux/a": {"versions": ["20261122.1"], "reason": "CVE"}}),
    ],
    "allowNone": [top("allowNone", ["**"])],
    "onRemoval": [top("onRemoval", "keep")],
    "retireAfter": [top("retireAfter", "3d")],
    "protectImages": [top("protectImages", True)],
    "graceForVms": [top("graceForVms", "3d")],
    "locked": [top("locked", True)],
    "lockFile": [top("lockFile", "other.lock")],
    "policies": [top("policies", "other.yaml")],
    "maxRetirements": [top("maxRetirements", 0)],
    "maxConcurrentBuilds": [top("maxConcurrentBuilds", 1)],
    "sourceGrace": [top("sourceGrace", "1h")],
    "pollInterval": [top("pollInterval", "1s")],
}
NESTED: Mapping[str, type[BaseModel]] = {
    "resourceGroup": Group,
    "factoryLab": FactoryLab,
    "factoryLab.resourceGroup": Group,
    "factoryLab.network": Network,
    "artifactSources": ArtifactSource,
    "labs": TargetLab,
    "environments": LabEnvironment,
}


def keys(model: type[BaseModel], place: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        key = f"{place}{info.alias or to_camel(name)}"
        yield key
        if key in NESTED:
            yield from keys(NESTED[key], f"{key}.")


@cache
def _stood() -> World:
    """Make a stack with two versions in its labs, its state with what mocks were declared with."""
    world = dev("linux/a", "linux/b")
    world.settings = read(RAW)
    world.run()
    world.images["linux/a"] = world.images["linux/a"].__class__(
        "linux/a",
        "f",
        world.images["linux/a"].definition.model_copy(update={"size": "Standard_D4s_v5"}),
    )
    for _ in range(3):
        world.run()
    known(world, declared(world))
    return world


def standing() -> World:
    """Give that stack, to be changed."""
    return replace(_stood())


@cache
def _before() -> Recorder:
    return declared(standing())


def read(raw: Raw) -> Settings:
    more = {key: value for key, value in raw.items() if key != "labs"}
    more.setdefault("factoryLab", None)
    return settings(DEV, raw["labs"], **more)


def declared(world: World) -> Recorder:
    return declare(world.inputs(), world.plan(), secrets={"shopKey": "canary"})


def known(world: World, recorder: Recorder) -> None:
    """Write down what was declared, as the engine does."""
    for made in recorder.resources.values():
        if not made.typ.startswith("azure-native:"):
            continue
        found = find_kind(made.typ)[0].resource_path(made.inputs, world.settings.subscription_id)
        name = found.rpartition("/")[2]
        for urn in [each for each in world.resources if each.endswith(f"::{made.name}")]:
            del world.resources[urn]
        outputs = {**made.inputs, "id": found, "name": name, "provisioningState": "Succeeded"}
        world.resources[f"urn:pulumi:s::p::{made.typ}::{made.name}"] = {
            "type": made.typ,
            "outputs": outputs,
        }
    world.founded = False


def steps(before: Recorder, after: Recorder) -> Iterator[EngineStep]:
    """Compare two declarations as the engine and the provider do."""
    for key in sorted({*before.resources, *after.resources}):
        old, new = before.resources.get(key), after.resources.get(key)
        kind, _, name = key.partition(" ")
        if is_grouping(kind):
            continue
        if old is None or new is None:
            yield EngineStep("create" if old is None else "delete", kind, name)
        elif kind == STASH:
            if old.inputs != new.inputs:
                yield EngineStep("update", kind, name)
        else:
            left = after.ignored.get(key, [])
            changes = [
                each
                for each in compare(find_kind(kind)[0], old.inputs, new.inputs)
                if not any(each.path == path or each.path.startswith(f"{path}.") for path in left)
            ]
            if changes and "*" not in left:
                op = "replace" if any(each.replaces for each in changes) else "update"
                yield EngineStep(op, kind, name, tuple(each.path for each in changes))


def test_every_key_of_the_schema_has_a_row() -> None:
    assert sorted(keys(Settings)) == sorted(EDITS)


def test_an_edit_of_nothing_does_nothing() -> None:
    world = standing()
    plan = world.plan()
    assert plan.nothing_due, plan.steps
    assert list(steps(_before(), declared(world))) == []


@pytest.mark.parametrize("key", EDITS)
def test_what_an_edit_does_is_told_or_stops_the_run(key: str) -> None:
    for edit in EDITS[key]:
        world = standing()
        raw = copy.deepcopy(RAW)
        edit(raw)
        try:
            world.settings = read(raw)
            plan = world.plan()
        except FactoryError:  # a guard stops the run, or the settings are refused
            continue
        found = list(steps(_before(), declared(world)))
        assert unexplained(found, [step_data(step) for step in plan.steps]) == [], plan.steps
        if plan.nothing_due:
            assert found == []
