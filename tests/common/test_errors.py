"""Errors are one line each, whoever wrote them and however many lines they had."""

from __future__ import annotations

import pytest

from factory.common.azure_error import ArmError
from factory.common.errors import one_line
from factory.pipelines.runner import reason_of

TRACEBACK = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "/x/__main__.py", line 1, in <module>
    raise ValueError
ValueError: it is so
"""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("refused", "refused"),
        ("", ""),
        ("1 error occurred:\n\t* operation timed out\n\n", "operation timed out"),
        (
            "2 errors occurred:\n\t* creating: 1 error occurred:\n\t* no\n\t* not that either\n",
            "creating: no; not that either",
        ),
        ("GET https://a\n-----\nRESPONSE 500\n-----\n", "GET https://a RESPONSE 500"),
        (TRACEBACK, "Program failed with an unhandled exception: ValueError: it is so"),
        ("a\x1b[31mb\r\nc", "a\\x1b[31mb c"),
    ],
)
def test_an_error_of_many_lines_becomes_one(error: str, expected: str) -> None:
    assert one_line(error) == expected


def test_what_azure_said_in_many_lines_is_recorded_as_one() -> None:
    error = ArmError("capture", 409, "Conflict", "These are in the way:\r\n* a\r\n* b")
    assert str(error) == "capture: Conflict: These are in the way: a; b"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("warning: old\nerror: 1 error occurred:\n\t* no\n", "{}"), "error: no"),
        (("", "note\nerror: in\n  two lines\n"), "error: in two lines"),
        (("first\nlast\n\n", ""), "last"),
        (("", ""), ""),
    ],
)
def test_why_a_command_failed_begins_with_its_first_error(
    said: tuple[str, str], expected: str
) -> None:
    assert reason_of(*said) == expected
