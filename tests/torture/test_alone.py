"""The judge of a failed run: who may go unserved, and which line is clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.accidents import KINDS, Accident, product
from tests.torture.alone import alone
from tests.torture.choosing import append, choose, read_log, write_down
from tests.torture.ending import Thing
from tests.torture.phases import PHASES
from tests.torture.requests import Request
from tests.torture.trying import Tried, Verdict

LABS = "/subscriptions/s/resourcegroups/rg/providers/microsoft.devtestlab/labs"
COMPUTE = "/subscriptions/s/resourcegroups/rg/providers/microsoft.compute"
APP = "linux-app-#1"
CLEAR = "warning: linux/app@20261125.1/lab/team-web: create failed -> run it again"


def put(path: str) -> Accident:
    return Accident(KINDS["500"], PHASES[1], Request("PUT", path, 1, "type"))


def image(lab: str, name: str = APP) -> Thing:
    return "customImages", lab, name, "Succeeded"


@pytest.mark.parametrize(
    ("path", "may", "may_not"),
    [
        (f"{LABS}/team-web/customimages/linux-app-*", image("team-web"), image("team-data")),
        (
            f"{COMPUTE}/snapshots/linux-app-*-northeurope",
            image("team-data"),
            image("team-web"),
        ),
        (f"{COMPUTE}/snapshots/linux-app-*", image("team-web"), image("team-web", "linux-base-#1")),
        (
            f"{COMPUTE}/images/linux-app-*-westeurope",
            ("managedImages", "westeurope", APP, ""),
            ("managedImages", "northeurope", APP, ""),
        ),
    ],
)
def test_only_what_hangs_on_the_struck_request_may_be_missing(
    path: str, may: Thing, may_not: Thing
) -> None:
    told = CLEAR
    assert alone(put(path), [may], told) == []
    assert alone(put(path), [may, may_not], told) == [f"not served: {' '.join(may_not)}"]


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("dev: 3 created, FAILED", "does not say why"),
        ("    error: update failed", "does not say why"),
        ('    error: Status=403 Code="AuthorizationFailed"', "whose failure it is"),
        ("    error: linux/app 20261125.1 refused: no", "whose failure it is"),
        (CLEAR.replace("app", "base").replace("team-web", "team-data"), "whose failure it is"),
    ],
)
def test_a_line_has_to_say_whose_failure_it_is_and_what_to_do(told: str, wrong: str) -> None:
    accident = put(f"{LABS}/team-web/customimages/linux-app-*")
    (found,) = alone(accident, [], told)
    assert wrong in found


def test_whatever_ends_the_list_early_has_seen_every_kind_and_every_phase() -> None:
    requests = [
        Request("PUT", f"/x/{phase.name}-{number}", 1, f"type {phase.name} {number}")
        for phase in PHASES[:3]
        for number in range(4)
    ]
    every = list(product([(phase, requests[n * 4 :][:4]) for n, phase in enumerate(PHASES[:3])]))
    chosen = choose(every, 1, len(KINDS) * 3, None)
    assert {(each.kind.name, each.phase.name) for each in chosen} == {
        (kind, phase.name) for kind in KINDS for phase in PHASES[:3]
    }
    assert chosen == choose(every, 1, None, None)[: len(chosen)]
    assert chosen != choose(every, 2, len(chosen), None)


def test_a_log_is_enough_to_tell_of_what_was_tried(tmp_path: Path) -> None:
    log = tmp_path / "log"
    request = Request("POST", f"{LABS}/image-factory/virtualmachines/b*/applyartifacts", 2, "t")
    accident = Accident(KINDS["404, its lab is gone"], PHASES[2], request)
    write_down(log, {"product": 331})
    append(log, Tried(accident, Verdict.LOST, ["lost: it"]))
    append(log, Tried(accident, Verdict.MENDED, runs=2, followed=True))
    write_down(log, {"accident": "gone: 500: PUT x", "verdict": "lost"})
    write_down(log, {"note": "by hand"})
    known, of, notes = read_log(log)
    assert (of, notes) == (331, ["by hand"])
    (tried,) = known.values()
    assert (tried.verdict, tried.runs, tried.followed, tried.wrong) == (Verdict.MENDED, 2, True, [])
    assert str(tried.accident) == str(accident) == next(iter(known))
