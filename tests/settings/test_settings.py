"""Stack settings: every fault at once, in the user's own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
import yaml

from factory.common.errors import Problems
from factory.definitions.loader import load_images
from factory.settings import engine_config
from factory.settings.cross_check import cross_check, wanted_secrets
from factory.settings.json_schema import STACK, schemas
from factory.settings.loader import parse_settings
from factory.settings.stack import Settings
from factory.settings.stack_file import SETTINGS, same_value
from tests.plan.world import image, lab

CHECKOUT = Path(__file__).parents[2]
GOOD: dict[str, Any] = {
    "subscriptionId": "11111111-1111-4111-8111-111111111111",
    "region": "West Europe",
    "resourceGroup": "rg-factory",
    "factoryLab": {"name": "factory", "resourceGroup": "rg-factory", "create": True},
    "labs": [lab("team")],
}


def parsed(**changes: Any) -> tuple[Settings | None, list[str]]:
    problems = Problems()
    raw = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    settings = parse_settings(raw, "Pulumi.dev.yaml", problems)
    return settings, [str(problem) for problem in problems.errors]


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("Undervisere-på-øen", True),
        ("教室_(1)", True),
        ("rg.", False),
        ("r g", False),
        ("a" * 91, False),
    ],
)
def test_a_resource_group_is_named_as_azure_has_it(name: str, good: bool) -> None:
    _, errors = parsed(resourceGroup=name, labs=[{**lab("team"), "resourceGroup": name}])
    assert len(errors) == (0 if good else 2)


def test_a_good_stack_is_read_and_regions_are_normal() -> None:
    settings, faults = parsed()
    assert faults == []
    assert settings is not None
    assert settings.region == "westeurope"
    assert settings.builds
    assert settings.keep is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subscriptionId": None}, "azure-native:subscriptionId is required"),
        ({"subscriptionId": "mine"}, "azure-native:subscriptionId: "),
        ({"region": None}, "azure-native:location is required"),
        (
            {"keep": 0},
            "image-factory:keep.newest: expected from 1 to 1000, got 0",
        ),
        ({"keep": {"newest": 1, "atLeast": 2}}, "atLeast 2 is more than newest 1"),
        ({"pin": {"linux/a": "newest"}}, "image-factory:pin.linux/a: expected a version"),
        ({"rebuild": {"linux/a": "soon"}}, "image-factory:rebuild.linux/a"),
        ({"after": "3d"}, "this one builds"),
        ({"pollInterval": "often"}, "image-factory:pollInterval: expected a duration"),
        ({"receivesFrom": "dev"}, "are both set"),
        ({"factoryLab": None}, "neither image-factory:factoryLab nor"),
        ({"labs": [lab("a"), lab("A")]}, "names the lab 'A' twice"),
        ({"labs": [lab("a", "!x")]}, "only excludes"),
        ({"labs": [lab("a", "x\\y")]}, "use / between folders"),
        ({"labs": [lab("a", "x/../y")]}, "cannot leave the images folder"),
        ({"labs": [lab("factory")]}, "lists the factory lab"),
        ({"labs": [{**lab("a"), "delivery": "gallery"}]}, "image-factory:labs.0.delivery"),
        ({"labs": [{**lab("a"), "imgaes": []}]}, "labs.0.imgaes is not a known setting"),
        (
            {"factoryLab": {"name": "f", "resourceGroup": "g"}},
            "an adopted lab (create: false) needs virtualNetwork and subnet",
        ),
        (
            {"artifactSources": [{"name": "public repo", "uri": "https://x.test/r.git"}]},
            "needs no entry",
        ),
        (
            {"artifactSources": [{"name": "a", "uri": "https://me:token@x.test/r.git"}]},
            "image-factory:artifactSources.0.uri",
        ),
    ],
)
def test_faults_are_named_by_their_setting(changes: dict[str, Any], fault: str) -> None:
    _, faults = parsed(**changes)
    assert any(fault in line and line.startswith("Pulumi.dev.yaml: ") for line in faults), faults


def test_the_defaults_of_the_project_file_mean_what_the_code_means() -> None:
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
    assert set(project["config"]) <= SETTINGS
    defaults = {
        key: entry["default"]
        for key, entry in project["config"].items()
        if entry.get("default") not in (None, "") and key not in {"labs", "factoryLab"}
    }
    settings, faults = parsed(**defaults)
    assert faults == []
    plain, _ = parsed()
    assert settings == plain


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Give every property that a schema knows, at any depth."""
    if isinstance(schema, list):
        for each in schema:
            yield from properties(each)
    if isinstance(schema, dict):
        known = schema.get("properties")
        yield from known.items() if isinstance(known, dict) else ()
        for each in schema.values():
            yield from properties(each)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_an_editor_shows_what_each_property_means(name: str) -> None:
    found = list(properties(json.loads(schemas()[name])))
    assert found
    for key, each in found:
        text = each.get("description", "")
        assert text, key
        assert "\n" not in text, key
        assert "``" not in text, key


def test_an_editor_and_the_engine_say_the_same_of_a_setting() -> None:
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
    shown = json.loads(schemas()[STACK])["properties"]["config"]["properties"]
    for key, entry in project["config"].items():
        assert shown[f"image-factory:{key}"]["description"] == f"{entry['description']}.", key


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_shipped_stack_files_are_sound(stack: str) -> None:
    config = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())["config"]
    raw = {key.partition(":")[2]: value for key, value in config.items()}
    raw["region"] = raw.pop("location")
    problems = Problems()
    settings = parse_settings(raw, "x", problems)
    images = load_images(CHECKOUT / "images", "images", problems)
    assert settings is not None
    cross_check(images, settings, [], "x", problems)
    assert problems == Problems()


