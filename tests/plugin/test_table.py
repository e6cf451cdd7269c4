"""The table against the Python SDK of the same version: every input, every output, by name."""

from __future__ import annotations

import importlib
import inspect
import json
from typing import Any

import pytest

from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.make_types import Maker
from rehearsal.plugin.schema import VERSION
from rehearsal.plugin.table import KINDS, find_kind
from rehearsal.plugin.types import FILE


def sdk_class(kind: Kind) -> Any:
    _, module, name = kind.token.split(":")
    return getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)


def arguments_class(kind: Kind) -> Any:
    # Where a nested type has the same name, the SDK calls the arguments XInitArgs.
    name = kind.token.rpartition(":")[2]
    module = importlib.import_module(sdk_class(kind).__module__)
    return getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


def wire_names(cls: Any) -> set[str]:
    return {
        str(member.fget.__dict__["_pulumi_name"])
        for member in vars(cls).values()
        if isinstance(member, property) and member.fget is not None
    }


@pytest.fixture(params=KINDS.values(), ids=lambda kind: kind.token)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_inputs_are_those_of_the_sdk(kind: Kind) -> None:
    assert kind.body | kind.top | set(kind.parameters) == wire_names(arguments_class(kind))
    assert not kind.body & kind.top


def test_outputs_are_those_of_the_sdk(kind: Kind) -> None:
    assert kind.outputs == wire_names(sdk_class(kind))


def test_required_inputs_are_those_of_the_sdk(kind: Kind) -> None:
    parameters = inspect.signature(arguments_class(kind).__init__).parameters.values()
    names = {p.name for p in parameters if p.default is inspect.Parameter.empty} - {"__self__"}
    camel = {_camel(name) for name in names}
    assert camel == {*kind.parameters[:-1], *kind.required} - ({kind.name_parameter})


def test_types_are_those_of_the_sdk() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == Maker().table(), (
        "make it anew: python -m rehearsal.plugin.make_types"
    )


def test_api_version_is_the_default_of_the_sdk(kind: Kind) -> None:
    source = inspect.getsource(sdk_class(kind))
    assert f"API version {kind.api_version}" in source or f"version: {kind.api_version}" in source


def test_versioned_tokens_find_the_same_row() -> None:
    kind, version = find_kind("azure-native:compute/v20230701:Snapshot")
    assert kind is KINDS["azure-native:compute:Snapshot"]
    assert version == "2023-07-01"


def test_version_is_that_of_the_sdk() -> None:
    from importlib.metadata import version  # noqa: PLC0415

    assert version("pulumi-azure-native") == VERSION


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
