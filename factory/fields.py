"""The kinds of field that everything read from outside is made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from factory.durations import parse_duration, spell_duration


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


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(spell_duration),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?[dhms])+$"}),
]
Text = Annotated[str, Field(min_length=1, max_length=512)]
# ARM resource names of sources, labs, groups: what DevTest Labs accepts, minus what breaks a path.
AzureName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._() -]{0,88}[A-Za-z0-9_()]?$")]
# Segments that begin with a letter or digit: `..` and empty ones cannot leave a folder.
Identity = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=256),
]
# Names of the marketplace stand in paths of ARM: nothing that would change the path.
MarketplaceName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", json_schema_extra={"loose": True}),
]
# A stack as the engine names it: its name, or organization/project/stack.
StackName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,2}$"),
]
TagName = Annotated[str, Field(pattern=r"^[^<>%&\\?/\r\n\t]{1,512}$")]
TagValue = Annotated[str, Field(pattern=r"^[^\r\n]*$", max_length=256)]
