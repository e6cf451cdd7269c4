"""What definitions and settings say only together: patterns, takers, secrets, sources."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping

from factory.common.errors import Problems
from factory.common.fields import MOST_TAGS
from factory.common.messages import near_name
from factory.common.patterns import matches, takes_any
from factory.definitions.definition import PUBLIC_SOURCE, SecretRef
from factory.definitions.loader import Image
from factory.settings.regions import KNOWN_REGIONS
from factory.settings.selection import selected
from factory.settings.stack import NAMESPACE, Settings
from factory.settings.stack_file import StackFile, key_of


def cross_check(
    images: Mapping[str, Image],
    settings: Settings,
    secrets: Iterable[str],
    stack_file: str | StackFile,
    problems: Problems,
    *,
    faulty: Collection[str] = (),
) -> None:
    """Note every fault that shows only when both are known; ``secrets`` are the names set.

    ``faulty`` are definitions that are there, but told of already.
    """
    stack = StackFile(stack_file) if isinstance(stack_file, str) else stack_file
    for at, lab in enumerate(settings.labs):
        for index, pattern in enumerate(lab.images):
            place = stack.place("labs", at, "images", index), f"{NAMESPACE}:labs.{lab.name}"
            _pattern(images, pattern, place, faulty, problems)
    for setting, patterns in {"only": settings.only, "builds": settings.built_here}.items():
        for index, pattern in enumerate(patterns):
            place = stack.place(setting, index), f"{NAMESPACE}:{setting}"
            _pattern(images, pattern, place, faulty, problems)
    # Labs that are told of as faulty are left out of the settings: who knows what they take?
    written = stack.raw.get("labs")
    labs_known = written is None or (
        isinstance(written, list) and len(written) == len(settings.labs)
    )
    _check_names(images, settings, stack, faulty, problems)
    _check_regions(settings, stack, problems)
    # A stack without labs builds for stacks that receive: that no lab of its own takes it is meant.
    if settings.builds and labs_known and settings.labs:
        for image in selected(images, settings).values():
            if not settings.only and not any(
                takes_any(lab.images, image.names) for lab in settings.labs
            ):
                problems.warn(
                    image.file,
                    "no lab of this stack takes it; it is built all the same",
                    f"name it in {NAMESPACE}:labs of {stack.name}, or let it be",
                )
    if settings.builds and labs_known:
        _sources(images, settings, problems)
    _secrets(images, settings, set(secrets), stack, problems)
    _tags(images, settings, stack, problems)


def _tags(
    images: Mapping[str, Image], settings: Settings, stack: StackFile, problems: Problems
) -> None:
    """Note definitions whose tags, with the stack's, are more than Azure takes."""
    for image in images.values() if settings.tags else ():
        both = {name.lower() for name in (*settings.tags, *image.definition.tags)}
        if len(both) > MOST_TAGS:
            problems.error(
                stack.place("tags"),
                f"{NAMESPACE}:tags and those of {image.identity} are {len(both)} tags together, "
                f"at most {MOST_TAGS} are expected",
                "take some out: Azure allows 50, and the factory adds its own",
            )


def _check_regions(settings: Settings, stack: StackFile, problems: Problems) -> None:
    """Warn of regions that Azure did not have when this was written."""
    named = [(key_of("region"), stack.place("region"), settings.region)]
    for at, lab in enumerate(settings.labs):
        place = stack.place("labs", at, "region")
        named.append((f"{NAMESPACE}:labs.{lab.name}.region", place, lab.region))
    for key, place, region in named:
        if region not in KNOWN_REGIONS:
            problems.warn(
                place,
                f"{key}: {region} is no region that is known",
                near_name(region, KNOWN_REGIONS) or "see `az account list-locations -o table`",
            )


