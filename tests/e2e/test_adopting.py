"""Images that the original factory left in a lab: shown, listed, taken in untouched, retired."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, lab_path
from tests.e2e.test_cli import cli
from tests.importer.old import old_lab, template, write

IMAGES = f"{lab_path(DEV, 'team-web')}/customimages"
OLD = ("Linux_Base-Nov-1-2025", "Linux_Base-Nov-2-2025")
BY_STACK = ("import", "--adopt", "team-web", "--stack", "dev")


def left_by_the_original(factory: FactoryUnderTest, name: str) -> None:
    """Make a custom image as DistributeImages.ps1 did: of a VHD in the lab's own storage."""
    lab = factory.arm("GET", lab_path(DEV, "team-web"))
    account = lab["properties"]["defaultStorageAccount"].rsplit("/", 1)[1]
    uri = f"https://{account}.blob.core.windows.net/imagefactoryvhds/{name}.vhd"
    vhd = {"imageName": uri, "sysPrep": True, "osType": "Linux"}
    body = {"tags": {"ImagePath": "Linux\\Base.json"}, "properties": {"vhd": vhd}}
    factory.arm("PUT", f"{IMAGES}/{name}", body=body)
    factory.until(lambda: state(factory, name) == "Succeeded")


def state(factory: FactoryUnderTest, name: str) -> str:
    return str(factory.arm("GET", f"{IMAGES}/{name}")["properties"]["provisioningState"])


def there(factory: FactoryUnderTest) -> dict[str, Any]:
    found = factory.arm("GET", IMAGES)["value"]
    return {each["name"]: json.dumps(each, sort_keys=True) for each in found}


def test_old_images_are_shown_listed_taken_in_and_retired(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", imagePath="Linux\\Base.json")
    factory.configure_dev([TEAM_WEB], keep={"newest": 2})
    for name in OLD:
        left_by_the_original(factory, name)
    before = there(factory)
    foreign = set(before) - set(OLD)
    assert foreign  # the team has an image of its own
    stack_file = factory.home.work / "Pulumi.dev.yaml"
    plain = stack_file.read_text()
    shown = cli(factory, *BY_STACK)
    assert shown.code == 0, shown.output
    assert f"2 of {len(before)} custom images in team-web are the original" in shown.output
    assert stack_file.read_text() == plain
    written = cli(factory, *BY_STACK, "--write")
    assert written.code == 0, written.output
    preview = factory.preview("dev")
    assert "2 to adopt" in preview.output
    factory.must_up("dev")
    # Taken in as they are: not a word of them has changed.
    after = there(factory)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1

    second = factory.must_up("dev")
    assert "1 to retire" in second.output
    assert set(there(factory)) & {*OLD, *foreign} == {OLD[1], *foreign}
    third = factory.must_up("dev", "--expect-no-changes")
    assert "nothing is due" in third.output
    assert cli(factory, "import", "--adopt", "nowhere", "--stack", "dev").code == 1
    assert_azure_knows_where_labs_are(factory)
    assert_a_lab_can_be_brought_along_as_it_is(factory)


def assert_azure_knows_where_labs_are(factory: FactoryUnderTest) -> None:
    """The original found labs by name alone, so its Labs.json may lack the group."""
    labs = [old_lab("team-data", "", subscription=DEV), old_lab("nowhere", "", subscription=DEV)]
    del labs[0]["ResourceGroup"]
    old = write(factory.root / "old", {"a.json": template()}, labs)
    given = ("--golden-images", str(old), "--labs", str(old / "Labs.json"))
    ran = cli(factory, "import", *given, "--online", "--out", str(factory.root / "moved"))
    assert ran.code == 0, ran.output
    assert "nowhere: there is no lab of that name in subscription" in ran.output
    written = yaml.safe_load((factory.root / "moved" / "Pulumi.factory.yaml").read_text())
    found = written["config"]["image-factory:labs"][0]
    assert (found["resourceGroup"], found["region"]) == ("rg-team-data", "northeurope")


def assert_a_lab_can_be_brought_along_as_it_is(factory: FactoryUnderTest) -> None:
    """No file of anybody is needed: Azure says what the lab's formulas build."""
    content = {
        "galleryImageReference": {
            "publisher": "Canonical",
            "offer": "ubuntu-24_04-lts",
            "sku": "server",
            "osType": "Linux",
            "version": "latest",
        },
        "size": "Standard_D2s_v5",
        "artifacts": [{"artifactId": "/artifactsources/public repo/artifacts/linux-java"}],
    }
    formula = {"osType": "Linux", "formulaContent": {"properties": content}}
    lab = lab_path(DEV, "team-web")
    factory.arm(
        "PUT", f"{lab}/formulas/desk", body={"location": "westeurope", "properties": formula}
    )
    out = factory.root / "from-lab"
    ran = cli(factory, "import", "--from-lab", lab, "--out", str(out))
    assert ran.code == 0, ran.output
    desk = yaml.safe_load((out / "images/desk.yaml").read_text())
    assert desk["base"]["offer"] == "ubuntu-24_04-lts"
    assert desk["artifacts"] == ["linux-java"]
    config = yaml.safe_load((out / "Pulumi.factory.yaml").read_text())["config"]
    (taken,) = config["image-factory:labs"]
    assert (taken["name"], taken["images"]) == ("team-web", ["**"])
    assert "not known" in ran.output or "--adopt" in ran.output
