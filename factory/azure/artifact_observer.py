"""Looks at the files of the artifacts in use: by git in their repositories, and as the lab lists.

Each source is read once, all at once. What git cannot read is a warning: the lab's list decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

from factory.azure.artifact_sources import GitContent, Repository, read_repository
from factory.azure.resources import Arm, lab_id
from factory.common.git import GitError
from factory.definitions.artifact_content import SourceContent, used_artifacts
from factory.definitions.definition import PUBLIC_SOURCE
from factory.definitions.loader import Image
from factory.settings.stack import Settings

_AT_ONCE = 8
# What every new lab has: known before a lab is made, so that its first images remember it too.
_PUBLIC = Repository("https://github.com/Azure/azure-devtestlab.git", "master", "/Artifacts")
# What an Artifactfile.json says, and nothing that the service may add or change by itself.
_LISTED = ("title", "description", "publisher", "icon", "targetOsType", "parameters", "filePath")


def observe_contents(
    arm: Arm, settings: Settings, images: Iterable[Image]
) -> tuple[dict[str, SourceContent], tuple[str, ...]]:
    """Give what the artifacts' files are now, by source, and a warning for each that git missed.

    Raises :class:`ArmError` if the lab cannot be read.
    """
    lab = settings.factory_lab
    used: dict[str, set[str]] = {}
    for image in images:
        for source, artifact in used_artifacts(image.definition):
            used.setdefault(source, set()).add(artifact)
    if lab is None or not used:
        return {}, ()
    path = lab_id(settings.subscription_id, lab.resource_group, lab.name)
    listed = arm.artifact_sources(path)
    places = _places(settings, listed)
    names = sorted(used.keys() & places.keys())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # A source that this run is about to move is listed as it was before: that is no sight.
        asked = [name for name in names if places[name].same_as(listed.get(name))]
        rows = pool.map(lambda name: arm.artifacts(path, name), asked)
        by_git = list(pool.map(lambda name: _by_git(places[name]), names))
        lists = dict(zip(asked, rows, strict=True))
    found: dict[str, SourceContent] = {}
    warnings = []
    for name, seen in zip(names, by_git, strict=True):
        if isinstance(seen, str):
            warnings.append(f"artifact source {name}: {seen}")
        wanted, rows_of = used[name], lists.get(name, {})
        found[name] = SourceContent(
            commit="" if isinstance(seen, str) else seen.commit,
            git={} if isinstance(seen, str) else _only(seen.trees, wanted),
            azure=_only({each: digest(row) for each, row in rows_of.items()}, wanted),
        )
    return found, tuple(warnings)


def _places(settings: Settings, listed: Mapping[str, Repository]) -> dict[str, Repository]:
    """Say where each source is once this run is over."""
    lab = settings.factory_lab
    new = {PUBLIC_SOURCE: _PUBLIC} if lab and lab.create else {}
    own = {
        source.name.lower(): Repository(source.uri, source.branch, source.folder)
        for source in settings.artifact_sources
    }
    return {**new, **listed, **own}


def _by_git(place: Repository) -> GitContent | str:
    try:
        return read_repository(place)
    except GitError as error:
        return f"git cannot read {place}: {error}; what the lab lists of it decides"


def _only(ids: Mapping[str, str], wanted: set[str]) -> dict[str, str]:
    return {name: ids[name] for name in sorted(ids.keys() & wanted)}


def digest(properties: Mapping[str, Any]) -> str:
    """Give a short hash of an artifact as the lab lists it."""
    kept = {key: properties[key] for key in _LISTED if properties.get(key) not in (None, "", {})}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:16]
