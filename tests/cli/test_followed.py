"""Whoever does what a command's complaint says is rid of it; no complaint of one is without a case.

Each case gives what is said, does what that says, and gives what is said then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from factory.azure.cloud import provider_lookup
from factory.cli import main
from factory.common.errors import FactoryError
from factory.importer.adoption_list import Candidate, with_adoption
from factory.ledger.source_catalogues import read_all
from factory.ledger.state_reader import read_ledger
from factory.pipelines.approval import approval_of, check, check_form
from factory.pipelines.change_request import Proposal, propose
from factory.pipelines.protection import open_steps
from factory.pipelines.pull_request import post, repository_url
from factory.pipelines.runner import EngineRunner
from factory.pipelines.service import Service
from factory.pipelines.sign_in import identity
from factory.pipelines.stack_edits import ROLL_BACK, StackEdit, with_edit
from factory.pipelines.state_locks import StateLocks
from tests.plan.test_advice import FACTORY, following, texts
from tests.plan.world import DEV, dev

BASE = "base: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}\n"
BUILDS = """config:
  azure-native:subscriptionId: 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001
  azure-native:location: westeurope
  image-factory:resourceGroup: rg-factory
  image-factory:factoryLab: {name: factory, resourceGroup: rg-factory, create: true}
  image-factory:pin:
    linux/b: "20260101.1"
  image-factory:labs:
    - {name: team, resourceGroup: rg-team, region: westeurope, images: ["linux/**"]}
"""
RECEIVES = """config:
  azure-native:subscriptionId: 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9002
  azure-native:location: westeurope
  image-factory:resourceGroup: rg-prod
  image-factory:receivesFrom: dev
"""
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PROPOSAL = Proposal("Roll back", "since spring", "main")
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "contoso/images"}
IMPORT = ("import", "--golden-images", "old")
AZURE = {"TF_BUILD": "True"}
Said = Callable[[], str]
Case = Callable[["Desk"], Iterator[str]]
CASES: dict[str, list[Case]] = {}


class Desk:
    """A project of two stacks and two definitions, and what is said of a command in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        self.put("Pulumi.yaml", "name: image-factory\nruntime: python\n")
        self.put("Pulumi.dev.yaml", BUILDS)
        self.put("Pulumi.prod.yaml", RECEIVES)
        self.put("images/linux/defaults.yaml", "os: linux\n")
        self.put("images/linux/a.yaml", BASE)
        self.put("images/linux/b.yaml", BASE)

    def put(self, name: str, text: str, encoding: str = "utf-8") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding=encoding)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.put(name, text.replace(old, new))

    def says(self, *argv: str) -> str:
        """Run a command; gives all that it wrote, in one line."""
        with suppress(SystemExit):
            main(argv)
        shown = self._capsys.readouterr()
        return " ".join(f"{shown.out} {shown.err}".split())

    def change(self, *argv: str) -> str:
        return self.says("ci", "change", "--stack", "dev", "--image", "linux/a", *argv)


def said(done: Callable[[], object]) -> str:
    """Give what stops a call, "" if nothing does."""
    try:
        done()
    except FactoryError as error:
        return str(error)
    return ""


follows = following(CASES)


@follows("name a stack, or the path of its stack file")
def a_file_that_is_no_stack_file(desk: Desk) -> Iterator[str]:
    desk.put("other.yaml", BUILDS)
    yield desk.says("validate", "--stack", "other.yaml")
    yield desk.says("validate", "--stack", "dev")
    yield desk.says("validate", "--stack", "Pulumi.dev.yaml")


@follows("name the project's folder by --work")
def a_folder_without_a_project(desk: Desk) -> Iterator[str]:
    desk.put("elsewhere/readme", "")
    yield desk.says("history", "--stack", "dev", "--work", "elsewhere")
    yield desk.says("history", "--stack", "dev", "--work", str(desk.root))


@follows("name it by --stack")
def a_question_for_azure_without_a_stack(desk: Desk) -> Iterator[str]:
    yield desk.says("validate", "--online")
    yield desk.says("validate", "--stack", "dev")


@follows("use --images")
def a_path_that_is_elsewhere(desk: Desk) -> Iterator[str]:
    desk.put("more/linux/c.yaml", f"os: linux\n{BASE}")
    yield desk.says("validate", "more/linux/c.yaml")
    yield desk.says("validate", "more/linux/c.yaml", "--images", "more")


