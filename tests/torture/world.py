"""The accidents of the world around a run, which no answer of Azure's stands for: a second table.

Each is played by a test of its own in `make test`, so that the page tells of no other than those.
"""

from __future__ import annotations

from dataclasses import dataclass

_E2E = "tests/e2e"


@dataclass(frozen=True)
class Told:
    """One accident, how it ends, and the test (file::function) that plays it."""

    accident: str
    ending: str
    test: str


def _in(file: str, name: str) -> str:
    return f"{_E2E}/test_{file}.py::test_{name}"


WORLD = (
    Told(
        "a lab is gone",
        "that lab is refused in one line, the others are served; it leaves the settings, or comes"
        " back",
        _in("reach", "a_lab_that_is_gone_fails_alone_until_it_leaves_the_settings"),
    ),
    Told(
        "the factory's own lab is gone",
        "builds are refused in one line, labs keep what they have; `pulumi refresh`, then the next"
        " `up` makes it again",
        _in("reach", "the_factorys_own_lab_that_is_gone_is_made_again_after_a_refresh"),
    ),
    Told(
        "a lab may not be read",
        "that lab is refused in one line and loses nothing; delivered once it may be read",
        _in("reach", "a_lab_that_may_not_be_read_fails_alone_and_has_everything_afterwards"),
    ),
    Told(
        "a subscription without permission",
        "its stack stops in one line, nothing is changed; other stacks go on",
        _in("reach", "a_subscription_that_may_not_be_read_stops_its_stack_in_one_line"),
    ),
    Told(
        "a region without capacity",
        "the next of `fallbackSizes` in the same run; with none, that image is refused",
        _in("fallback_sizes", "a_fallback_size_is_no_failure_and_survives_a_run_that_is_cut_off"),
    ),
    Told(
        "a quota is used up half way",
        "what is built is delivered, the others are refused in one line each; the next run builds"
        " them",
        _in("reach", "a_quota_that_is_used_up_half_way_refuses_what_is_left"),
    ),
    Told(
        "an artifact repository is away",
        "the images that need it are refused; the next run builds them",
        _in("faults", "these_refuse_their_image_alone_and_the_next_run_mends"),
    ),
    Told(
        "a source snapshot is deleted while it is copied",
        "that delivery fails in one line, labs keep the version before; the building stack hears"
        " of it by `pulumi refresh`, and the next version comes",
        _in("world", "a_source_that_is_deleted_while_it_is_copied_fails_that_copy_alone"),
    ),
    Told(
        "the sign-in is over in a long run",
        "what is left is refused in one line, VMs stay as they are; the next run goes on at the"
        " artifact",
        _in("world", "a_sign_in_that_is_over_in_a_long_run_loses_nothing_that_was_done"),
    ),
    Told(
        "tokens expire every few seconds",
        "absorbed",
        _in("switches", "the_job_works_with_all_of_these_turned"),
    ),
    Told(
        "the disk is full where the state is kept",
        "the engine fails, leaves its lock and half a state; `make up` puts back the state of"
        " before that run and goes on from what Azure shows",
        _in("world", "a_disk_that_fills_up_where_the_state_is_kept_loses_nothing"),
    ),
    Told(
        "two runs at once, on one stack and on two",
        "one stack: the second is sent away in one line; two: the receiver has the old catalogue"
        " or the new",
        _in("world", "two_runs_at_once_on_one_stack_and_on_two"),
    ),
    Told(
        "the clock is wrong by a day",
        "absorbed: the plan counts by Azure's clock alone",
        _in("world", "a_clock_that_is_wrong_by_a_day_neither_builds_nor_retires"),
    ),
    Told(
        "a catalogue of another version of the program",
        "the receiving stack stops in one line, nothing is changed",
        _in("world", "a_catalogue_of_another_program_stops_the_receiver_and_changes_nothing"),
    ),
    Told(
        "the engine is interrupted (Ctrl-C, a job's time) while VMs are made",
        "no refusal: they stay, the next run waits for them and goes on",
        _in("interrupt", "an_interrupt_while_vms_are_made_is_a_cut_off_and_no_refusal"),
    ),
    Told(
        "Azure never ends making a thing: network, source, capture, lab image, copy",
        "the run says so when its time is over; the next looks what Azure shows there, waits once"
        " more unless it was begun too long ago, clears it if it is ours, and makes it again",
        _in("faults", "what_azure_never_ends_is_made_again_by_the_next_run"),
    ),
    Told(
        "`refresh --run-program`, `destroy --run-program`, `up --target` while a build is under"
        " way",
        "no work is done on it: nothing is written to Azure but what the command itself deletes",
        _in("operations", "with_a_build_under_way_only_an_update_works_on_it"),
    ),
    Told(
        "a run is cut off again and again",
        "each goes on where the one before was; one version, one VM",
        _in("world", "a_run_that_is_cut_off_again_and_again_gets_through"),
    ),
)

_HEAD = """
## Accidents of the world

What no single answer of Azure stands for. Each is played by a test of `make test`, with the real
engine on a factory of its own; this table is what the test asserts.
"""


def table() -> str:
    """Write the second table, as Markdown."""
    rows = [f"| {each.accident} | {each.ending} | {_shown(each.test)} |" for each in WORLD]
    heads = ["| accident | how it ends | played by |", "| --- | --- | --- |"]
    return "\n".join([_HEAD, *heads, *rows])


def _shown(test: str) -> str:
    file, _, name = test.partition("::")
    return f"`{file.rsplit('/', 1)[1]}`: {name.removeprefix('test_').replace('_', ' ')}"
