"""What a resource's type has and the program does not say of it: that is left as Azure has it.

What is taken in (a lost state made again, the leavings of a killed run) enters the state with
everything that Azure reports and that its API could be told: values that Azure fills in, and some
that nobody can set, as the ``type`` of a subnet. Declared without them it would be written once
more, by every run or by the next one, to say the same. Which these are differs by resource, API and
version of the provider, and nothing in the state tells what was taken in; but the program never
says them, so they are left alone everywhere. In what the program made itself there are none.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any


def undeclared(args: object, *, but: Collection[str] = ()) -> list[str]:
    """Give the paths of a resource's arguments that are not set, for ``ignore_changes``.

    ``args`` is an instance of the SDK's class of arguments. What the SDK sets by itself is not said
    by anybody: Azure may leave it out. ``but`` are properties at the top that count as set all the
    same: those that are set at times, for taken away they are taken away in Azure, and those that
    are set to what the SDK would say.
    """
    return [path for path in _unset(args, "") if path not in but]


def _unset(args: object, place: str) -> Iterator[str]:
    """Walk arguments inside of arguments, also in lists; a map such as tags is said as a whole."""
    for name, member in vars(type(args)).items():
        # The SDK notes on each getter how the property is called on the wire.
        wire = getattr(getattr(member, "fget", None), "_pulumi_name", None)
        if wire is None:
            continue
        value = getattr(args, name)
        if value is None or _is_default(type(args), name, value):
            yield f"{place}{wire}"
        elif isinstance(value, list):
            for index, each in enumerate(value):
                yield from _unset(each, f"{place}{wire}[{index}].")
        else:
            yield from _unset(value, f"{place}{wire}.")


def _is_default(kind: type, name: str, value: object) -> bool:
    return isinstance(value, str | bool | int) and _defaults(kind).get(name) == value


@cache
def _defaults(kind: type) -> Mapping[str, Any]:
    """Give what a class of arguments sets by itself: what one has that was told the least."""
    parameters = [
        each
        for each in inspect.signature(kind).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    least = {each.name: "" for each in parameters if each.default is inspect.Parameter.empty}
    bare = kind(**least)
    return {each.name: getattr(bare, each.name) for each in parameters if each.name not in least}