@follows("`python -m factory schema` writes them")
def schemas_that_are_old(desk: Desk) -> Iterator[str]:
    yield desk.says("schema", "--check", "--out", "schemas")
    desk.says("schema", "--out", "schemas")
    yield desk.says("schema", "--check", "--out", "schemas")


@follows("choose another folder, or leave --os out")
def a_system_that_is_inherited(desk: Desk) -> Iterator[str]:
    yield desk.says("new", "linux/new", "--os", "windows")
    yield desk.says("new", "linux/new")
    yield desk.says("new", "other/new", "--os", "windows")


@follows("choose another name")
def a_name_that_is_taken(desk: Desk) -> Iterator[str]:
    yield desk.says("new", "linux/a")
    yield desk.says("new", "linux/c")


@follows("name the stack that does")
def a_trial_by_a_stack_that_receives(desk: Desk) -> Iterator[str]:
    desk.edit("Pulumi.prod.yaml", ": dev", ": [dev]")
    yield desk.says("trial", "linux/a", "--stack", "prod")
    yield desk.says("trial", "linux/a", "--stack", "dev")


@follows("use it, remove it, or choose another --name")
def a_trial_that_is_there(desk: Desk) -> Iterator[str]:
    desk.says("trial", "linux/a", "--stack", "dev")
    yield desk.says("trial", "linux/a", "--stack", "dev")
    yield desk.says("trial", "linux/a", "--stack", "dev", "--name", "second")
    next(desk.root.glob("Pulumi.trial-linux-a.yaml")).unlink()
    yield desk.says("trial", "linux/a", "--stack", "dev")


@follows("`list` names them all")
def a_definition_that_is_not_there(desk: Desk) -> Iterator[str]:
    yield desk.says("show", "something/else")
    listed = desk.says("list")
    for name in ("a", "b"):
        assert f" {name} " in listed
        yield desk.says("show", f"linux/{name}")


@follows("did you mean linux/a?")
def a_definition_named_without_its_folder(desk: Desk) -> Iterator[str]:
    yield desk.says("show", "a")
    yield desk.says("show", "linux/a")


@follows("did you mean linux/a?")
def a_wish_about_a_slip(desk: Desk) -> Iterator[str]:
    yield desk.says("ci", "change", "rebuild", "-s", "dev", "--image", "linux/aa")
    yield desk.says("ci", "change", "rebuild", "-s", "dev", "--image", "linux/a")


@follows("did you mean image-factory:maxRetirements?", "write image-factory:x, or take it out")
def keys_without_a_namespace(desk: Desk) -> Iterator[str]:
    desk.edit("Pulumi.dev.yaml", "config:", "config:\n  maxRetirement: 3\n  x: 3")
    yield desk.says("validate")
    text = "config:\n  image-factory:maxRetirements: 3"
    desk.edit("Pulumi.dev.yaml", "config:\n  maxRetirement: 3\n  x: 3", text)
    yield desk.says("validate")


@follows("there is no Pulumi.develop.yaml beside this file -> did you mean dev?")
def a_source_without_a_file(desk: Desk) -> Iterator[str]:
    desk.edit("Pulumi.prod.yaml", ": dev", ": develop")
    yield desk.says("validate")
    desk.edit("Pulumi.prod.yaml", ": develop", ": dev")
    yield desk.says("validate")


@follows("name it organization/project/stack if it is of another project")
def a_source_of_another_project(desk: Desk) -> Iterator[str]:
    desk.edit("Pulumi.prod.yaml", ": dev", ": golden")
    yield desk.says("validate")
    desk.edit("Pulumi.prod.yaml", ": golden", ": contoso/images/golden")
    yield desk.says("validate")


@follows("labs.team.region: northeurop is no region that is known -> did you mean northeurope?")
def a_region_that_is_a_slip(desk: Desk) -> Iterator[str]:
    desk.edit("Pulumi.dev.yaml", "rg-team, region: westeurope", "rg-team, region: North Europ")
    yield desk.says("validate")
    desk.edit("Pulumi.dev.yaml", "North Europ", "North Europe")
    yield desk.says("validate")


