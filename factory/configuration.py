"""Makes settings of a stack's raw configuration, and tells every fault of it at once.

``factory/stackconfig.py`` fetches the raw values from the engine; this knows no Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from factory.environments import check_environments
from factory.problems import Problems
from factory.settings import NAMESPACE, Settings, TargetLab


def parse_settings(raw: Mapping[str, Any], stack_file: str, problems: Problems) -> Settings | None:
    """Make settings of raw configuration values; every fault is noted in ``problems``.

    ``stack_file`` is how messages call the place the values come from. What is faulty is left out
    of the settings that are returned, so that the rest can be checked too; None if too little is
    left. The caller raises if there are problems.
    """
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        for fault in error.errors():
            problems.error(stack_file, _spell(fault["loc"], fault))
        rest = _without_faults(raw, error)
        try:
            settings = Settings.model_validate(rest)
        except ValidationError:
            return None
    else:
        _check_roles(settings, stack_file, problems)
        setting = f"{NAMESPACE}:environments"
        check_environments(
            settings.environments, settings.labs_by_name, stack_file, setting, problems
        )
    _check_labs(settings, stack_file, problems)
    return settings


def _without_faults(raw: Mapping[str, Any], error: ValidationError) -> dict[str, Any]:
    """Leave out the faulty keys, and of the list of labs only the faulty ones."""
    rest = dict(raw)
    labs = rest.get("labs")
    bad_labs = {fault["loc"][1:2] for fault in error.errors() if fault["loc"][0] == "labs"}
    for fault in error.errors():
        if fault["loc"][0] != "labs":
            rest.pop(str(fault["loc"][0]), None)
    if bad_labs and isinstance(labs, list):
        rest["labs"] = [lab for index, lab in enumerate(labs) if (index,) not in bad_labs]
    return rest


def _spell(loc: tuple[int | str, ...], fault: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in loc)
    key = "azure-native:subscriptionId" if path == "subscriptionId" else f"{NAMESPACE}:{path}"
    if path == "region":
        key = "azure-native:location"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"{key} is required"
    if fault["type"] == "extra_forbidden":
        return f"{key} is not a known setting"
    shown = fault.get("input")
    got = f", got {shown!r}" if isinstance(shown, str | int | float | bool) else ""
    return f"{key}: {message[0].lower()}{message[1:]}{got}"


def _check_roles(settings: Settings, place: str, problems: Problems) -> None:
    if settings.builds and settings.receives_from:
        problems.error(
            place,
            f"{NAMESPACE}:factoryLab and {NAMESPACE}:receivesFrom are both set",
            "a stack builds or receives; give the subscription that does both two stacks",
        )
    if settings.builds and (settings.after or settings.approve is not None):
        problems.error(
            place,
            f"{NAMESPACE}:after and {NAMESPACE}:approve say when a stack receives; this one builds",
            "set them in the stacks that receive from it",
        )
    for name in ("rebuild", "revoke", "max_concurrent_builds", "locked"):
        if not settings.builds and getattr(settings, name):
            problems.error(place, f"{NAMESPACE}:{to_camel(name)} is for the stack that builds")
    if not settings.builds and not settings.receives_from:
        problems.error(
            place,
            f"neither {NAMESPACE}:factoryLab nor {NAMESPACE}:receivesFrom is set",
            "say which lab builds, or which stack the images come from",
        )
    lab = settings.factory_lab
    if settings.artifact_sources and not (lab and lab.create):
        problems.error(
            place,
            f"{NAMESPACE}:artifactSources needs a factory lab made by this stack",
            "an adopted lab is never changed: add the source there by hand",
        )
    names = [source.name.lower() for source in settings.artifact_sources]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.error(place, f"{NAMESPACE}:artifactSources names {name!r} twice")


def _check_labs(settings: Settings, place: str, problems: Problems) -> None:
    seen: dict[str, TargetLab] = {}
    for lab in settings.labs:
        # Lab names need to be unique here although Azure allows one per group: people, tables and
        # logical names speak of labs by name.
        other = seen.setdefault(lab.name.lower(), lab)
        if other is not lab:
            problems.error(place, f"{NAMESPACE}:labs names the lab {lab.name!r} twice")
        if lab.images and all(pattern.startswith("!") for pattern in lab.images):
            problems.error(
                place, f"{NAMESPACE}:labs.{lab.name}: only excludes, so it takes nothing"
            )
    for name in sorted(settings.adopt.keys() - {lab.name for lab in settings.labs}):
        problems.error(
            place,
            f"{NAMESPACE}:adopt names {name!r}, which is none of {NAMESPACE}:labs",
            "images are adopted in labs that this stack delivers to",
        )
    own = settings.factory_lab
    if own and own.name.lower() in seen:
        problems.error(
            place,
            f"{NAMESPACE}:labs lists the factory lab {own.name!r}",
            "it holds every captured image anyway",
        )
