"""Stacks that share the work: what one may say of others, and what files say only together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

from factory.common.errors import Problems
from factory.common.patterns import matches, takes_any
from factory.definitions.definition import cores_at_once
from factory.definitions.lineage import Image, parent_of
from factory.settings.selection import builds, selected
from factory.settings.stack import NAMESPACE, Settings
from factory.settings.stack_file import StackFile, key_of, stack_file_name

# Reads another stack's file by the stack's name; None if it is not there, or not to be understood.
Siblings = Callable[[str], tuple[StackFile, Settings] | None]
_MOST_NAMED = 3


class NamedSource(NamedTuple):
    """A stack that a setting names as a source; ``place`` is where it stands."""

    key: str
    stack: str
    place: str


def named_sources(settings: Settings, stack: StackFile) -> Iterator[NamedSource]:
    """Give every stack that a stack receives from, or has parents from, in its order."""
    named = {"receivesFrom": settings.receives_from, "parentsFrom": settings.parents_from}
    for setting, stacks in named.items():
        written = isinstance(stack.raw.get(setting), list)
        for index, name in enumerate(stacks):
            place = stack.place(setting, index) if written else stack.place(setting)
            yield NamedSource(key_of(setting), name, place)


def check_sources(settings: Settings, stack: StackFile, problems: Problems) -> None:
    """Note sources that are named twice or are this very stack, and patterns that take nothing."""
    seen: set[tuple[str, str]] = set()
    for source in named_sources(settings, stack):
        named = f"{source.key} names {source.stack!r}"
        if (source.key, source.stack) in seen:
            problems.error(source.place, f"{named} twice", "keep one of the two")
        elif source.stack == stack.stack:
            problems.error(
                source.place,
                f"{named}, which is this stack itself",
                "name the stack that builds what is wanted",
            )
        seen.add((source.key, source.stack))
    for setting, patterns in {"builds": settings.built_here, "letGo": settings.let_go}.items():
        if patterns and all(pattern.startswith("!") for pattern in patterns):
            problems.error(
                stack.place(setting),
                f"{NAMESPACE}:{setting}: only excludes, so it takes nothing",
                "say first what it takes, such as '**'",
            )
    if settings.let_go and settings.builds and not settings.built_here:
        problems.error(
            stack.place("letGo"),
            f"{NAMESPACE}:letGo is set, but this stack builds everything",
            f"say by {NAMESPACE}:builds what it still builds",
        )


def check_sharing(
    images: Mapping[str, Image],
    settings: Settings,
    stack: StackFile,
    siblings: Siblings,
    problems: Problems,
) -> None:
    """Note what cannot be built or received as the stack files divide the work.

    As far as other stacks' files are readable: what is wrong with them is told by their own stack.
    """
    siblings = cache(siblings)  # asked for once per definition, and it reads a file
    _one_answers(images, settings, stack, siblings, problems)
    if not settings.builds:
        return
    offers = [_offers(images, name, siblings) for name in settings.parents_from]
    for image in selected(images, settings).values():
        _parent(images, image, settings, offers, problems)
        _cores(image, settings, problems)
    for at, lab in enumerate(settings.labs):
        taken = [each for each in images.values() if takes_any(lab.images, each.names)]
        if taken and not any(builds(settings, each.identity) for each in taken):
            problems.warn(
                stack.place("labs", at, "images"),
                f"{NAMESPACE}:labs.{lab.name}: all that it takes is built by other stacks, and a "
                "stack delivers what it builds",
                "deliver to it from a stack that receives",
            )


def check_all_built(
    images: Mapping[str, Image], settings: Sequence[Settings], problems: Problems
) -> None:
    """Warn of definitions that none of a project's stacks builds, where stacks share the work.

    A pattern that fell out of ``builds`` deletes nothing, and so would be noticed late.
    """
    building = [each for each in settings if each.builds and not each.only]
    if not any(each.built_here for each in building):
        return
    for identity, image in images.items():
        if not any(builds(each, identity) for each in building):
            problems.warn(
                image.file,
                f"no stack builds it: no {NAMESPACE}:builds takes it",
                "take it into the patterns of one stack",
            )


def check_order(stacks: Sequence[tuple[StackFile, Settings]], problems: Problems) -> None:
    """Note stacks that receive from each other: in a circle nothing is ever the first."""
    files = {stack.stack: stack for stack, _ in stacks}
    after = {stack.stack: set(settings.receives_from) for stack, settings in stacks}
    while found := circle(after):
        # A stack that names itself is told of by its own file.
        if len(found) > 1:
            problems.error(
                files[found[0]].place("receivesFrom"),
                f"{NAMESPACE}:receivesFrom leads in a circle: {' -> '.join([*found, found[0]])}",
                "take one of these out: images begin in a stack that builds",
            )
        after[found[0]].discard(found[1 % len(found)])


def circle(after: Mapping[str, Collection[str]]) -> list[str]:
    """Give stacks each of which comes after the next, and the last after the first; [] if none do.

    ``after`` names for each what it comes after; what it does not know is taken to be there.
    """
    left = {name: set(before) & after.keys() for name, before in after.items()}
    while free := {name for name, before in left.items() if not before}:
        left = {name: before - free for name, before in left.items() if name not in free}
    if not left:
        return []
    path = [min(left)]
    while (following := min(left[path[-1]])) not in path:
        path.append(following)
    return path[path.index(following) :]


def _parent(
    images: Mapping[str, Image],
    image: Image,
    settings: Settings,
    offers: Sequence[set[str] | None],
    problems: Problems,
) -> None:
    """Note a parent that neither this stack builds nor any that it finds parents in."""
    parent = parent_of(image)
    if parent is None or parent not in images or builds(settings, parent):
        return
    place = image.place("base", "image")
    if not settings.parents_from:
        problems.error(
            place,
            f"base.image: this stack does not build {parent} ({NAMESPACE}:builds)",
            f"name the stack that builds it in {NAMESPACE}:parentsFrom",
        )
        return
    if not any(offer is None or parent in offer for offer in offers):
        problems.error(
            place,
            f"base.image: none of {NAMESPACE}:parentsFrom ({', '.join(settings.parents_from)}) "
            f"builds {parent}",
            "name the stack that does",
        )


def _cores(image: Image, settings: Settings, problems: Problems) -> None:
    needed = cores_at_once(image.definition)
    if settings.max_cores and needed > settings.max_cores:
        verified = image.definition.verification is not None
        problems.error(
            image.place("size"),
            f"its build needs {needed} cores{', with its verification' if verified else ''}, and "
            f"{NAMESPACE}:maxCores is {settings.max_cores}: it would wait for ever",
            "take a smaller size, or give this stack more cores",
        )


def _one_answers(
    images: Mapping[str, Image],
    settings: Settings,
    stack: StackFile,
    siblings: Siblings,
    problems: Problems,
) -> None:
    """Note definitions that come to this stack from two others, or from another and itself."""
    own = stack.stack

    def known(name: str) -> tuple[StackFile, Settings] | None:
        return (stack, settings) if name == own else siblings(name)

    names = [own, *settings.parents_from] if settings.builds else settings.receives_from
    offers = {name: _offers(images, name, known) or set() for name in names}
    for first, second in combinations(offers, 2):
        both = sorted(offers[first] & offers[second])
        if not both:
            continue
        more = f" (and {len(both) - 1} more)" if len(both) > 1 else ""
        problems.error(
            _place(first, both[0], known),
            f"{both[0]}{more} comes from {first} and from {second} "
            f"({_place(second, both[0], known)}), and {own} takes from both",
            "a definition has one stack that builds it: take it out of one of them",
        )


def _offers(
    images: Mapping[str, Image], name: str, siblings: Siblings, before: tuple[str, ...] = ()
) -> set[str] | None:
    """Give the definitions that a stack offers; None if its file does not say."""
    entry = siblings(name)
    if entry is None or name in before:
        return None
    settings = entry[1]
    if settings.builds:
        return set(selected(images, settings))
    found: set[str] = set()
    for source in settings.receives_from:
        found |= _offers(images, source, siblings, (*before, name)) or set()
    return {
        identity
        for identity in found
        if any(takes_any(lab.images, images[identity].names) for lab in settings.labs)
    }


def _place(name: str, identity: str, siblings: Siblings) -> str:
    """Give the place where a stack says that it offers a definition."""
    entry = siblings(name)
    if entry is None:
        return stack_file_name(name)
    stack, settings = entry
    for index, pattern in enumerate(settings.built_here):
        if matches(pattern, identity):
            return stack.place("builds", index)
    return stack.place("factoryLab" if settings.builds else "receivesFrom")
