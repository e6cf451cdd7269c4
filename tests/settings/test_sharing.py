"""Stack files that share the work, read together: what is told offline, by file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.common.errors import Problems
from factory.settings.validation import check, find_project

LAB = {"name": "f", "resourceGroup": "g", "virtualNetwork": "n", "subnet": "s"}
UBUNTU = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}


def project(folder: Path, **stacks: dict[str, Any]) -> None:
    for identity, base in (("base/x", UBUNTU), ("linux/a", {"image": "base/x"})):
        file = folder / f"images/{identity}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump({"base": base, "os": "linux"}))
    for stack, settings in stacks.items():
        config = {
            "azure-native:subscriptionId": "11111111-1111-4111-8111-111111111111",
            "azure-native:location": "westeurope",
            "image-factory:resourceGroup": f"rg-{stack}",
            **{f"image-factory:{key}": value for key, value in settings.items()},
        }
        text = yaml.safe_dump({"config": config}, sort_keys=False)
        (folder / f"Pulumi.{stack}.yaml").write_text(text)


def said(folder: Path, stack: str | None = None) -> tuple[list[str], list[str]]:
    problems = Problems()
    check(find_project(folder, stack, None), problems)
    return [each.what for each in problems.errors], [each.what for each in problems.warnings]


def test_a_parent_that_no_known_stack_builds_is_told(tmp_path: Path) -> None:
    base = {"factoryLab": LAB, "builds": ["base/**"]}
    linux = {"factoryLab": LAB, "builds": ["linux/**"]}
    project(tmp_path, base=base, linux=linux, other=base)
    errors, _ = said(tmp_path, "linux")
    assert errors == ["base.image: this stack does not build base/x (image-factory:builds)"]
    project(tmp_path, linux={**linux, "parentsFrom": "base"})
    assert said(tmp_path, "linux")[0] == []
    project(tmp_path, linux={**linux, "parentsFrom": ["absent"]})
    assert said(tmp_path, "linux")[0] == []  # whose file is not there may build it
    project(tmp_path, base={**base, "builds": ["linux/**"]}, linux={**linux, "parentsFrom": "base"})
    errors, _ = said(tmp_path, "linux")
    assert any("none of image-factory:parentsFrom (base) builds base/x" in each for each in errors)
    assert any("comes from linux and from base" in each for each in errors)


def test_what_comes_by_two_chains_is_told_and_what_no_lab_passes_on_is_not(tmp_path: Path) -> None:
    dev = {"factoryLab": LAB}
    first = {"receivesFrom": "dev", "labs": [_lab("one", "base/**")]}
    second = {"receivesFrom": "dev", "labs": [_lab("two", "linux/**")]}
    last = {"receivesFrom": ["first", "second"], "labs": [_lab("last", "**")]}
    project(tmp_path, dev=dev, first=first, second=second, last=last)
    assert said(tmp_path)[0] == []
    project(tmp_path, second={**second, "labs": [_lab("two", "**")]})
    errors, _ = said(tmp_path)
    assert len(errors) == 1
    assert errors[0].startswith("base/x comes from first and from second (")
    assert "Pulumi.second.yaml:5:" in errors[0]


def test_what_no_stack_builds_is_warned_of(tmp_path: Path) -> None:
    one = {"factoryLab": LAB, "builds": ["base/**"], "labs": [_lab("team", "linux/**")]}
    project(tmp_path, one=one, two={"factoryLab": LAB, "builds": ["base/*"]})
    _, warnings = said(tmp_path)
    assert "no stack builds it: no image-factory:builds takes it" in warnings
    assert any("all that it takes is built by other stacks" in each for each in warnings)
    project(tmp_path, two={"factoryLab": LAB})
    assert not any("no stack builds it" in each for each in said(tmp_path)[1])


MADE = {"name": "f", "resourceGroup": "rg-f", "create": True}
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"


def test_what_two_stacks_make_is_told_and_goes_as_the_line_says(tmp_path: Path) -> None:
    project(
        tmp_path, one={"factoryLab": MADE}, two={"factoryLab": {**MADE, "resourceGroup": "RG-F"}}
    )
    errors, _ = said(tmp_path)
    assert len(errors) == 2
    assert errors[0].startswith("the resource group RG-F is made by this stack and by one (")
    assert "Pulumi.one.yaml:7:5" in errors[0]
    assert "the lab f is named by one too (" in errors[1]
    assert errors[1].endswith("and both bring base/x (and 1 more)")
    project(tmp_path, two={"factoryLab": {**MADE, "resourceGroup": "rg-two"}})
    assert said(tmp_path) == ([], [])
    project(tmp_path, two={"factoryLab": {**MADE, "resourceGroup": "RG-ONE"}})
    assert said(tmp_path)[0][0].startswith("the resource group RG-ONE is made by")
    file = tmp_path / "Pulumi.two.yaml"
    file.write_text(file.read_text().replace("11111111-1111-4111-8111-111111111111", SUBSCRIPTION))
    assert said(tmp_path) == ([], [])


def test_a_lab_that_two_stacks_bring_images_to_is_told(tmp_path: Path) -> None:
    one = {"factoryLab": MADE, "builds": ["base/*"], "labs": [_lab("Team", "base/*")]}
    lab = {**LAB, "resourceGroup": "rg-f"}  # made by one, adopted by the other: on purpose
    two = {"factoryLab": lab, "builds": ["linux/*"], "labs": [_lab("TEAM", "linux/*")]}
    project(tmp_path, one=one, two={**two, "parentsFrom": "one"})
    errors, warnings = said(tmp_path)
    assert errors == []
    (warning,) = warnings
    assert warning.startswith("the lab TEAM is named by one too (")
    three = {"receivesFrom": "one", "labs": [_lab("team", "base/*")]}
    project(tmp_path, three=three)
    (error,) = said(tmp_path)[0]
    assert error.endswith("and both bring base/x")


@pytest.mark.parametrize("length", [2, 3, 5])
def test_stacks_that_receive_in_a_circle_are_told_once(length: int, tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(length)]
    circle: dict[str, dict[str, Any]] = {
        name: {"receivesFrom": [names[(at + 1) % length]], "labs": [_lab(f"lab-{name}", "**")]}
        for at, name in enumerate(names)
    }
    project(tmp_path, dev={"factoryLab": MADE}, **circle)
    assert said(tmp_path)[0] == [
        f"image-factory:receivesFrom leads in a circle: {' -> '.join([*names, names[0]])}"
    ]
    circle[names[-1]]["receivesFrom"] = ["dev"]
    project(tmp_path, **circle)
    assert said(tmp_path)[0] == []


def _lab(name: str, pattern: str) -> dict[str, Any]:
    return {"name": name, "resourceGroup": "g", "region": "westeurope", "images": [pattern]}
