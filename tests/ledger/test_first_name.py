"""Under which name a stack began: by its outputs, or by the tag of its group if it has none."""

from __future__ import annotations

from typing import Any

import pytest

from factory.ledger import catalogue as cat
from factory.ledger.source_catalogues import read_all
from factory.ledger.state_reader import read_ledger
from tests.plan.world import START

OLD, NEW = "organization/image-factory/dev", "contoso/image-factory/dev"
GROUP = "urn:pulumi:dev::image-factory::azure-native:resources:ResourceGroup::factory/store"


def state(**outputs: Any) -> dict[str, Any]:
    group = {"name": "rg", "tags": {"image-factory-stack": OLD}}
    return {
        "urn:pulumi:dev::image-factory::pulumi:pulumi:Stack::image-factory-dev": {
            "type": "pulumi:pulumi:Stack",
            "outputs": outputs,
        },
        GROUP: {"type": "azure-native:resources:ResourceGroup", "outputs": group},
    }


def test_nothing_is_known_of_an_empty_state() -> None:
    assert read_ledger({}).first_name == ""


def test_a_run_that_saved_no_outputs_has_left_its_name_in_a_tag() -> None:
    assert read_ledger(state()).first_name == OLD


@pytest.mark.parametrize("began", [OLD, ""])
def test_the_catalogue_remembers_the_first_name_from_run_to_run(began: str) -> None:
    written = cat.written(NEW if began else OLD, 7, {}, {}, began)
    assert read_ledger(state(catalogue=written)).first_name == OLD
    again = cat.written("contoso/image-factory/build", 8, {}, {}, OLD)
    assert read_ledger(state(catalogue=again)).first_name == OLD
    assert cat.BEGAN not in cat.written(OLD, 9, {}, {}, OLD)


def test_a_receiver_still_sees_an_old_state_put_back_after_its_source_was_renamed() -> None:
    own = {cat.RECEIVED: cat.received({OLD: 9})}
    offered = {NEW: {cat.OUTPUT: cat.written(NEW, 8, {}, {}, OLD)}}
    with pytest.raises(Exception, match="serial 8 is lower than the last one received, 9"):
        read_all(offered.__getitem__, [NEW], own, str, START)
