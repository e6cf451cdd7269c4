"""The kinds of field that everything read from outside is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from factory.common.durations import parse_duration, spell_duration


class Strict(BaseModel):
    """Base of everything read from outside: camelCase keys, none unknown, nothing changed later."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        validate_by_name=False,
        use_attribute_docstrings=True,
    )
    form: ClassVar[str] = ""
    """How messages say that it is written, where its fields alone do not show it."""


# What each form of text is, in words: a message that shows a regular expression helps nobody.
_SAID: dict[str, str] = {}


def formed(pattern: str, said: str, **further: Any) -> Any:
    """Make the constraint of a text that has to match; ``said`` tells people what that means."""
    _SAID[pattern] = said
    return Field(pattern=pattern, **further)


def said_of(pattern: str) -> str:
    """Give the words of a form that :func:`formed` made; "" for another pattern."""
    return _SAID.get(pattern, "")


def _duration(value: Any) -> Any:
    # Pydantic would take a bare number for seconds, and true for one of them.
    if isinstance(value, int | float):
        return parse_duration(str(value))
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(spell_duration),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?[dhms])+$"}),
]


def _switch(value: Any) -> Any:
    # Pydantic would take on, yes and 1 for true; the engine does not.
    if not isinstance(value, str | int) or isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        msg = f"expected true or false, got {str(value)[:60]!r}"
        raise ValueError(msg)
    return value == "true"


# A date without quotes is one to the engine too, which passes it on as Go writes it.
ENGINES_UTC = " +0000 UTC"


def _moment(value: Any) -> Any:
    if isinstance(value, int | float):
        value = str(value)  # pydantic would count seconds since 1970
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.removesuffix(ENGINES_UTC))
    except ValueError:
        msg = f"expected a date such as 2026-11-22, or 2026-11-22T08:30, got {value[:60]!r}"
        raise ValueError(msg) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# A date is its first moment in UTC.
Moment = Annotated[datetime, BeforeValidator(_moment)]
Switch = Annotated[bool, BeforeValidator(_switch)]
# What is passed on: blanks around it and the newline at its end belong to it.
AsWritten = Annotated[str, StringConstraints(strip_whitespace=False)]
Text = Annotated[str, Field(min_length=1, max_length=512)]
# ARM resource names of sources, labs, groups: what DevTest Labs accepts, minus what breaks a path.
AzureName = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9][A-Za-z0-9._() -]{0,88}[A-Za-z0-9_()]?$",
        "a name of letters, digits, blanks and . _ - ( ), of at most 90",
    ),
]
# A resource group's name, as Azure has it: letters and digits of every script, and - . ( ) _.
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
GROUP = r"[\w().-]{0,89}[\w()-]"
# A folder of a repository of artifacts or templates; in an id of ARM it is one segment.
FolderName = Annotated[
    str,
    formed(
        r"^[^/\\?#%<>.\s\x00-\x1f\x7f]([^/\\?#%<>\x00-\x1f\x7f]{0,198}[^/\\?#%<>\s\x00-\x1f\x7f])?$",
        "the name of a folder",
    ),
]
# Segments that begin with a letter or digit: `..` and empty ones cannot leave a folder.
Identity = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$",
        "the path of a definition below the images folder, without .yaml",
        max_length=256,
        examples=["windows/2022/base"],
    ),
]
# Names of the marketplace stand in paths of ARM: nothing that would change the path.
MarketplaceName = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
        "a name of the marketplace, of letters, digits and . _ -",
        json_schema_extra={"loose": True},
    ),
]
# A stack as the engine names it: its name, or organization/project/stack.
StackName = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,2}$",
        "a stack such as dev, or organization/project/dev",
    ),
]


def empty_is_none(value: Any) -> Any:
    """Take {} and "" for not set: the engine wants a default of what it declares."""
    return None if value in ({}, "") else value


def _listed(value: Any) -> Any:
    if value in (None, "", {}):
        return []
    return [value] if isinstance(value, str) else value


_ONE_STACK = {"type": "string", "minLength": 1}
# One stack as plain text, or a list of several.
StackNames = Annotated[
    list[StackName],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [_ONE_STACK, {"type": "array", "items": _ONE_STACK}]}),
]
TagName = Annotated[
    str,
    formed(r"^[^<>%&\\?/\r\n\t]{1,512}$", "a tag's name without < > % & \\ ? /, of at most 512"),
]
TagValue = Annotated[str, formed(r"^[^\r\n]*$", "text of one line", max_length=256)]
# Azure allows 50 tags per resource; the factory needs up to 15 of them for itself.
MOST_TAGS = 35


def _tags(value: dict[str, str]) -> dict[str, str]:
    if len(value) > MOST_TAGS:
        msg = (
            f"at most {MOST_TAGS} tags, got {len(value)}: Azure allows 50 and the factory adds "
            "its own"
        )
        raise ValueError(msg)
    reserved = sorted(name for name in value if name.lower().startswith("image-factory-"))
    if reserved:
        msg = f"tags that begin with image-factory- are the factory's own: {', '.join(reserved)}"
        raise ValueError(msg)
    first: dict[str, str] = {}
    for name in value:
        if first.setdefault(name.lower(), name) != name:
            msg = f"{first[name.lower()]} and {name} are one tag to Azure, which knows no case"
            raise ValueError(msg)
    return value


OwnTags = Annotated[dict[TagName, TagValue], AfterValidator(_tags)]
AddressRange = Annotated[
    str, formed(r"^\d+(\.\d+){3}/\d+$", "a range of addresses such as 10.240.0.0/22")
]