@follows("name it by --version")
def a_roll_back_to_nothing(desk: Desk) -> Iterator[str]:
    yield desk.change("roll-back")
    yield desk.change("roll-back", "--version", "20261122.1")


@follows("say why by --reason")
def a_revocation_without_a_reason(desk: Desk) -> Iterator[str]:
    yield desk.change("revoke", "--version", "20261122.1")
    yield desk.change("revoke", "--version", "20261122.1", "--reason", "it phones home")


@follows("there is nothing to do")
def a_wish_that_is_written_down(desk: Desk) -> Iterator[str]:
    wish = ("roll-back", "--version", "20261122.1")
    desk.change(*wish)
    before = (desk.root / "Pulumi.dev.yaml").read_text()
    yield desk.change(*wish)
    assert (desk.root / "Pulumi.dev.yaml").read_text() == before
    assert "20261122.1" in before
    yield desk.says("validate")


@follows("save it as UTF-8")
def a_stack_file_in_another_encoding(desk: Desk) -> Iterator[str]:
    text = BUILDS.replace("config:", "# Größe\nconfig:")
    desk.put("Pulumi.dev.yaml", text, "latin-1")
    yield desk.change("roll-back", "--version", "20261122.1")
    desk.put("Pulumi.dev.yaml", text)
    yield desk.change("roll-back", "--version", "20261122.1")


@follows("expected a mapping -> change the file by hand")
def a_pin_that_is_no_mapping(desk: Desk) -> Iterator[str]:
    desk.edit("Pulumi.dev.yaml", '\n    linux/b: "20260101.1"', " many")
    yield desk.change("roll-back", "--version", "20261122.1")
    desk.edit("Pulumi.dev.yaml", "pin: many", 'pin: {linux/a: "20261122.1"}')
    yield desk.says("validate")


@follows("with a key on each line -> change it by hand")
def a_configuration_on_one_line(_: Desk) -> Iterator[str]:
    wish = StackEdit(ROLL_BACK, "linux/a", "20261122.1")
    text = "config: {azure-native:location: westeurope}\n"
    yield said(lambda: with_edit(text, wish))
    by_hand = "config:\n  azure-native:location: westeurope\n"
    yield said(lambda: with_edit(by_hand, wish))


@follows("cannot be added to -> set image-factory:pin by hand", "set {} by hand")
def a_setting_that_is_an_alias(_: Desk) -> Iterator[str]:
    wish = StackEdit(ROLL_BACK, "linux/a", "20261122.1")
    text = 'config:\n  x: &pin {linux/b: "20260101.1"}\n  image-factory:pin: *pin\n'
    yield said(lambda: with_edit(text, wish))
    yield said(lambda: with_edit(text.replace(": *pin", ':\n    linux/b: "20260101.1"'), wish))


CANDIDATE = Candidate("linux/a", "2026-11-22", "a-1", "linux/a", "")


@follows("add the images by hand as they are shown", "add them by hand")
def images_to_adopt_that_cannot_be_put_in(_: Desk) -> Iterator[str]:
    text = "config:\n  x: y\n"
    shown = with_adoption(text, "team", [CANDIDATE])
    assert yaml.safe_load(shown)["config"]["image-factory:adopt"] == {"team": ["a-1"]}
    complaints = (
        said(lambda: with_adoption("config: {x: y}\n", "team", [CANDIDATE])),
        said(lambda: with_adoption("config:\n  ? [x]\n  : y\n", "team", [CANDIDATE])),
    )
    yield " ".join(complaints)
    yield said(lambda: with_adoption(text, "team", [CANDIDATE]))


@follows("-> one of {}")
def a_job_for_a_stack_that_is_not_there(desk: Desk) -> Iterator[str]:
    yield desk.says("ci", "preview", "--stack", "test", "--out", "out")
    yield desk.says("ci", "stages")


@follows("`python -m factory ci write`")
def pipelines_of_other_stacks(desk: Desk) -> Iterator[str]:
    checkout = FACTORY.parent
    for path in checkout.glob(".github/workflows/*.yml"):
        desk.put(str(path.relative_to(checkout)), path.read_text(encoding="utf-8"))
    desk.put("Pulumi.test.yaml", RECEIVES)
    yield desk.says("ci", "write", "--check")
    desk.says("ci", "write")
    yield desk.says("ci", "write", "--check")


