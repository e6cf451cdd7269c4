"""The kinds of text that a record is made of: each checked as strictly as it can be."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from factory.common.errors import INVISIBLE
from factory.common.fields import GROUP
from factory.definitions.artifact_content import read_contents

_HIDDEN = re.compile(f"[{INVISIBLE}]")


def _utc(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = "expected a moment such as 2026-11-23T08:00:00+00:00"
        raise ValueError(msg) from None
    if moment.utcoffset() is None:
        msg = "a time without zone"
        raise ValueError(msg)
    return text


def _contents(text: str) -> str:
    read_contents(text)
    return text


def _visible(text: str) -> str:
    if _HIDDEN.search(text):
        msg = "characters that nobody sees"
        raise ValueError(msg)
    return text


def _json_object(text: str) -> str:
    _read_object(text)
    return text


def _json_texts(text: str) -> str:
    if not all(isinstance(value, str) for value in _read_object(text).values()):
        msg = "not an object of texts"
        raise ValueError(msg)
    return text


def _read_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        msg = "not an object of JSON"
        raise ValueError(msg)  # noqa: TRY004 - pydantic takes no other for a fault
    return found


TimeText = Annotated[str, AfterValidator(_utc)]
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NAME = r"[A-Za-z0-9_().-]*[A-Za-z0-9_()-]"
_COMPUTE = rf"/subscriptions/{_GUID}/resourceGroups/(?u:{GROUP})/providers/Microsoft\.Compute"
# `\Z`, since `$` lets a line end through.
_SNAPSHOT = re.compile(rf"^{_COMPUTE}/snapshots/{_NAME}\Z", re.IGNORECASE | re.ASCII)
SnapshotId = Annotated[str, Field(pattern=_SNAPSHOT, max_length=400)]
Short = Annotated[str, Field(max_length=1024), AfterValidator(_visible)]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
JsonTexts = Annotated[str, Field(max_length=20_000), AfterValidator(_json_texts)]
JsonObject = Annotated[str, Field(max_length=300_000), AfterValidator(_json_object)]
Contents = Annotated[str, AfterValidator(_contents), Field(max_length=200_000)]