def test_all_faults_at_once() -> None:
    labs = [lab("a", ""), lab("b"), lab("b"), {"name": "c"}]
    _, faults = parsed(keep=0, sourceGrace="soon", labs=labs)
    assert len(faults) == 7, faults
    assert any("names the lab 'b' twice" in fault for fault in faults)


def checked(settings: Settings, *secrets: str, **images: dict[str, Any]) -> Problems:
    problems = Problems()
    found = {
        name.replace("_", "/"): image(name.replace("_", "/"), **f) for name, f in images.items()
    }
    cross_check(found, settings, secrets, "Pulumi.dev.yaml", problems)
    return problems


def test_a_pattern_that_matches_nothing_is_a_fault_and_an_untaken_image_a_warning() -> None:
    settings, _ = parsed(labs=[lab("team", "Linux/**")])
    assert settings is not None
    problems = checked(settings, linux_a={})
    assert "the pattern 'Linux/**' matches no definition" in str(problems.errors[0])
    assert "no lab of this stack takes it" in str(problems.warnings[0])


def test_a_missing_secret_names_the_command_that_sets_it() -> None:
    settings, _ = parsed()
    assert settings is not None
    artifact = {"name": "x", "parameters": {"key": {"secret": "vpn"}}}
    problems = checked(settings, linux_a={"artifacts": [artifact]})
    assert "pulumi config set --secret image-factory:vpn" in str(problems.errors[0])
    assert not checked(settings, "vpn", linux_a={"artifacts": [artifact]}).errors
    assert list(wanted_secrets({"a": image("linux/a", artifacts=[artifact])}, settings)) == ["vpn"]


def test_an_artifact_source_that_the_created_lab_lacks_is_a_fault() -> None:
    settings, _ = parsed()
    assert settings is not None
    problems = checked(settings, linux_a={"artifacts": [{"name": "x", "source": "team repo"}]})
    assert "the factory lab has no source 'team repo'" in str(problems.errors[0])


@pytest.mark.parametrize(
    ("of_engine", "written", "same"),
    [
        ("24", 24, True),
        ("true", True, True),
        ("2026-11-23 00:00:00 +0000 UTC", "2026-11-23", True),
        ({"a": ["2026-11-23 00:00:00 +0000 UTC"]}, {"a": ["2026-11-23"]}, True),
        ([{"keep": 3}], [{"keep": 3}], True),
        ("7d", "8d", False),
        (None, "7d", False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 2], False),
    ],
)
def test_what_the_engine_gives_as_text_is_found_in_the_stack_file(
    of_engine: object, written: object, same: bool
) -> None:
    assert same_value(of_engine, written) is same


def test_what_speaks_of_no_definition_is_warned_of() -> None:
    settings, _ = parsed(
        labs=[lab("team", "linux/*")],
        pin={"linux/aa": "20261122.1", "linux/old": "20261122.1"},
        hold=["linux/*", "windows/**"],
        rebuild={"nowhere/*": "2026-11-22"},
        revoke={"old/b": {"versions": ["20261122.1"], "reason": "bad"}},
    )
    assert settings is not None
    warned = checked(settings, linux_a={}, b={"formerly": ["old/b"]}).warnings
    told = [(each.what, each.todo) for each in warned if "no lab of this" not in each.what]
    again = "take it out once it has done its work"
    paths = "patterns are paths below the images folder, case-sensitive"
    assert told == [
        ("image-factory:pin names linux/aa, which is no definition", "did you mean linux/a?"),
        ("image-factory:pin names linux/old, which is no definition", again),
        ("image-factory:hold: the pattern 'windows/**' matches no definition", paths),
        ("image-factory:rebuild: the pattern 'nowhere/*' matches no definition", paths),
    ]


def test_the_stacks_keep_is_a_mapping_as_the_engine_wants_it() -> None:
    _, faults = parsed(keep=4)
    assert [fault for fault in faults if "write {newest: 4}" in fault]


def test_definitions_of_a_stack_without_labs_are_for_those_that_receive() -> None:
    settings, _ = parsed(labs=[])
    assert settings is not None
    assert not checked(settings, linux_a={}).warnings


def test_the_folder_of_the_stack_files_is_known_with_an_old_language_host_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> str:
        raise LookupError

    monkeypatch.setattr("pulumi.get_root_directory", silent)
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    monkeypatch.setenv("IMAGE_FACTORY_WORK", str(tmp_path))
    assert engine_config.stack_folder() is None
    assert engine_config.stack_file() is None
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / name).touch()
    assert engine_config.stack_folder() == tmp_path
    assert engine_config.stack_file() == tmp_path / "Pulumi.dev.yaml"


@pytest.mark.parametrize("read", [engine_config.outputs_of, engine_config.own_resources])
def test_a_preview_reads_what_a_run_failed_to_make_as_a_run_does(
    read: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {"linux/a": {"1": pulumi.UNKNOWN, "2": {"labs": [pulumi.UNKNOWN, "team"]}}}
    answer = SimpleNamespace(value={"outputs": {"catalogue": entries}})
    monkeypatch.setattr(pulumi.runtime, "invoke", lambda *_: answer)
    assert read("dev") == {"catalogue": {"linux/a": {"1": None, "2": {"labs": [None, "team"]}}}}