@follows("`python -m factory ci preview` first")
def a_comment_without_plans(desk: Desk) -> Iterator[str]:
    yield desk.says("ci", "comment", "--out", "out")
    # What a preview leaves there: a stack that nobody brought up has a row, too.
    desk.put("out/dev.outcome.json", '{"result": "not-yet", "notices": []}')
    yield desk.says("ci", "comment", "--out", "out")


@follows("leave --post out, or name one by --number")
def a_comment_on_no_pull_request(_: Desk) -> Iterator[str]:
    yield said(lambda: post(Service(GITHUB), "text", "mark"))
    # With a number there is one; the next thing that is missing is a token.
    yield said(lambda: post(Service(GITHUB), "text", "mark", 7))


@follows("GITHUB_TOKEN is not set -> give the step", "{} is not set -> {}")
def a_step_without_a_token(_: Desk) -> Iterator[str]:
    yield said(lambda: post(Service(GITHUB), "text", "mark", 7))
    variables = {**GITHUB, "GITHUB_TOKEN": "t", "GITHUB_GRAPHQL_URL": "http://127.0.0.1:9/graphql"}
    yield said(lambda: post(Service(variables), "text", "mark", 7))


@follows("leave --post out and use what is printed")
def a_comment_at_a_desk(desk: Desk) -> Iterator[str]:
    desk.put("out/dev.outcome.json", '{"result": "not-yet", "notices": []}')
    yield desk.says("ci", "comment", "--out", "out", "--post", "--number", "7")
    yield desk.says("ci", "comment", "--out", "out")


@follows("run it in a pipeline, or see its settings")
def a_check_at_a_desk(desk: Desk) -> Iterator[str]:
    yield said(lambda: open_steps(Service({}), desk.root, []))
    yield said(lambda: open_steps(Service(GITHUB), desk.root, []))


@follows("use the workflows of its own service")
def a_pipeline_for_a_repository_elsewhere(_: Desk) -> Iterator[str]:
    yield said(lambda: repository_url(Service({**AZURE, "BUILD_REPOSITORY_PROVIDER": "GitHub"})))
    yield said(lambda: repository_url(Service({**AZURE, "BUILD_REPOSITORY_PROVIDER": "TfsGit"})))


@follows("commit the changed file yourself")
def a_pull_request_from_a_desk(desk: Desk) -> Iterator[str]:
    file = desk.root / "Pulumi.dev.yaml"
    yield said(lambda: propose(Service({}), file, PROPOSAL, NOW))
    yield desk.change("roll-back", "--version", "20261122.1")


@follows("write it without $( ) and ${{ }}")
def a_text_with_a_token(desk: Desk) -> Iterator[str]:
    service = Service({"GITHUB_TOKEN": "ghs_canary4711"})
    file = desk.root / "Pulumi.dev.yaml"
    told = Proposal("Revoke", "since ghs_canary4711", "main")
    yield said(lambda: propose(service, file, told, NOW))
    yield said(lambda: propose(service, file, PROPOSAL, NOW))


@follows("set them as variables of the repository or pipeline")
def a_job_without_an_identity(_: Desk) -> Iterator[str]:
    variables: MutableMapping[str, str] = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.actions.githubusercontent.com/token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
    }
    yield said(lambda: identity(variables))
    given = {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}
    yield said(lambda: identity({**variables, **given}))


@follows("run `up` there first")
def a_source_that_never_ran(_: Desk) -> Iterator[str]:
    source = dev("linux/a")
    outputs = source.ledger.outputs

    def read(now: datetime) -> str:
        return said(lambda: read_all(lambda _: outputs, [DEV], {}, str, now))

    yield read(source.now)
    source.run()
    outputs = source.ledger.outputs
    yield read(source.now)


@follows("run the version that wrote it")
def a_record_of_another_version(_: Desk) -> Iterator[str]:
    world = dev("linux/a")
    world.run()
    written = dict(world.resources)
    record = next(urn for urn in written if urn.endswith("/record"))
    other = {**written, record: {**written[record], "outputs": {"value": "?"}}}
    yield said(lambda: read_ledger(other))
    yield said(lambda: read_ledger(written))