def _check_names(
    images: Mapping[str, Image],
    settings: Settings,
    stack: StackFile,
    faulty: Collection[str],
    problems: Problems,
) -> None:
    """Warn of settings that speak of no definition; one that was removed may be meant."""
    known = {name for image in images.values() for name in image.names} | set(faulty)
    named: dict[str, Mapping[str, object]] = {
        "pin": settings.pin,
        "approve": settings.approve or {},
        "revoke": settings.revoke,
    }
    for setting, names in named.items():
        for name in sorted(names.keys() - known):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            problems.warn(
                stack.place(setting, name),
                f"{NAMESPACE}:{setting} names {name}, which is no definition",
                f"did you mean {near[0]}?" if near else "take it out once it has done its work",
            )
    listed = {
        "hold": list(settings.hold),
        "rebuild": list(settings.rebuild),
        "allowNone": list(settings.allow_none),
        "letGo": list(settings.let_go),
    }
    for setting, patterns in listed.items():
        for index, pattern in enumerate(patterns):
            if not any(matches(pattern.removeprefix("!"), name) for name in known):
                place = stack.place(setting, pattern if setting == "rebuild" else index)
                problems.warn(
                    place,
                    f"{NAMESPACE}:{setting}: the pattern {pattern!r} matches no definition",
                    "patterns are paths below the images folder, case-sensitive",
                )


def _pattern(
    images: Mapping[str, Image],
    pattern: str,
    place: tuple[str, str],
    faulty: Collection[str],
    problems: Problems,
) -> None:
    """Note a pattern that matches nothing, or only what moved since it was written.

    ``place`` is where it stands and the setting that it stands in.
    """
    where, setting = place
    body = pattern.removeprefix("!")
    if any(matches(body, identity) for identity in {*images, *faulty}):
        return
    moved = [
        f"{former} is now {image.identity}"
        for image in images.values()
        for former in image.definition.formerly
        if matches(body, former)
    ]
    if moved and body == pattern:
        problems.warn(
            where,
            f"{setting}: the pattern {pattern!r} matches by a former name only: {', '.join(moved)}",
            "it holds as long as the definition says so by formerly; write the present name",
        )
        return
    problems.error(
        where,
        f"{setting}: the pattern {pattern!r} matches no definition"
        + (f" ({', '.join(moved)})" if moved else ""),
        "patterns are paths below the images folder, case-sensitive",
    )


def _sources(images: Mapping[str, Image], settings: Settings, problems: Problems) -> None:
    own = settings.factory_lab
    if own is None or not own.create:
        return  # an adopted lab has sources that this stack does not know
    known = {PUBLIC_SOURCE, *(source.name.lower() for source in settings.artifact_sources)}
    for image in selected(images, settings).values():
        for applied in image.definition.every_artifact:
            artifact = applied.artifact
            if artifact.source.lower() not in known:
                problems.error(
                    image.place(*applied.loc, "source"),
                    f"{applied.called}: the factory lab has no source {artifact.source!r}",
                    f"add it to {NAMESPACE}:artifactSources, or use {', '.join(sorted(known))}",
                )


def wanted_secrets(images: Mapping[str, Image], settings: Settings) -> dict[str, str]:
    """Give the names of all stack secrets in use, each with the place that wants it first."""
    wanted: dict[str, str] = {}
    for environment in settings.environments:
        for secret in environment.secrets:
            wanted.setdefault(secret, f"environment {environment.name!r}")
    if not settings.builds:
        return wanted
    for source in settings.artifact_sources:
        if source.token:
            wanted.setdefault(source.token, f"artifact source {source.name!r}")
    for image in selected(images, settings).values():
        for applied in image.definition.every_artifact:
            for name, value in applied.artifact.parameters.items():
                if isinstance(value, SecretRef):
                    place = image.place(*applied.loc, "parameters", name)
                    wanted.setdefault(value.secret, place)
    return wanted


def _secrets(
    images: Mapping[str, Image],
    settings: Settings,
    known: set[str],
    stack: StackFile,
    problems: Problems,
) -> None:
    for name, where in wanted_secrets(images, settings).items():
        if name not in known:
            problems.error(
                stack.name,
                f"the secret {NAMESPACE}:{name} is not set, but {where} needs it",
                f"pulumi config set --secret {NAMESPACE}:{name}",
            )
