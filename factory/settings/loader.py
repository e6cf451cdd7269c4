"""Makes settings of a stack's raw configuration, and tells every fault of it at once.

``factory/settings/engine_config.py`` fetches the raw values from the engine; this knows no Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from factory.common import messages
from factory.common.errors import Problems
from factory.settings.environments import check_environments
from factory.settings.shared_work import check_sources
from factory.settings.stack import NAMESPACE, Settings, TargetLab
from factory.settings.stack_file import StackFile, key_of, setting_name

_MOST_FAULTS = 50
_OF_BUILDERS = (
    "always",
    "rebuild",
    "revoke",
    "max_concurrent_builds",
    "locked",
    "built_here",
    "parents_from",
    "let_go",
    "max_cores",
)


def parse_settings(
    raw: Mapping[str, Any], stack_file: str | StackFile, problems: Problems
) -> Settings | None:
    """Make settings of raw configuration values; every fault is noted in ``problems``.

    ``stack_file`` is where the values come from, or how messages call that place. What is faulty is
    left out of the settings that are returned, so that the rest can be checked too; None if too
    little is left. The caller raises if there are problems.
    """
    stack = StackFile(stack_file) if isinstance(stack_file, str) else stack_file
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        _tell(error, raw, stack, problems)
        rest = _without_faults(raw, error)
        try:
            settings = Settings.model_validate(rest)
        except ValidationError:
            return None
    else:
        _check_roles(settings, stack, problems)
        _check_trial(settings, stack, problems)
        check_sources(settings, stack, problems)
        check_environments(
            settings.environments,
            settings.labs_by_name,
            stack.place("environments"),
            f"{NAMESPACE}:environments",
            problems,
        )
    _check_labs(settings, stack, problems)
    keep = raw.get("keep")
    if settings.keep and isinstance(keep, int):
        problems.error(
            stack.place("keep"),
            f"{NAMESPACE}:keep: the engine takes a mapping alone here, got {keep}",
            f"write {{newest: {keep}}}",
        )
    return settings


def _tell(
    error: ValidationError, raw: Mapping[str, Any], stack: StackFile, problems: Problems
) -> None:
    found = [
        fault
        for fault in error.errors()
        if not (stack.elsewhere and fault["type"] == "missing" and len(fault["loc"]) == 1)
    ]
    for fault in found[:_MOST_FAULTS]:
        loc = messages.where_of(fault["loc"], [stack.marks])
        what, todo = messages.explained(fault, loc, Settings)
        loc = _as_written(loc, raw)
        path = ".".join(str(part)[:80] for part in loc)
        key = key_of(path)
        number = isinstance(value := fault.get("input"), int | float)
        if fault["type"] == "string_type" and number and not isinstance(value, bool):
            todo = "put it into quotes: the engine reads it as a number"
        what = what.replace("is not a known field", "is not a known setting")
        problems.error(stack.place(*loc), messages.said_of(key, what), todo)
    if len(found) > _MOST_FAULTS:
        problems.error(stack.name, f"and {len(found) - _MOST_FAULTS} more faults")


def _as_written(loc: tuple[Any, ...], raw: Any) -> tuple[Any, ...]:
    """Give a place as the file has it: text stands for a list of one, or for a mapping's first."""
    for depth, part in enumerate(loc):
        if isinstance(raw, str):
            return loc[:depth]
        inner = isinstance(raw, Mapping) or (isinstance(raw, list) and isinstance(part, int))
        try:
            raw = raw[part] if inner else None
        except LookupError:
            return loc
    return loc


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


def _check_roles(settings: Settings, stack: StackFile, problems: Problems) -> None:
    if settings.builds and settings.receives_from:
        problems.error(
            stack.place("receivesFrom"),
            f"{NAMESPACE}:factoryLab and {NAMESPACE}:receivesFrom are both set",
            "a stack builds or receives; give the subscription that does both two stacks",
        )
    if settings.builds and (settings.after or settings.approve is not None):
        problems.error(
            stack.place("after" if settings.after else "approve"),
            f"{NAMESPACE}:after and {NAMESPACE}:approve say when a stack receives; this one builds",
            "set them in the stacks that receive from it",
        )
    for name in _OF_BUILDERS:
        setting = setting_name(name)
        if not settings.builds and getattr(settings, name):
            problems.error(
                stack.place(setting),
                f"{NAMESPACE}:{setting} is for the stack that builds",
                "set it there",
            )
    if not settings.builds and not settings.receives_from and not stack.elsewhere:
        problems.error(
            stack.name,
            f"neither {NAMESPACE}:factoryLab nor {NAMESPACE}:receivesFrom is set",
            "say which lab builds, or which stack the images come from",
        )
    lab = settings.factory_lab
    if settings.artifact_sources and not (lab and lab.create):
        problems.error(
            stack.place("artifactSources"),
            f"{NAMESPACE}:artifactSources needs a factory lab made by this stack",
            "an adopted lab is never changed: add the source there by hand",
        )
    names = [source.name.lower() for source in settings.artifact_sources]
    for index, name in enumerate(names):
        if name in names[:index]:
            problems.error(
                stack.place("artifactSources", index, "name"),
                f"{NAMESPACE}:artifactSources names {name!r} twice",
                "rename one",
            )


def _check_trial(settings: Settings, stack: StackFile, problems: Problems) -> None:
    """A stack that leaves definitions out must not be one that labs depend on."""
    if not settings.only:
        return
    if settings.labs or not settings.builds:
        problems.error(
            stack.place("only"),
            f"{NAMESPACE}:only is for a trial stack, which builds and delivers nowhere",
            f"take {NAMESPACE}:labs out, or use {NAMESPACE}:hold to let definitions rest",
        )
    if all(pattern.startswith("!") for pattern in settings.only):
        problems.error(
            stack.place("only"), f"{NAMESPACE}:only: only excludes, so nothing is built", "add one"
        )


def _check_labs(settings: Settings, stack: StackFile, problems: Problems) -> None:
    seen: dict[str, TargetLab] = {}
    for index, lab in enumerate(settings.labs):
        # Lab names need to be unique here although Azure allows one per group: people, tables and
        # logical names speak of labs by name.
        other = seen.setdefault(lab.name.lower(), lab)
        if other is not lab:
            problems.error(
                stack.place("labs", index, "name"),
                f"{NAMESPACE}:labs names the lab {lab.name!r} twice",
                "keep one of the two entries",
            )
        if lab.images and all(pattern.startswith("!") for pattern in lab.images):
            problems.error(
                stack.place("labs", index, "images"),
                f"{NAMESPACE}:labs.{lab.name}: only excludes, so it takes nothing",
                "say first what it takes, such as '**'",
            )
    for name in sorted(settings.adopt.keys() - {lab.name for lab in settings.labs}):
        problems.error(
            stack.place("adopt", name),
            f"{NAMESPACE}:adopt names {name!r}, which is none of {NAMESPACE}:labs",
            "images are adopted in labs that this stack delivers to",
        )
    own = settings.factory_lab
    if own and own.name.lower() in seen:
        problems.error(
            stack.place("labs"),
            f"{NAMESPACE}:labs lists the factory lab {own.name!r}",
            "it holds every captured image anyway",
        )
