"""What the documents promise to be complete is compared with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from factory.definitions.definition import Definition
from factory.plan.model import Action
from factory.settings.environments import LabEnvironment
from factory.settings.stack import ArtifactSource, FactoryLab, Group, Network, TargetLab
from factory.settings.stack_file import SETTINGS as SETTINGS_KNOWN
from factory.settings.stack_file import key_of

CHECKOUT = Path(__file__).parents[2]
SETTINGS = (CHECKOUT / "docs/settings.md").read_text(encoding="utf-8")
# Without `approve` everything is received, with {} nothing: it cannot have a default. The others
# are a text or a list, and the engine knows one type only.
NO_DEFAULT = {"approve", "receivesFrom", "parentsFrom", "resourceGroup"}


def test_every_setting_is_documented_and_declared() -> None:
    keys = {key_of(name) for name in SETTINGS_KNOWN}
    assert [key for key in sorted(keys) if f"`{key}`" not in SETTINGS] == []
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))
    own = {key.removeprefix("image-factory:") for key in keys if key.startswith("image-factory:")}
    assert set(project["config"]) == own - NO_DEFAULT


@pytest.mark.parametrize(
    "model", [Definition, Group, FactoryLab, Network, TargetLab, ArtifactSource, LabEnvironment]
)
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    names = [info.alias or name for name, info in model.model_fields.items()]
    assert [name for name in names if not re.search(rf"\b{name}\b", SETTINGS)] == []


def test_the_first_page_leads_to_every_other_once() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((docs/[a-z-]+\.md)\)", text)
    pages = [f"docs/{path.name}" for path in (CHECKOUT / "docs").glob("*.md")]
    assert sorted(linked) == sorted(pages)


def test_links_lead_to_pages_and_headings_that_are_there() -> None:
    dead = []
    for page in [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            file = (page.parent / path) if path else page
            if "://" in target:
                continue
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                dead.append(f"{page.name}: {target}")
    assert dead == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_the_page_of_the_plan_names_every_action() -> None:
    text = (CHECKOUT / "docs/plan.md").read_text(encoding="utf-8")
    listed = text.partition("`action` is one of ")[2].partition(";")[0]
    assert listed.replace("\n", " ").split(", ") == [str(action) for action in Action]
