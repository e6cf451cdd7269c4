"""Patterns, versions, durations and names: the small languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.common import names
from factory.common.durations import parse_duration, spell_duration
from factory.common.patterns import matches, takes
from factory.common.versions import Version, next_version

segments = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._", min_size=1, max_size=40).filter(
    lambda text: text[0].isalnum()
)
identities = st.lists(segments, min_size=1, max_size=5).map("/".join)
versions = st.builds(Version, st.integers(20200101, 20991231), st.integers(1, 999))


@pytest.mark.parametrize(
    ("pattern", "identity", "expected"),
    [
        ("windows/**", "windows/a", True),
        ("windows/**", "windows/a/b", True),
        ("windows/**", "windows", False),
        ("windows/**", "windowscore/a", False),
        ("Windows/**", "windows/a", False),
        ("linux/*", "linux/a/b", False),
        ("linux/ubuntu-*", "linux/ubuntu-24", True),
        ("**/old", "old", True),
        ("**/old", "a/b/old", True),
        ("**/old", "a/bold", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("**", "a", True),
    ],
)
def test_patterns_know_segments_and_case(pattern: str, identity: str, expected: bool) -> None:
    assert matches(pattern, identity) is expected


def test_an_exclude_wins_wherever_it_stands() -> None:
    assert not takes(["!linux/old", "linux/**"], "linux/old")
    assert not takes(["linux/**", "!linux/old"], "linux/old")
    assert takes(["linux/**", "!linux/old"], "linux/new")


@given(identities)
def test_every_identity_matches_itself(identity: str) -> None:
    assert matches(identity, identity)


@given(versions)
def test_versions_survive_their_text(version: Version) -> None:
    assert Version.parse(str(version)) == version


def test_versions_compare_as_numbers() -> None:
    assert Version.parse("20261122.10") > Version.parse("20261122.9")


@given(st.lists(versions, max_size=8), st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_the_next_version_is_after_every_used_one(used: list[Version], now: datetime) -> None:
    following = next_version(now.replace(tzinfo=UTC), used)
    assert all(following > version for version in used)


@given(st.integers(1, 10**7))
def test_durations_survive_their_text(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert parse_duration(spell_duration(length)) == length


@pytest.mark.parametrize("text", ["4", "", "4 h", "h4", "-1h", "1h1"])
def test_a_length_without_a_unit_is_a_guess(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@given(identities, versions, st.integers(1, 9))
def test_names_fit_azure(identity: str, version: Version, attempt: int) -> None:
    vm = names.vm_name("o/p/s", identity, version, attempt)
    assert len(vm) <= 15
    assert vm.isalnum()
    assert not vm.isdigit()
    assert vm != names.vm_name("o/p/s", identity, version, attempt + 1)
    for name in (
        names.image_name(identity, version),
        names.copy_name(identity, version, "germanywestcentral", attempt),
        names.backing_name(identity, version, "germanywestcentral"),
    ):
        assert len(name) <= 80
        assert name[0].isalnum()


@given(identities, versions)
def test_long_names_stay_apart(identity: str, version: Version) -> None:
    later = Version(version.day, version.number + 1)
    assert names.image_name(identity, version) != names.image_name(identity, later)
    longer = f"{'x' * 90}/{identity}"
    assert names.image_name(longer, version) != names.image_name(f"{'x' * 90}y/{identity}", version)


@given(identities, versions, st.lists(segments, max_size=3))
def test_logical_names_can_be_read_back(identity: str, version: Version, path: list[str]) -> None:
    name = names.part(identity, version, *path)
    assert names.parse_part(name) == (identity, version, tuple(path))


def test_the_documented_name() -> None:
    version = Version.parse("20261122.1")
    assert (
        names.image_name("windows/2022/visual-studio", version)
        == "windows-2022-visual-studio-20261122-1"
    )
