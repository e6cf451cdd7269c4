"""The functions that take a lambda: each is given a list or object, all values and the lambdas.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-lambda
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from factory.importer.arm.collections import list_of
from factory.importer.arm.functions import text_of, truth_of
from factory.importer.arm.values import UnresolvedError, is_open, plain


def _known(value: Any) -> Any:
    """Give what a list is to be chosen or named by. Raises UnresolvedError if it is open."""
    if is_open(plain(value)):
        msg = "a list is chosen from by what is not known"
        raise UnresolvedError(msg)
    return plain(value)


def _sorted(items: Any, _: Any, calls: Any) -> list[Any]:
    """Sort by a lambda that tells whether one comes before another."""
    found: list[Any] = []
    for item in list_of(items):
        at = next(
            (i for i, each in enumerate(found) if truth_of(_known(calls[0](item, each)))), None
        )
        found.insert(len(found) if at is None else at, item)
    return found


def _reduced(items: Any, values: Any, calls: Any) -> Any:
    total = values[1]
    for item in list_of(items):
        total = calls[0](total, item)
    return total


def _object(items: Any, _: Any, calls: Any) -> dict[str, Any]:
    return {
        text_of(_known(calls[0](item))): calls[1](item) if len(calls) > 1 else item
        for item in list_of(items)
    }


def _grouped(items: Any, _: Any, calls: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in list_of(items):
        found.setdefault(text_of(_known(calls[0](item))), []).append(item)
    return found


LAMBDA_FUNCTIONS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "map": lambda items, _, calls: [calls[0](each) for each in list_of(items)],
    "filter": lambda items, _, calls: [
        each for each in list_of(items) if truth_of(_known(calls[0](each)))
    ],
    "reduce": _reduced,
    "sort": _sorted,
    "toobject": _object,
    "groupby": _grouped,
    "mapvalues": lambda items, _, calls: {key: calls[0](each) for key, each in dict(items).items()},
}
