"""``policies.yaml``: what a company's rules say of definitions and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.common.errors import Problems
from factory.settings.policy_file import (
    Policies,
    Subject,
    check_policies,
    examples,
    read_policies,
)
from factory.settings.stack_file import StackFile
from tests.plan.world import World, dev, image, lab, prod

CHECKOUT = Path(__file__).parents[2]


def held(
    folder: Path, world: World, problems: Problems, *rules: dict[str, Any], level: str = "mandatory"
) -> Policies:
    """Hold a stack to rules, each with a name of its own and a message unless it has one."""
    plain = {"on": "image", "level": level, "message": "so it is said"}
    listed = [{"name": f"rule-{at}", **plain, **rule} for at, rule in enumerate(rules)]
    (folder / "policies.yaml").write_text(yaml.safe_dump({"policies": listed}, width=2000))
    read = read_policies(folder, "policies.yaml", "Pulumi.dev.yaml", problems)
    stack = StackFile(f"Pulumi.{world.stack.rpartition('/')[2]}.yaml")
    return check_policies(read, world.images, world.settings, stack, problems)


def broken(folder: Path, world: World, *rules: dict[str, Any]) -> list[str]:
    problems = Problems()
    found = held(folder, world, problems, *rules)
    assert problems.errors == []
    return [each.where for each in found.broken]


def fault(folder: Path, world: World, **rule: Any) -> str:
    problems = Problems()
    held(folder, world, problems, rule, level="advisory")
    (told,) = set(problems.errors)
    assert told.where.startswith("policies.yaml:")
    return str(told).partition(": ")[2]


def built() -> World:
    world = dev("linux/a", tags={"owner": "team@x.test"})
    world.images["linux/b"] = image(
        "linux/b",
        base={"image": "linux/a"},
        tags={"owner": "none"},
        verify=["smoke"],
        artifacts=[{"name": "java", "parameters": {"key": {"secret": "licence"}}}],
        always={"last": ["agent"]},
        fallbackSizes=["Standard_D8s_v5"],
    )
    return world


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ('image.root.publisher == "Canonical"', []),
        ('image.base.publisher == "Canonical"', ["images/linux/b.yaml"]),
        ('image.parent == "" || image.parent == "linux/a"', []),
        ('image.tags.owner.endsWith("@x.test")', ["images/linux/b.yaml"]),
        ("image.verified", ["images/linux/a.yaml"]),
        ('image.verified ? image.tests == ["smoke"] : true', []),
        ('image.sizes.all(each, each.startsWith("Standard_D4"))', ["images/linux/b.yaml"]),
        (
            'image.artifacts.exists(each, each.name == "agent" && each.always)',
            ["images/linux/a.yaml"],
        ),
        # The value of a secret, and even its name, is nobody's to ask.
        ('image.artifacts.all(each, each.name != "java" || each.parameters.key == "")', []),
        ('image.os in ["linux", "windows"] && stack.builds && stack.name == "dev"', []),
    ],
)
def test_a_definition_is_held_to_what_it_says_with_all_that_it_inherits(
    tmp_path: Path, rule: str, where: list[str]
) -> None:
    assert broken(tmp_path, built(), {"rule": rule}) == where


def test_a_rule_applies_where_its_when_does(tmp_path: Path) -> None:
    only_b = {"when": 'image.parent != ""', "rule": "image.identity == 'linux/a'"}
    assert broken(tmp_path, built(), only_b) == ["images/linux/b.yaml"]


def test_labs_and_stacks_are_held_to_theirs(tmp_path: Path) -> None:
    world = dev("linux/a", labs=[lab("near"), lab("far", region="eastus2")])
    europe = {"on": "lab", "rule": 'lab.region == "westeurope"'}
    locked = {"on": "stack", "when": "stack.builds", "rule": "stack.locked"}
    assert len(broken(tmp_path, world, europe, locked)) == 2
    received = prod(world, labs=[lab("near")])
    assert broken(tmp_path, received, europe, locked) == []


def test_a_receiving_stack_is_asked_of_what_its_labs_take(tmp_path: Path) -> None:
    world = dev("linux/a", "linux/b")
    unverified = {"rule": "image.verified"}
    assert len(broken(tmp_path, world, unverified)) == 2
    received = prod(world, labs=[lab("team", "linux/b")])
    assert broken(tmp_path, received, unverified) == ["images/linux/b.yaml"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"rule": "image.baze.sku == ''"}, "rule: image has no baze -> did you mean base?"),
        ({"rule": "image.base.skuu == ''"}, "rule: image.base has no skuu -> did you mean sku?"),
        ({"rule": "true || imge.os == ''"}, "there is nothing called 'imge' here -> did you mean"),
        ({"rule": "true || version.new"}, "there is nothing called 'version' here -> known here"),
        ({"rule": "image.os =="}, "rule: is no expression: mismatched input '<EOF>' at char"),
        ({"rule": "true", "when": "image.os = 1"}, "when: is no expression: "),
        ({"rule": "image.os"}, "policy rule-0, asked of images/linux/a.yaml: gives str 'linux'"),
        ({"rule": "image.retries > '1'"}, "asked of images/linux/a.yaml: No such overload"),
        ({"rule": "image.tags.x == 'y'"}, "there is nothing called 'x' -> ask first: has(...)"),
        ({"rule": "1 / (image.retries - 1) > 0"}, "asked of images/linux/a.yaml: division by zero"),
        ({"rule": "x" * 1001}, "rule: has 1001 characters, at most 1000 are expected"),
        (
            {"rule": "[1].all(a, [1].all(b, [1].all(c, a == b)))"},
            "rule: goes through lists 3 times (all, exists, map, filter), at most 2",
        ),
        ({"rule": "open('/etc/passwd') == ''"}, "there is nothing called 'open' here"),
        ({"rule": "true", "on": "imge"}, "policies.0.on: expected 'image', 'lab', 'stack' or"),
        ({"rule": "true", "level": "hard"}, "policies.0.level: expected 'advisory' or 'mandatory'"),
        ({"rule": "true", "rul": "x"}, "policies.0.rul: is not a known field -> did you mean rule"),
        ({"rule": "true", "name": "A b"}, "policies.0.name: expected a short name of small"),
        ({"rule": "(" * 990}, "rule: is no expression"),
    ],
)
def test_a_rule_that_is_wrong_is_an_error_at_its_place_though_it_were_advisory(
    tmp_path: Path, rule: dict[str, Any], told: str
) -> None:
    assert told in fault(tmp_path, built(), **rule)


def test_a_text_is_none_of_the_language(tmp_path: Path) -> None:
    world = built()
    assert broken(tmp_path, world, {"rule": "'image.baze all all all' != \"version.x // \""}) == []


def test_an_advisory_rule_warns_and_names_itself(tmp_path: Path) -> None:
    problems = Problems()
    rule = {"name": "checked", "rule": "image.verified", "todo": "add verify"}
    assert held(tmp_path, built(), problems, rule, level="advisory").broken == ()
    (told,) = map(str, problems.warnings)
    assert told.startswith("images/linux/a.yaml: policy checked (policies.yaml:")
    assert told.endswith(", advisory): so it is said -> add verify")


def test_the_file_may_be_absent_but_not_one_of_another_name(tmp_path: Path) -> None:
    problems = Problems()
    assert read_policies(tmp_path, "policies.yaml", "p", problems) == ()
    assert problems.errors == []
    assert read_policies(tmp_path, "other.yaml", "Pulumi.dev.yaml:3:3", problems) == ()
    assert "Pulumi.dev.yaml:3:3: image-factory:policies: there is no other.yaml" in str(
        problems.errors[0]
    )


def test_a_name_is_given_once(tmp_path: Path) -> None:
    problems = Problems()
    held(tmp_path, built(), problems, {"name": "a", "rule": "true"}, {"name": "a", "rule": "true"})
    assert "the name a is given twice" in str(problems.errors[0])


def test_the_page_has_every_name_that_a_rule_may_use() -> None:
    page = (CHECKOUT / "docs/policies.md").read_text(encoding="utf-8")
    names = {
        f"{variable}.{name}"
        for variable, facts in examples()[Subject.VERSION].items()
        for name in facts
    }
    assert len(names) > 30
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_the_rules_of_the_page_are_sound(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs/policies.md").read_text(encoding="utf-8")
    blocks = [each.partition("```")[0] for each in page.split("```yaml\n")[1:]]
    text = blocks[0] + "".join(blocks[1:])
    (tmp_path / "policies.yaml").write_text(text)
    problems = Problems()
    rules = read_policies(tmp_path, "policies.yaml", "", problems)
    assert problems.errors == []
    assert [each.policy.name for each in rules] == [
        "known-publishers",
        "no-old-images",
        "agent",
        "owner",
        "regions",
        "sizes",
        "verified",
    ]
