"""The order of stacks comes from their files alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from factory.cli import main
from factory.common.errors import FactoryError
from factory.pipelines.pipeline_files import FILES, write_files
from factory.pipelines.stages import read_stages, stages_json, stages_text

LAB = {"name": "f", "resourceGroup": "rg", "create": True}


def project(root: Path, **stacks: object) -> Path:
    """Write stack files; a value is what a stack receives from, None for one that builds."""
    (root / "Pulumi.yaml").write_text("name: image-factory\nruntime: python\n")
    for name, sources in stacks.items():
        own = sources if isinstance(sources, dict) else {"receivesFrom": sources}
        config: dict[str, object] = {"image-factory:resourceGroup": "rg"}
        config |= {f"image-factory:{key}": value for key, value in own.items() if value}
        if not own.get("receivesFrom"):
            config["image-factory:factoryLab"] = LAB
        text = yaml.safe_dump({"config": config})
        (root / f"Pulumi.{name.replace('__', '-')}.yaml").write_text(text)
    return root


def test_three_stacks_in_a_row(tmp_path: Path, show: Callable[[str], None]) -> None:
    found = read_stages(project(tmp_path, prod="test", dev=None, test="dev"))
    show(stages_text(found))
    assert stages_text(found).splitlines() == [
        "1. dev (builds)",
        "2. test (after dev)",
        "3. prod (after test; wants an approval)",
    ]


def test_twelve_stacks_with_several_sources_and_parents_elsewhere(
    tmp_path: Path, show: Callable[[str], None]
) -> None:
    project(
        tmp_path,
        windows=None,
        linux=None,
        apps={"parentsFrom": ["windows", "linux"]},
        test__eu=["windows", "linux", "apps"],
        test__us=["windows", "apps"],
        stage__eu="test-eu",
        stage__us="organization/image-factory/test-us",
        prod__eu="stage-eu",
        prod__uk="stage-eu",
        prod__us="stage-us",
        prod__jp="stage-us",
        lab="windows",
    )
    (tmp_path / "Pulumi.trial-linux.yaml").write_text("config: {}\n")
    show(stages_text(read_stages(tmp_path)))
    found = json.loads(stages_json(read_stages(tmp_path)))
    assert found["waves"] == [
        ["linux", "windows"],
        ["apps", "lab"],
        ["test-eu", "test-us"],
        ["stage-eu", "stage-us"],
        ["prod-eu", "prod-jp", "prod-uk", "prod-us"],
    ]
    approved = [each["stack"] for each in found["include"] if each["approval"]]
    assert approved == ["lab", "prod-eu", "prod-jp", "prod-uk", "prod-us"]
    assert found["include"][2]["after"] == ["linux", "windows"]


def test_a_stack_of_another_project_is_no_edge(tmp_path: Path) -> None:
    project(tmp_path, prod=["contoso/other/dev"])
    assert [each.after for each in read_stages(tmp_path)] == [()]
    # Its labs are the end of a line all the same.
    assert [each.approval for each in read_stages(tmp_path)] == [True]


@pytest.mark.parametrize(
    ("stacks", "words"),
    [
        ({"a": "b", "b": "c", "c": "a"}, "read each other in a circle: a -> b -> c -> a"),
        ({"a": "a"}, "in a circle: a -> a"),
        ({"a": None, "b": ["a", "nobody"]}, "there is no Pulumi.nobody.yaml, which b reads"),
        ({"b": [{"x": "y"}]}, "expected a stack's name, or a list of names"),
        ({}, "there is no stack file"),
    ],
)
def test_what_is_wrong_is_one_clean_line(
    tmp_path: Path, stacks: dict[str, object], words: str
) -> None:
    with pytest.raises(FactoryError, match="1 problem") as caught:
        read_stages(project(tmp_path, **stacks))
    (line,) = str(caught.value).splitlines()[1:]
    assert words in line


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, dev=None)
    (tmp_path / "Pulumi.prod.yaml").write_text("config: [\n")
    assert main(["ci", "stages", "--work", str(tmp_path)]) == 1
    assert "Pulumi.prod.yaml:2:1" in capsys.readouterr().err


@pytest.mark.parametrize("count", [3, 12, 60])
def test_the_jobs_are_written_for_any_number(tmp_path: Path, count: int) -> None:
    stacks = {f"s{number}": f"s{number - 1}" if number else None for number in range(count)}
    project(tmp_path, **stacks)
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        head = "jobs:\n" if "github" in name else "stages:\n"
        body = "  # stacks: written by `python -m factory ci write`\n  # end of stacks\n"
        (tmp_path / name).write_text(f"# mine\n{head}{body}")
    stages = read_stages(tmp_path)
    assert write_files(tmp_path, stages, check=True) == list(FILES)
    assert write_files(tmp_path, stages, check=False) == list(FILES)
    assert write_files(tmp_path, stages, check=True) == []
    jobs = yaml.safe_load((tmp_path / FILES[0]).read_text())["jobs"]
    assert len(jobs) == count
    assert jobs["stack_s2"]["needs"] == ["stack_s1"]
    entries = yaml.safe_load((tmp_path / FILES[1]).read_text())["stages"]
    end = {"approval": True} if count == 3 else {}
    own = {"stack": "s2", "stage": "stack_s2", "after": ["stack_s1"], **end}
    assert entries[2]["parameters"] == own
    # At the end of the line, and nowhere else, both services make a plan that is approved.
    ends = [f"s{count - 1}"]
    assert [each["with"]["stack"] for each in jobs.values() if "approval" in each["with"]] == ends
    given = [each["parameters"] for each in entries]
    assert [each["stack"] for each in given if "approval" in each] == ends
    assert (tmp_path / FILES[0]).read_text().startswith("# mine\n")


def test_names_that_no_job_may_have_stay_apart(tmp_path: Path) -> None:
    project(tmp_path, a__b=None)
    (tmp_path / "Pulumi.a.b.yaml").write_text((tmp_path / "Pulumi.a-b.yaml").read_text())
    (tmp_path / FILES[1]).parent.mkdir()
    text = "stages:\n  # stacks: written by `python -m factory ci write`\n  # end of stacks\n"
    (tmp_path / FILES[1]).write_text(text)
    write_files(tmp_path, read_stages(tmp_path), check=False)
    entries = yaml.safe_load((tmp_path / FILES[1]).read_text())["stages"]
    assert [each["parameters"]["stage"] for each in entries] == ["stack_a_b", "stack_a_b_2"]
