"""Fuzzing for a bounded time: whatever comes, it is told in lines, and nothing is raised.

The examples are drawn the same way every time; what was ever found stands in the corpus.
"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.common.errors import FactoryError, Problems
from factory.definitions.definition import Definition
from factory.definitions.loader import load_images
from factory.ledger.record import read_record, read_spec
from factory.settings.loader import parse_settings
from factory.settings.stack import Settings
from tests.plan.world import START, dev, prod
from tests.settings.test_corpus import CORPUS

BOUNDED = settings(
    max_examples=250,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SEEDS = [path.read_bytes() for path in sorted((CORPUS / "broken").rglob("*.yaml"))]
BITS = [
    b"\n",
    b": ",
    b"- ",
    b"[",
    b"{",
    b"&a ",
    b"*a",
    b"!!",
    b'"\\u202e"',
    b"\t",
    b"---\n",
    b"|\n",
]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "9" * 5000,
            "1e999",
            "\u0663",
            "../x",
            "[x]",
            "[[x",
            "0s",
            "9" * 12 + "d",
            "**",
            "!",
            "x" * 999,
        ]
    ),
)
NESTED = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)


def names(model: Any) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


INNER = ["publisher", "offer", "sku", "version", "image", "name", "source", "parameters", "secret"]
INNER += ["newest", "for", "atLeast", "cron", "timeZone", "resourceGroup", "create", "versions"]
INNER += ["artifacts", "script", "url", "files", "arguments"]
FIELDS = st.dictionaries(st.sampled_from(INNER), NESTED, max_size=4)
DEFINITIONS = st.dictionaries(st.sampled_from(names(Definition)), NESTED | FIELDS)
SETTINGS = st.dictionaries(
    st.sampled_from(names(Settings)), NESTED | FIELDS | st.lists(FIELDS, max_size=2)
)


def told(content: bytes) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.yaml").write_bytes(content)
        problems = Problems()
        found = load_images(Path(folder), "images", problems)
    lines = [str(problem) for problem in problems.errors]
    assert found or lines
    assert all(line.startswith("images/one.yaml") for line in lines)
    assert not any("\n" in line for line in lines)
    return lines


@BOUNDED
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    told(content)


@BOUNDED
@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(
            st.integers(0, 400), st.integers(0, 6), st.sampled_from(BITS) | st.binary(max_size=4)
        ),
        max_size=5,
    ),
)
def test_broken_definitions_broken_further(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, bit in cuts:
        seed = seed[:at] + bit + seed[at + length :]
    told(seed)


@BOUNDED
@given(DEFINITIONS)
def test_fields_of_any_kind(fields: dict[str, Any]) -> None:
    told(yaml.safe_dump(fields, allow_unicode=True).encode("utf-8", "surrogatepass"))


@BOUNDED
@given(SETTINGS)
def test_settings_of_any_kind(raw: dict[str, Any]) -> None:
    problems = Problems()
    parsed = parse_settings(raw, "Pulumi.x.yaml", problems)
    assert parsed is not None or problems.errors


SOURCE = dev("linux/a", "linux/b")
SOURCE.run()
OUTPUTS = SOURCE.ledger.outputs
ENTRY = OUTPUTS["catalogue"]["definitions"]["linux/a"]["20261122.1"]
KEYS = [*ENTRY, "retired", "revoked", "surplus"]


@BOUNDED
@given(
    st.lists(st.tuples(st.sampled_from(KEYS), NESTED), max_size=3),
    st.dictionaries(
        st.sampled_from(["schema", "stack", "serial", "definitions"]), NESTED, max_size=1
    ),
    st.dictionaries(st.text(max_size=10), NESTED, max_size=2),
)
def test_a_catalogue_of_any_kind_is_read_or_refused_in_one_line(
    changes: list[tuple[str, Any]], top: dict[str, Any], more: dict[str, Any]
) -> None:
    world = prod(SOURCE)
    catalogue = copy.deepcopy(OUTPUTS["catalogue"])
    catalogue["definitions"]["linux/a"]["20261122.1"].update(changes)
    catalogue["definitions"].update(more)
    catalogue.update(top)
    world.source = _Offering(catalogue)  # type: ignore[assignment]
    said = ""
    try:
        world.plan()
    except FactoryError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 1000


@BOUNDED
@given(st.dictionaries(st.sampled_from(KEYS), NESTED))
def test_records_of_any_kind(changes: dict[str, Any]) -> None:
    read_record({**ENTRY, **changes})
    read_spec({**ENTRY, **changes})


class _Offering:
    """A source stack whose outputs anybody may have written."""

    stack = SOURCE.stack

    def __init__(self, catalogue: Any) -> None:
        self.now = START
        self.ledger = type("Ledger", (), {"outputs": {"catalogue": catalogue}})()
