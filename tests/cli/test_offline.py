"""The commands that read files alone: no engine, no Azure, no import of either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fastjsonschema
import pytest
import yaml

from factory.cli import main
from factory.settings.json_schema import DEFINITION, STACK, modeline, schemas

CHECKOUT = Path(__file__).parents[2]
BASE = "base: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}\n"
STACK_FILE = """config:
  azure-native:subscriptionId: 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001
  azure-native:location: westeurope
  image-factory:resourceGroup: rg-factory
  image-factory:factoryLab: {name: factory, resourceGroup: rg-factory, create: true}
  image-factory:artifactSources: [{name: ours, uri: "https://git.example/x", token: token}]
  image-factory:token: {secure: v1:abc}
  image-factory:labs:
    - {name: team, resourceGroup: rg-team, region: westeurope, images: ["linux/**"]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMAGE_FACTORY_WORK", raising=False)
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: image-factory\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK_FILE)
    put(tmp_path, "images/linux/defaults.yaml", "os: linux\ntags: {owner: platform}\n")
    put(tmp_path, "images/linux/a.yaml", BASE + "artifacts: [linux-java]\nkeep: 5\n")
    put(tmp_path, "images/linux/b.yaml", "base: {image: linux/a}\ntags: {cost: '1'}\n")
    return tmp_path


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def ran(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(argv)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_sound_project_validates(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "validate")
    assert (code, out) == (0, "0 errors, 0 warnings in 2 definitions and 1 stack file.\n")


def test_faults_of_definitions_and_stack_files_come_together(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, "images/linux/c.yaml", BASE + "artifcts: []\n")
    text = STACK_FILE.replace('"linux/**"', '"windows/**"')
    (project / "Pulumi.dev.yaml").write_text(text)
    code, out, _ = ran(capsys, "validate")
    assert code == 1
    pattern = "image-factory:labs.team: the pattern 'windows/**' matches no definition"
    assert out.splitlines()[0].startswith(f"Pulumi.dev.yaml:9:73: {pattern} -> ")
    field = "artifcts: is not a known field -> did you mean artifacts?"
    assert f"\nimages/linux/c.yaml:2:1: {field}\n" in out
    only = ran(capsys, "validate", "images/linux/c.yaml")[1]
    assert "Pulumi.dev.yaml" not in only
    assert "1 error, 0 warnings" in only
    assert "1 more elsewhere." in only
    assert ran(capsys, "validate", "images/linux/a.yaml")[0] == 0


def test_findings_are_written_for_machines_and_escaped_for_annotations(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, "images/linux/c.yaml", BASE + "size: '100%;]'\n")
    found = json.loads(ran(capsys, "validate", "--json")[1])
    assert found["schema"] == "image-factory/validate/1"
    assert found["sound"] is False
    problem = next(each for each in found["problems"] if each["severity"] == "error")
    assert problem["file"] == "images/linux/c.yaml"
    assert (problem["line"], problem["column"]) == (2, 1)
    github = ran(capsys, "validate", "--format", "github")[1]
    assert "::error file=images/linux/c.yaml,line=2,col=1::size: expected a VM size" in github
    assert "got '100%25;]'" in github
    azure = ran(capsys, "validate", "--format", "azure")[1]
    place = "sourcepath=images/linux/c.yaml;linenumber=2;columnnumber=1;"
    assert f"##vso[task.logissue type=error;{place}]size: " in azure
    assert "got '100%AZP25%3B%5D'" in azure


def test_paths_that_are_not_there_or_elsewhere_are_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ran(capsys, "validate", "images/nothing")
    assert (code, "does not exist" in err) == (1, True)
    code, _, err = ran(capsys, "validate", "/etc")
    assert (code, "neither a stack file nor below images" in err) == (1, True)
    code, _, err = ran(capsys, "validate", "--online")
    assert (code, "name it by --stack" in err) == (1, True)
    code, _, err = ran(capsys, "validate", "--stack", "../dev")
    assert (code, "expected a stack's name" in err) == (1, True)


def test_values_of_an_environment_are_not_missed_offline(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in STACK_FILE.splitlines() if "subscriptionId" not in line]
    text = "\n".join(["environment: [shared]", *lines])
    (project / "Pulumi.dev.yaml").write_text(text)
    assert ran(capsys, "validate")[0] == 0


def test_show_names_the_file_of_each_value(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ran(capsys, "show", "linux/b")
    assert code == 0
    lines = {" ".join(line.split()) for line in out.splitlines()}
    assert {
        "image: linux/a # images/linux/b.yaml:1:8",
        "os: linux # images/linux/defaults.yaml:1:1",
        "owner: platform # images/linux/defaults.yaml:2:8",
        'cost: "1" # images/linux/b.yaml:2:8',
        "retries: 1 # default",
        "# then linux-deprovision # added: capture is generalized",
    } <= lines
    shown = yaml.safe_load(ran(capsys, "show", "images/linux/a.yaml")[1])
    assert shown["keep"]["newest"] == 5
    assert shown["artifacts"][0]["name"] == "linux-java"
    places = json.loads(ran(capsys, "show", "linux/a", "--json")[1])["from"]
    assert places["keep.newest"] == "images/linux/a.yaml:3:1"
    assert places["artifacts.0.name"] == "images/linux/a.yaml:2:13"
    assert ran(capsys, "show", "linux/z")[2].startswith("image-factory: there is no definition")


def test_what_every_image_gets_is_shown_and_validated_where_it_stands(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, "images/linux/defaults.yaml", "os: linux\nalways: {last: [tidy]}\n")
    stack = "  image-factory:always:\n    first: [agent]\n    last: [{name: seal, source: ours}]\n"
    (project / "Pulumi.dev.yaml").write_text(STACK_FILE + stack)
    assert ran(capsys, "validate")[:2] == (
        0,
        "0 errors, 0 warnings in 2 definitions and 1 stack file.\n",
    )
    shown = {" ".join(line.split()) for line in ran(capsys, "show", "linux/b")[1].splitlines()}
    assert {
        "- name: agent # Pulumi.dev.yaml:11:13",
        "- name: tidy # images/linux/defaults.yaml:2:17",
        "- name: seal # Pulumi.dev.yaml:12:13",
        "source: ours # Pulumi.dev.yaml:12:25",
    } <= shown
    told = json.loads(ran(capsys, "show", "linux/a", "--json")[1])
    assert told["artifacts"] == ["agent", "linux-java", "tidy", "seal", "linux-deprovision"]
    text = stack.replace("ours", "theirs").replace(
        "[agent]", "[{name: agent, parameters: {key: {secret: agentKey}}}, linux-deprovision]"
    )
    (project / "Pulumi.dev.yaml").write_text(STACK_FILE + text)
    out = ran(capsys, "validate")[1]
    assert "Pulumi.dev.yaml:11:67: image-factory:always.first.1: linux-deprovision ends" in out
    (project / "Pulumi.dev.yaml").write_text(STACK_FILE + text.replace(", linux-deprovision", ""))
    out = ran(capsys, "validate")[1]
    assert "Pulumi.dev.yaml:12:25: artifact seal: the factory lab has no source 'theirs'" in out
    assert "agentKey is not set, but Pulumi.dev.yaml:11:40 needs it" in out
    # A trial builds as the stack does.
    (project / "Pulumi.dev.yaml").write_text(STACK_FILE + stack)
    assert ran(capsys, "trial", "linux/a", "--stack", "dev")[0] == 0
    tried = yaml.safe_load((project / "Pulumi.trial-linux-a.yaml").read_text())
    assert tried["config"]["image-factory:always"]["first"] == ["agent"]


RULES = """policies:
  - name: owner
    on: image
    level: mandatory
    rule: has(image.tags.owner) && image.tags.owner == "platform"
    message: the platform team answers for every image
    todo: ask it
  - {name: europe, on: lab, level: advisory, rule: 'lab.region == "x"', message: stay here}
"""


def test_a_companys_rules_are_told_where_they_are_broken(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, "policies.yaml", RULES)
    put(project, "images/linux/c.yaml", BASE + "tags:\n  owner: me\n")
    code, out, _ = ran(capsys, "validate")
    assert code == 1
    owner = "images/linux/c.yaml:3:3: policy owner (policies.yaml:5:5, mandatory): "
    assert out.splitlines() == [
        "warning: Pulumi.dev.yaml:9:44: policy europe (policies.yaml:8:46, advisory): stay here",
        f"{owner}the platform team answers for every image -> ask it",
        "1 error, 1 warning in 3 definitions and 1 stack file.",
    ]
    found = json.loads(ran(capsys, "validate", "--json")[1])
    assert [(each["severity"], each["line"]) for each in found["problems"]] == [
        ("warning", 9),
        ("error", 3),
    ]
    put(project, "policies.yaml", RULES.replace("tags.owner ==", "tags.owner ="))
    code, out, _ = ran(capsys, "validate", "policies.yaml")
    assert (code, "policies.yaml:5:5: rule: is no expression: " in out) == (1, True)
    assert ran(capsys, "validate", "images")[0] == 0
    # Where nothing is built yet the file is read all the same.
    (project / "Pulumi.dev.yaml").unlink()
    assert "policies.yaml:5:5: rule: is no expression" in ran(capsys, "validate")[1]


def test_a_receiving_stack_has_nothing_that_every_image_gets(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in STACK_FILE.splitlines() if "actoryLab" not in line]
    text = "\n".join([*lines, "  image-factory:receivesFrom: dev"])
    text += "\n  image-factory:always: {first: [x]}\n"
    (project / "Pulumi.prod.yaml").write_text(text)
    out = ran(capsys, "validate")[1]
    assert ": image-factory:always is for the stack that builds -> set it there" in out


VERIFY = """verify:
  artifacts: [{name: smoke, source: theirs, parameters: {key: {secret: smokeKey}}}]
  script: {url: "https://x.test/a.sh", files: ["https://x.test/b"], arguments: {secret: pin}}
keepFailed: 3d
"""


def test_what_verifies_is_shown_and_validated_like_what_builds(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, "images/linux/c.yaml", BASE + VERIFY)
    out = ran(capsys, "show", "linux/c")[1]
    lines = {" ".join(line.split()) for line in out.splitlines()}
    assert {
        "- name: smoke # images/linux/c.yaml:3:16",
        "secret: smokeKey # images/linux/c.yaml:3:64",
        'url: "https://x.test/a.sh" # images/linux/c.yaml:4:12',
        'keepFailed: "3d" # images/linux/c.yaml:5:1',
        "# verify.script is run by linux-run-bash # added: verify has a script",
    } <= lines
    shown = yaml.safe_load(out)
    assert shown["verify"]["script"]["files"] == ["https://x.test/b"]
    assert shown["verify"]["artifacts"][0]["source"] == "theirs"
    told = json.loads(ran(capsys, "show", "linux/c", "--json")[1])
    assert told["verification"] == ["smoke", "linux-run-bash"]
    code, out, _ = ran(capsys, "validate")
    assert code == 1
    assert "c.yaml:3:29: verify: artifact smoke: the factory lab has no source 'theirs'" in out
    assert "smokeKey is not set, but images/linux/c.yaml:3:58 needs it" in out
    assert "pin is not set, but images/linux/c.yaml:4:" in out


def test_list_prints_the_tree_with_the_labs(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, "images/broken.yaml", "os: x\n")
    code, out, err = ran(capsys, "list")
    assert code == 0
    assert out.splitlines() == [
        "images/",
        "  broken  not sound",
        "  linux/",
        "    a     Canonical:ubuntu-24_04-lts:server; dev/team",
        "    b     image:linux/a; dev/team",
    ]
    assert "1 are not sound" in err
    found = json.loads(ran(capsys, "list", "--json", "--stack", "dev")[1])
    assert [(each["image"], each["labs"]) for each in found] == [
        ("linux/a", ["dev/team"]),
        ("linux/b", ["dev/team"]),
    ]


@pytest.mark.parametrize("path", ["linux/new", "windows/x", "images/other/deep/one.yaml"])
def test_a_new_definition_validates_and_is_never_written_over(
    project: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    code, out, err = ran(capsys, "new", path)
    assert code == 0, err
    written = project / out.removeprefix("written: ").strip()
    assert written.is_file()
    assert ran(capsys, "validate", str(written))[0] == 0
    code, _, err = ran(capsys, "new", path)
    assert (code, "is there already" in err) == (1, True)


@pytest.mark.parametrize("path", ["../x", "/x", "linux/../../x", "defaults", "linux/ä", "a b"])
def test_a_new_definition_stays_in_its_folder_and_has_a_name(
    project: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    code, _, err = ran(capsys, "new", path)
    assert code == 1
    assert err.count("\n") <= 2
    assert "Traceback" not in err
    assert not (project / "x.yaml").exists()
    assert ran(capsys, "validate")[0] == 0


def test_new_says_which_system_is_inherited(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ran(capsys, "new", "linux/new", "--os", "windows")
    assert (code, "inherits os: linux" in err) == (1, True)


def test_a_trial_stack_is_written_with_what_to_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(
        project,
        "images/linux/c.yaml",
        BASE + "artifacts: [{name: x, source: ours, parameters: {k: {secret: licence}}}]\n",
    )
    (project / "Pulumi.dev.yaml").write_text(STACK_FILE + "  image-factory:licence: {secure: x}\n")
    code, out, err = ran(capsys, "trial", "linux/c", "--stack", "dev", "--name", "anna")
    assert (code, err) == (0, "")
    config = yaml.safe_load((project / "Pulumi.trial-anna.yaml").read_text())["config"]
    assert config["image-factory:only"] == ["linux/c"]
    assert "image-factory:labs" not in config
    assert "image-factory:token" not in config
    group = "rg-image-factory-trial-anna"
    assert config["image-factory:resourceGroup"] == group
    assert config["image-factory:factoryLab"] == {
        "name": "trial-anna",
        "resourceGroup": group,
        "create": True,
    }
    for secret in ("token", "licence"):
        assert f"pulumi config set --secret -s trial-anna image-factory:{secret}" in out
    assert "pulumi destroy -s trial-anna && pulumi stack rm trial-anna" in out
    assert ran(capsys, "trial", "linux/c", "--stack", "dev", "--name", "anna")[0] == 1


def test_the_schemas_are_current_and_every_shipped_file_leads_to_its_own() -> None:
    for name, text in schemas().items():
        assert (CHECKOUT / "schemas" / name).read_text() == text, "run `python -m factory schema`"
    checks = {
        DEFINITION: fastjsonschema.compile(json.loads(schemas()[DEFINITION])),
        STACK: fastjsonschema.compile(json.loads(schemas()[STACK])),
    }
    files = [*(CHECKOUT / "images").rglob("*.yaml"), *CHECKOUT.glob("Pulumi.*.yaml")]
    files = [
        file
        for file in files
        if not file.name.startswith("Pulumi.trial-") and not file.name.endswith(".deploy.yaml")
    ]
    assert len(files) > 10
    for file in files:
        first = file.read_text().splitlines()[0]
        assert first == modeline(file, CHECKOUT)
        schema = (file.parent / first.partition("$schema=")[2]).resolve()
        checks[schema.name](yaml.safe_load(file.read_text()))


@pytest.mark.parametrize(
    ("name", "content", "good"),
    [
        (DEFINITION, {"keep": 3, "refresh": "30d", "artifacts": ["x"], "base": {"sku": 9}}, True),
        (DEFINITION, {"keep": {"newest": 3, "for": "90d"}, "tags": {"cost": 4711}}, True),
        (DEFINITION, {"artifacts": [{"name": "x", "parameters": {"a": 1, "b": [1]}}]}, True),
        (DEFINITION, {"artifcts": []}, False),
        (DEFINITION, {"os": "macos"}, False),
        (DEFINITION, {"timeLimit": "4"}, False),
        (DEFINITION, {"base": {"image": "../x"}}, False),
        (STACK, {"config": {"image-factory:token": {"secure": "v1:x"}, "aws:region": "x"}}, True),
        (STACK, {"config": {"image-factory:lab": []}}, False),
        (STACK, {"config": {"image-factory:labs": [{"name": "x"}]}}, False),
    ],
)
def test_the_schemas_take_what_the_models_take(name: str, content: object, good: bool) -> None:
    check = fastjsonschema.compile(json.loads(schemas()[name]))
    if good:
        check(content)
    else:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            check(content)


def test_a_terminal_without_the_letters_is_no_reason_for_a_traceback(project: Path) -> None:
    put(project, "images/linux/a.yaml", BASE + "description: für alle\nsiez: ş\n")
    for words in (["validate"], ["show", "linux/a"]):
        done = subprocess.run(
            [sys.executable, "-m", "factory", *words],
            cwd=project,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1
        assert "siez" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_faulty_lab_brings_no_warning_that_nobody_takes_an_image(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = project / "Pulumi.dev.yaml"
    stack.write_text(
        stack.read_text().replace("resourceGroup: rg-team,", "resourceGroup: rg/team,")
    )
    code, out, _ = ran(capsys, "validate")
    assert (code, "no lab of this stack takes it" in out) == (1, False)
    assert "1 error, 0 warnings" in out


def test_lengths_of_time_and_dates_are_not_guessed_from_bare_numbers(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = project / "Pulumi.dev.yaml"
    more = (
        "sourceGrace: 24",
        "retireAfter: 7",
        "rebuild: {linux/a: 20261350}",
        "keep: true",
        "locked: on",
    )
    stack.write_text(stack.read_text() + "".join(f"  image-factory:{each}\n" for each in more))
    _, out, _ = ran(capsys, "validate")
    assert out.count("expected a duration such as 90m, 4h or 1d12h") == 2
    assert "locked: expected true or false, got 'on'" in out
    assert "expected a date such as 2026-11-22" in out
    assert "keep: expected a number, or a mapping {newest, for, atLeast}, got true" in out


def test_schemas_are_those_of_the_checkout_that_the_work_folder_leads_to(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(capsys, "schema")[0] == 0
    put(project, "elsewhere/Pulumi.yaml", f"name: image-factory\nmain: {project}\n")
    assert ran(capsys, "schema", "--check", "--work", "elsewhere")[0] == 0


def test_schema_check_says_what_is_old(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "schema", "--check")[0] == 1
    assert not (project / "schemas").exists()
    assert ran(capsys, "schema")[0] == 0
    assert ran(capsys, "schema", "--check")[0] == 0


def test_neither_engine_nor_azure_is_needed_or_imported(project: Path) -> None:
    code = (
        "import sys; from factory.cli import main; code = main(sys.argv[1:]);"
        "assert not {'pulumi', 'azure', 'grpc', 'requests'} & set(sys.modules); sys.exit(code)"
    )
    for words in (["validate"], ["list"], ["show", "linux/a"], ["schema"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=project,
            env={**os.environ, "PATH": "", "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
