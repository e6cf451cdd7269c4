"""Where the state of a stack is: one place for all, or one for each, and what an engine is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.settings.engine_command import (
    UnknownStackError,
    ask_engine,
    backend_of,
    outputs_in,
)

EACH = "azblob://state-{stack}?storage_account=contoso"
OF_PROD = "azblob://state-my-prod?storage_account=contoso"


@pytest.mark.parametrize("name", ["PULUMI_BACKEND_URL", "IMAGE_FACTORY_STATE"])
def test_an_engine_is_led_to_the_place_of_its_stack(name: str) -> None:
    found = backend_of("organization/image-factory/My_Prod", {name: EACH})
    # The address of all goes with it: a program reads its sources by that.
    assert found == {"PULUMI_BACKEND_URL": OF_PROD, "IMAGE_FACTORY_STATE": EACH}
    assert backend_of("dev", {**found})["PULUMI_BACKEND_URL"] == EACH.format(stack="dev")


def test_one_place_for_all_is_left_as_it_is() -> None:
    assert backend_of("dev", {"PULUMI_BACKEND_URL": "azblob://state?storage_account=x"}) == {}
    assert backend_of("dev", {}) == {}


@pytest.mark.parametrize(
    "said",
    [
        "error: no stack named 'dev' found",
        'error: could not list: ERROR CODE: ContainerNotFound: "The container does not exist"',
    ],
)
def test_a_stack_whose_place_was_never_made_is_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text(f"#!/bin/sh\ncat >&2 <<'E'\n$PULUMI_BACKEND_URL {said}\nE\nexit 255\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", EACH)
    with pytest.raises(UnknownStackError, match="pulumi stack init dev"):
        ask_engine("dev", tmp_path, "stack", "export")


def test_outputs_are_those_of_the_stack_as_they_lie_there() -> None:
    root = {"urn": "u", "type": "pulumi:pulumi:Stack", "outputs": {"catalogue": {"serial": "7"}}}
    export = {"deployment": {"resources": [{"urn": "x", "type": "other"}, root]}}
    assert outputs_in(export) == {"catalogue": {"serial": "7"}}
    assert outputs_in({"deployment": {}}) == outputs_in({}) == {}