@follows("it is told by ARM_* variables")
def a_key_that_leads_elsewhere(_: Desk) -> Iterator[str]:
    configured = {"oidcRequestUrl": "https://elsewhere.example"}
    yield said(lambda: provider_lookup(configured.get))
    configured.clear()
    yield said(lambda: provider_lookup(configured.get))


@follows("name a template, or a folder of them such as GoldenImages")
def a_folder_of_the_original_without_templates(desk: Desk) -> Iterator[str]:
    desk.put("old/readme", "")
    yield desk.says(*IMPORT, "--out", "moved")
    desk.put("old/GoldenImages/linux/a.json", TEMPLATE)
    yield desk.says(*IMPORT, "--out", "moved")


@follows("name the original's Labs.json")
def labs_that_are_none(desk: Desk) -> Iterator[str]:
    desk.put("old/GoldenImages/linux/a.json", TEMPLATE)
    desk.put("old/Other.json", "[]")
    desk.put("old/Labs.json", '{"Labs": []}')
    yield desk.says(*IMPORT, "--labs", "old/Other.json", "--out", "moved")
    yield desk.says(*IMPORT, "--labs", "old/Labs.json", "--out", "moved")


@follows("install the Pulumi CLI, or put it there")
def an_agent_without_an_engine(desk: Desk) -> Iterator[str]:
    variables = {"PATH": str(desk.root)}

    def export() -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(desk.root))
            return said(lambda: EngineRunner(desk.root, variables, print).clear_pending("dev"))

    yield export()
    desk.put("pulumi", "#!/bin/sh\necho '{}'\n")
    (desk.root / "pulumi").chmod(0o755)
    yield export()


@follows("wait for it; if it is gone, `pulumi cancel -s {}`")
def a_stack_that_somebody_holds(desk: Desk) -> Iterator[str]:
    lock = desk.root / ".pulumi/locks/o/p/dev/x.json"
    held = {"pid": 1, "hostname": "elsewhere", "username": "ann"}
    desk.put(str(lock.relative_to(desk.root)), json.dumps(held))
    locks = StateLocks.of(f"file://{desk.root}", "o/p/dev", {})
    yield said(lambda: locks.release("dev", lambda _: False, print))
    lock.unlink()  # as its holder does, or `pulumi cancel`
    yield said(lambda: locks.release("dev", lambda _: False, print))


@follows("choose another --out, or move them away")
def files_that_an_import_would_overwrite(desk: Desk) -> Iterator[str]:
    desk.put("old/GoldenImages/linux/a.json", TEMPLATE)
    desk.says(*IMPORT, "--out", "moved")
    yield desk.says(*IMPORT, "--out", "moved")
    yield desk.says(*IMPORT, "--out", "second")
    (desk.root / "moved").rename(desk.root / "away")
    yield desk.says(*IMPORT, "--out", "moved")


@follows("name the one that holds the artifacts' folders")
def artifacts_that_are_elsewhere(desk: Desk) -> Iterator[str]:
    desk.put("old/GoldenImages/linux/a.json", TEMPLATE)
    desk.put("public/Artifacts/linux-java/Artifactfile.json", '{"title": "Java"}')
    yield desk.says(*IMPORT, "--artifacts", "nowhere", "--out", "moved")
    yield desk.says(*IMPORT, "--artifacts", "public/Artifacts", "--out", "moved")


@follows("what has the same value as the secret, or make a secure parameter of it")
def a_secret_that_stands_elsewhere_too(desk: Desk) -> Iterator[str]:
    template = json.loads(TEMPLATE)
    template["parameters"]["key"] = {"type": "secureString", "defaultValue": "Canary-4711-Value"}
    own = template["resources"][0]["properties"]
    own["notes"] = "boots with Canary-4711-Value"
    desk.put("old/GoldenImages/linux/a.json", json.dumps(template))
    yield desk.says(*IMPORT, "--out", "moved")
    own["notes"] = "boots with a key"
    desk.put("old/GoldenImages/linux/a.json", json.dumps(template))
    yield desk.says(*IMPORT, "--out", "moved")


def promoting(*labs: str) -> dict[str, object]:
    """Give a plan that delivers a version to labs."""
    own = {"action": "deliver", "changes": True, "image": "linux/a", "version": "20261122.1"}
    return {"steps": [{**own, "lab": lab, "why": "the lab takes it"} for lab in labs]}


