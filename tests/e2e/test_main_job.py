"""From a definition in git to images in the labs of two subscriptions, and their whole life."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.harness import FactoryUnderTest
from tests.e2e.test_cli import cli

pytestmark = pytest.mark.dated

APT = {"name": "linux-apt-package", "parameters": {"packages": "git"}}


@pytest.mark.plain
@pytest.mark.matrix("the main job")
def test_from_definitions_to_labs_then_nothing_due(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", artifacts=[APT])
    factory.define("windows/tools", os="windows", base=WINDOWS, artifacts=["windows-git"])
    factory.configure_dev()
    factory.configure_prod()
    first = factory.must_up("dev")
    assert "2 to build, 4 to deliver" in first.output
    factory.must_up("prod")
    both = ["linux-base-20", "windows-tools-20"]
    for lab in ("image-factory", "team-web", "team-data", "finance", "engineering-us"):
        assert [name[: len(both[i])] for i, name in enumerate(factory.holding(lab))] == both, lab
    assert factory.build_vms() == []
    # The second run only forgets the released VMs, the third changes nothing at all.
    second = factory.must_up("dev")
    assert "Plan: 2 to forget; 2 versions kept as they are." in second.output
    for stack in ("dev", "prod"):
        third = factory.must_up(stack, "--expect-no-changes")
        assert "nothing is due" in third.output
    # What the service writes by itself is no change either.
    assert factory.engine("refresh", "--yes", "-s", "dev").ok
    factory.must_up("dev", "--expect-no-changes")
    each_state_in_a_place_of_its_own(factory)


def each_state_in_a_place_of_its_own(factory: FactoryUnderTest) -> None:
    """As docs/bootstrap.md moves them: the files as they are, and nothing changes."""
    files = Path(".pulumi/stacks/image-factory")
    for stack, other in (("dev", "prod"), ("prod", "dev")):
        place = factory.root / "states" / stack
        shutil.copytree(factory.home.state, place)
        (place / files / f"{other}.json").unlink()
    shutil.rmtree(factory.home.state)
    places = f"file://{factory.root}/states"
    factory.env |= {"PULUMI_BACKEND_URL": f"{places}/{{stack}}"}
    # The command line goes to each stack's place, and from there to that of its source.
    assert "nothing is due" in cli(factory, "plan", "--stack", "prod").output
    own = {"PULUMI_BACKEND_URL": f"{places}/prod", "IMAGE_FACTORY_STATE": f"{places}/{{stack}}"}
    factory.env |= own
    prod = factory.must_up("prod", "--expect-no-changes")
    assert "nothing is due" in prod.output
    # A state is code: what somebody wrote into it is seen before an engine reads it.
    file = factory.root / "states/prod" / files / "prod.json"
    state = json.loads(file.read_text())
    resources = state["checkpoint"]["latest"]["resources"]
    (provider,) = [each for each in resources if each["type"].endswith("providers:azure-native")]
    evil = {**provider, "urn": provider["urn"].replace("azure-native", "evil")}
    evil |= {
        "type": "pulumi:providers:evil",
        "inputs": {"pluginDownloadURL": "https://127.0.0.1:9"},
    }
    resources.append(evil)
    file.write_text(json.dumps(state))
    for words in (["preview"], ["run", "--stack", "prod"]):
        ran = cli(factory, "ci", *words)
        assert not ran.ok
        assert "what this program never declares: urn:pulumi:prod::" in ran.output, ran.output
        assert "a provider of evil" in ran.output
    # Who brings it up at a desk is told by the program.
    ran = factory.up("prod")
    assert not ran.ok


WINDOWS = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
}


@pytest.mark.plain
@pytest.mark.matrix("versions retire, a failed one retires none")
def test_four_versions_the_first_retires_and_a_failing_one_retires_nothing(
    factory: FactoryUnderTest,
) -> None:
    factory.configure_dev([{**TEAM, "images": ["linux/base"]}])
    factory.configure_prod([{**FINANCE, "images": ["linux/*"]}])
    for number in range(1, 4):
        factory.define("linux/base", size=f"Standard_D{2**number}s_v5")
        factory.must_up("dev")
        factory.must_up("prod")
    assert len(factory.holding("team-web")) == 3
    # A fourth that fails: nothing is retired, in this run and in the next.
    factory.rehearsal("faults", "add", "--artifact", "linux-deprovision", "--message", "no way")
    factory.define("linux/base", size="Standard_D16s_v5", retries=0)
    preview = factory.preview("dev")
    assert "definition changed: size" in preview.output
    assert not factory.up("dev").ok
    assert not factory.up("dev").ok
    assert len(factory.holding("team-web")) == 3
    assert len(factory.holding("finance")) == 3
    assert factory.build_vms() == []
    # It is mended: the fourth pushes nothing out while it is built, the next run retires the first.
    factory.rehearsal("faults", "clear")
    factory.must_up("dev")
    factory.must_up("prod")
    four = factory.holding("team-web")
    assert len(four) == 4
    retiring = factory.must_up("dev")
    assert "1 to retire" in retiring.output
    assert factory.holding("team-web") == four[1:]
    assert factory.holding("image-factory") == four[1:]
    retired = catalogue(factory)["linux/base"]
    assert retired[min(retired)]["retired"]
    factory.must_up("prod")
    assert factory.holding("finance") == four[1:]
    # Its source snapshot waited for receivers; after sourceGrace the rest goes.
    assert snapshots(factory) == four
    factory.rehearsal("clock", "--advance", "25h")
    removing = factory.must_up("dev")
    assert "1 to remove" in removing.output
    assert snapshots(factory) == four[1:]


TEAM = {"name": "team-web", "resourceGroup": "rg-team-web", "region": "westeurope"}
FINANCE = {"name": "finance", "resourceGroup": "rg-finance", "region": "westeurope"}


def catalogue(factory: FactoryUnderTest) -> dict[str, dict[str, dict[str, str]]]:
    ran = factory.engine("stack", "output", "catalogue", "--json", "-s", "dev")
    definitions: dict[str, dict[str, dict[str, str]]] = json.loads(ran.output)["__definitions"]
    return definitions


def snapshots(factory: FactoryUnderTest) -> list[str]:
    path = (
        "/subscriptions/5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001/resourceGroups/rg-image-factory"
        "/providers/Microsoft.Compute/snapshots"
    )
    return sorted(item["name"] for item in factory.arm("GET", path, "2024-03-02")["value"])


def test_specialised_images_reach_the_labs_as_snapshots(factory: FactoryUnderTest) -> None:
    factory.define("linux/exact", capture="specialized", artifacts=[APT])
    factory.configure_dev()
    factory.must_up("dev")
    for lab in ("image-factory", "team-web", "team-data"):
        assert len(factory.holding(lab)) == 1, lab
    factory.must_up("dev")
    factory.must_up("dev", "--expect-no-changes")


@pytest.mark.matrix("destroy leaves nothing")
def test_destroy_leaves_nothing_of_ours_and_the_estate_as_it_was(
    factory: FactoryUnderTest,
) -> None:
    before = estate(factory)
    factory.define("linux/base")
    factory.configure_dev()
    factory.configure_prod()
    factory.must_up("dev")
    factory.must_up("prod")
    for stack in ("prod", "dev"):
        ran = factory.engine("destroy", "--yes", "-s", stack)
        assert ran.ok, ran.output
    assert "image-factory" not in factory.labs()
    assert estate(factory) == before


def estate(factory: FactoryUnderTest) -> str:
    return json.dumps(factory.azure()["subscriptions"], sort_keys=True)


def test_layered_images_are_built_in_one_run_and_follow_their_parent(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base", artifacts=[APT])
    factory.define("linux/child", base={"image": "linux/base"}, artifacts=["linux-java"])
    factory.configure_dev([{**TEAM, "images": ["linux/child"]}])
    factory.must_up("dev")
    (child,) = factory.holding("team-web")
    installed = {
        image["name"]: image["installed"] for image in factory.labs()["team-web"]["customImages"]
    }
    generalise = "linux-deprovision"
    assert installed[child] == ["linux-apt-package", generalise, "linux-java", generalise]
    factory.define("linux/base", artifacts=[APT, "linux-install-nodejs"])
    moved = factory.must_up("dev")
    assert "its base linux/base moved to" in moved.output
    assert len(factory.holding("team-web")) == 2
