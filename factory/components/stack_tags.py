"""The tags of all that is declared: the stack's own are on it, and those of others stay on it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import pulumi

from factory.common.names import is_own_tag
from factory.components.run_context import Run
from factory.ledger.foundations import FOUNDATION_KINDS, SOURCE


def tag_all(run: Run, known: Mapping[str, Collection[str]], noted: Collection[str]) -> None:
    """Put the stack's own tags on what is declared from now on, and leave those of others alone.

    ``known`` are the logical names of the state, each with its tags, ``noted`` the stack's own at
    the last run. Called once, before anything is declared.

    What the stack stands on follows its settings. What was made of a version keeps the tags that it
    was made with: to write a tag is to write the whole resource, a custom image or an environment.
    """

    def with_tags(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        said = args.props.get("tags")
        if not isinstance(said, Mapping):
            return None
        there, stands = known.get(args.name), _is_foundation(args.name)
        own = run.settings.tags if there is None or stands else {}
        tags = merged(said, own, there or ())
        # A tag that the settings do not name any more goes; all others that nobody says stay.
        gone = noted if stands else ()
        theirs = foreign_tags(there or (), [*tags, *gone])
        args.opts.ignore_changes = [*(args.opts.ignore_changes or ()), *theirs]
        return pulumi.ResourceTransformationResult({**args.props, "tags": tags}, args.opts)

    pulumi.runtime.register_stack_transformation(with_tags)


def merged(
    said: Mapping[str, Any], own: Mapping[str, str], there: Collection[str]
) -> dict[str, Any]:
    """Give the tags to declare: what is ``said`` of the thing itself wins over the stack's ``own``.

    Azure knows no letter case in names of tags: one that is ``there`` keeps its own.
    """
    spelled = {tag.lower(): tag for tag in there}
    closer = {tag.lower() for tag in said}
    more = {tag: text for tag, text in own.items() if tag.lower() not in closer}
    return {spelled.get(tag.lower(), tag): text for tag, text in {**said, **more}.items()}


def foreign_tags(known: Collection[str], said: Collection[str]) -> list[str]:
    """Give the paths of tags that the state knows and the program does not say.

    Azure Policy or a person put them there, and a refresh wrote them down: they are none of ours.
    """
    ours = {tag.lower() for tag in said}
    keys = [key for key in sorted(known) if key.lower() not in ours and not is_own_tag(key)]
    return [f"tags[{json.dumps(key)}]" for key in keys]


def _is_foundation(name: str) -> bool:
    return name in FOUNDATION_KINDS or name.startswith(SOURCE)
