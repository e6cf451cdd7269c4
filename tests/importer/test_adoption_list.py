"""The list of images to adopt, put into a stack's file as it stands."""

from __future__ import annotations

import pytest
import yaml

from factory.common.errors import FactoryError
from factory.common.names import STACK
from factory.importer.adoption_list import Candidate, candidates, with_adoption
from factory.observed.model import Thing
from tests.plan.world import image

WANTED = [
    Candidate("linux/a", "2025-11-22T10:00:00Z", "A_août-1-2025", "A.json"),
    Candidate("linux/a\u202e", "", 'x: "y"', "A.json"),
]
FILE = """\
# mine
encryptionsalt: v1:x
config:
  # the subscription
  azure-native:subscriptionId: s  # here
  image-factory:labs:
    - {name: team}
"""


def test_everything_else_in_the_file_stays_as_it_is() -> None:
    text = with_adoption(FILE, "team", WANTED)
    assert [line for line in text.splitlines() if line in FILE.splitlines()] == FILE.splitlines()
    config = yaml.safe_load(text)["config"]
    assert config["image-factory:adopt"] == {"team": ["A_août-1-2025", 'x: "y"']}
    assert "# linux/a, made 2025-11-22" in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("encryptionsalt: x\n", "it has no `config:`"),
        ("config: {}\n", "it has no `config:`"),
        (with_adoption(FILE, "other", WANTED), "is set already"),
        ("config:\n  a: b\n c: d\n", "cannot be added to"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(text: str, said: str) -> None:
    with pytest.raises(FactoryError, match="by hand"):
        with_adoption(text, "team", WANTED)
    with pytest.raises(FactoryError, match=said):
        with_adoption(text, "team", WANTED)


def test_only_what_the_original_tagged_is_a_candidate() -> None:
    images = {"linux/a": image("linux/a", imagePath="A.json")}
    things = {
        "a": Thing("/x/A-1", {"ImagePath": "a.json"}, created="2025"),
        "b": Thing("/x/B", {"ImagePath": "gone.json"}),
        "c": Thing("/x/C", {"team": "web"}),
        "d": Thing("/x/D", {"ImagePath": "A.json", STACK: "o/p/dev"}),
        "e": Thing("/x/E", {"ImagePath": "A.json"}, "Failed"),
    }
    found = {each.name: each.fault for each in candidates(things, images)}
    assert found == {
        "A-1": "",
        "B": "no definition has this imagePath",
        "E": "Azure never finished it",
    }
