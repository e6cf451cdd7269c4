"""The original's ImagePaths as patterns: the same files, and where its matchers disagreed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.common.patterns import fault_of, takes
from factory.importer.identities import identities
from factory.importer.notes import Notes
from factory.importer.prefixes import patterns_for

FILES = [
    "Win2016/Datacenter.json",
    "Win2016/SQL Server.json",
    "Win2016Core/Base.json",
    "Linux/Ubuntu/Base.json",
    "Linux/Ubuntu/Extra/Java.json",
]


@pytest.mark.parametrize(
    ("entry", "patterns"),
    [
        ("Win2016/Datacenter.json", ["Win2016/Datacenter"]),
        ("Win2016/Datacenter", ["Win2016/Datacenter"]),
        ("Win2016/SQL Server.json", ["Win2016/SQL-Server"]),
        ("Win2016/SQL S", ["Win2016/SQL-S*"]),
        ("Win2016/", ["Win2016/**"]),
        ("Win2016", ["Win2016*/**"]),
        ("Win2016\\Data", ["Win2016/Data*"]),
        ("Linux", ["Linux/**"]),
        ("Linux/Ubuntu/E", ["Linux/Ubuntu/E*/**"]),
        ("", ["**"]),
        ("win2016", []),
        ("Nothing", []),
        ("/Win2016", []),
    ],
)
def test_an_entry_becomes_the_plainest_pattern_that_takes_the_same(
    entry: str, patterns: list[str]
) -> None:
    found = identities(FILES, Notes())
    assert patterns_for(entry, found, "Labs.json", Notes()) == patterns


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("win2016", "passed ValidateLabsJson, which ignores letter case, but nothing was ever"),
        ("Win2016", "takes by letters, not by folder: Win2016Core/Base.json too"),
        ("Win2016\\Data", "warned that no lab wants these images"),
        ("Nothing", "is the beginning of no definition's path"),
    ],
)
def test_where_the_original_disagreed_with_itself_it_is_said(entry: str, said: str) -> None:
    notes = Notes()
    patterns_for(entry, identities(FILES, Notes()), "Labs.json: Labs[0] team", notes)
    lines = [line for line in notes.lines() if said in line]
    assert len(lines) == 1
    assert f"Labs.json: Labs[0] team: ImagePaths {entry!r}: " in lines[0]


_NAME = st.text(alphabet="aA b.-_é\u202e", min_size=1, max_size=4).filter(
    lambda name: name.strip(". ") != ""
)
_FILE = st.lists(_NAME, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".json")


@given(st.sets(_FILE, min_size=1, max_size=8), st.data())
def test_any_entry_takes_exactly_what_the_original_took(
    files: set[str], data: st.DataObject
) -> None:
    found = identities(files, Notes())
    assert len(set(found.values())) == len(files)
    file = data.draw(st.sampled_from(sorted(files)))
    entry = file[: data.draw(st.integers(0, len(file)))]
    patterns = patterns_for(entry, found, "Labs.json", Notes())
    assert [fault_of(pattern) for pattern in patterns] == [None] * len(patterns)
    wanted = {found[each] for each in files if each.startswith(entry)}
    assert {identity for identity in found.values() if takes(patterns, identity)} == wanted


def test_names_that_would_be_one_in_azure_are_told_apart() -> None:
    notes = Notes()
    found = identities(["A B.json", "a-b.json", "defaults.json"], notes)
    assert found == {"A B.json": "A-B", "a-b.json": "a-b-2", "defaults.json": "defaults-image"}
    assert "a-b.json: is a-b-2" in "\n".join(notes.lines())