@follows("propose it again")
def an_approval_that_is_none(_: Desk) -> Iterator[str]:
    yield said(lambda: check_form("yes"))
    yield said(lambda: check_form(approval_of(promoting("web"))))


@follows("run the pipeline again, and approve what it proposes then")
def a_plan_that_was_not_approved(_: Desk) -> Iterator[str]:
    plan = promoting("web", "data")
    yield said(lambda: check(approval_of(promoting("web")), plan))
    yield said(lambda: check(approval_of(plan), plan))


@follows("its plan job is in the shipped pipeline files")
def a_run_at_the_end_of_a_line_without_an_approval(desk: Desk) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_ACTIONS", "true")
        yield desk.says("ci", "run", "-s", "prod", "--out", "out")
    shipped = (FACTORY.parent / ".github/workflows/stack.yml").read_text(encoding="utf-8")
    assert "ci propose" in shipped
    yield desk.says("ci", "stages")


@follows("copy it from the lab's properties")
def a_lab_that_is_named_by_no_id(desk: Desk) -> Iterator[str]:
    yield desk.says("import", "--from-lab", "team")
    identity = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.DevTestLab/labs/team"
    copied = identity.replace("/0/", "/5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001/")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARM_METADATA_HOSTNAME", "127.0.0.1:9")  # nobody is asked in a test
        yield desk.says("import", "--from-lab", copied)


@follows("name a new folder")
def a_site_among_other_things(desk: Desk) -> Iterator[str]:
    desk.put("docs/mine.html", "mine")
    desk.put("pulumi", "#!/bin/sh\nexit 1\n")
    yield desk.says("page", "--out", "docs")
    yield desk.says("page", "--out", "site")
    assert (desk.root / "docs/mine.html").read_text() == "mine"


TEMPLATE = json.dumps(
    {
        "parameters": {},
        "resources": [
            {
                "type": "Microsoft.DevTestLab/labs/virtualmachines",
                "name": "lab/vm",
                "properties": {
                    "size": "Standard_D2s_v5",
                    "galleryImageReference": {
                        "publisher": "Canonical",
                        "offer": "ubuntu-24_04-lts",
                        "sku": "server",
                        "version": "latest",
                        "osType": "Linux",
                    },
                },
            }
        ],
    }
)


@pytest.mark.parametrize(
    ("advice", "case"),
    [
        pytest.param(advice, case, id=f"{case.__name__}-{advice[:20]}")
        for advice, cases in CASES.items()
        for case in cases
    ],
)
def test_what_a_command_says_helps(
    advice: str,
    case: Case,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("IMAGE_FACTORY_WORK", "ARM_SUBSCRIPTION_ID", "GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    before, *after = case(Desk(tmp_path, capsys))
    form = re.escape(advice).replace(re.escape("{}"), ".*")
    assert re.search(form, before), before
    assert after
    for text in after:
        assert not re.search(form, text), text


# What a person has to see to, and what is followed where Azure or the engine is.
ELSEWHERE = {
    "report it": "a step that no line explains is our defect",
    "ask Azure": "a person's: tests/components/test_waits.py",
    "ask the lab's owner": "a person's: tests/components/test_waits.py",
    "docs/security.md, Branches and approvals": "by each step: tests/pipelines/test_protection.py",
    "lock the stack it receives from": "tests/cli/test_lock.py",
    "name one of its labs": "tests/e2e/test_adopting.py",
    "--yes": "tests/e2e/test_several_stacks.py",
    "`pulumi stack init {}` with your secrets provider": "tests/pipelines/test_not_yet.py",
    "`pulumi refresh -s {}`, then `up` makes it good again": "tests/e2e/test_accidents.py",
}


def test_no_advice_of_a_command_is_without_a_case() -> None:
    told = {
        place: text.rpartition(" -> ")[2]
        for folder in ("cli", "pipelines", "importer")
        for place, text in texts(FACTORY / folder)
        if " -> " in text.strip()
    }
    assert len(told) > 30
    left = {
        place: advice
        for place, advice in told.items()
        if not any(_same(each, advice) for each in (*CASES, *ELSEWHERE))
    }
    assert left == {}


def _same(case: str, advice: str) -> bool:
    return case in advice or advice in case
