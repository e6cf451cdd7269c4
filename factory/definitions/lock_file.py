"""``images.lock``: the exact base versions and artifact files that a locked stack builds from.

One entry for each definition, sorted, one fact a line, so that a review sees what moves. Pure but
for :func:`read_lock`; ``factory/plan/verdicts/lock.py`` holds the plan to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from factory.common.errors import Problems
from factory.common.fields import AzureName, Identity, Strict, Text, formed
from factory.common.yaml_file import Limits
from factory.definitions.artifact_content import SourceContent
from factory.definitions.definition import Base
from factory.definitions.lineage import Image, parent_of
from factory.definitions.loader import read_model

# Written by a program: some hundred bytes for each artifact of each of hundreds of definitions.
_LIMITS = Limits(size=16 * 1024 * 1024, values=500_000)
_HEAD = """\
# What a stack with image-factory:locked builds from. Written by `python -m factory lock`; review
# its changes like code. How to read it: docs/settings.md.
"""
_Id = Annotated[str, formed(r"^[0-9a-f]{16,64}$", "an id of 16 to 64 hexadecimal digits")]


@dataclass(frozen=True)
class LockedImage:
    """One definition's entry: its base as ``publisher:offer:sku:version``, its artifacts' files."""

    base: str
    contents: Mapping[str, SourceContent] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The exact version of the base."""
        return self.base.rpartition(":")[2]


@dataclass(frozen=True)
class Lock:
    """A lock file as read; ``shown`` is how messages call it."""

    shown: str
    images: Mapping[str, LockedImage]

    def entry_of(self, image: Image) -> LockedImage | None:
        """Find a definition's entry; one that moved since may stand there by a name it had."""
        return next((self.images[name] for name in image.names if name in self.images), None)


class _Artifact(Strict):
    git: _Id | None = None
    azure: _Id | None = None


class _Source(Strict):
    commit: _Id | None = None
    artifacts: Annotated[dict[Text, _Artifact], Field(min_length=1)]


class _Image(Strict):
    base: Annotated[
        str,
        formed(
            r"^(image:\S+|[^:\s]+(:[^:\s]+){3})$",
            "publisher:offer:sku:version, or image: and a definition",
        ),
    ]
    sources: dict[AzureName, _Source] = {}


class _File(Strict):
    schema_: Annotated[Literal["1"], Field(alias="schema")]
    images: dict[Identity, _Image]


def read_lock(path: Path, shown: str, problems: Problems) -> Lock | None:
    """Read a lock file; what is wrong with it is noted with its place, and gives None."""
    read = read_model(path, shown, problems, _File, _LIMITS)
    if read is None:
        return None
    return Lock(shown, {identity: _entry(image) for identity, image in read[0].images.items()})


def _entry(image: _Image) -> LockedImage:
    contents = {}
    for name, source in image.sources.items():
        artifacts = {key.lower(): each for key, each in source.artifacts.items()}
        contents[name.lower()] = SourceContent(
            commit=source.commit or "",
            git={key: each.git for key, each in artifacts.items() if each.git},
            azure={key: each.azure for key, each in artifacts.items() if each.azure},
        )
    return LockedImage(image.base, contents)


def write_lock(images: Mapping[str, LockedImage]) -> str:
    """Write a lock file's text: the same entries give the same text."""
    plain = {identity: _plain(images[identity]) for identity in sorted(images)}
    text = yaml.safe_dump(
        {"schema": 1, "images": plain}, sort_keys=False, allow_unicode=True, width=1000
    )
    return _HEAD + text


def _plain(image: LockedImage) -> dict[str, Any]:
    plain: dict[str, Any] = {"base": image.base}
    for name in sorted(image.contents):
        source = image.contents[name]
        kinds = (("git", source.git), ("azure", source.azure))
        artifacts = {
            artifact: {kind: ids[artifact] for kind, ids in kinds if artifact in ids}
            for artifact in sorted({*source.git, *source.azure})
        }
        commit = {"commit": source.commit} if source.commit else {}
        plain.setdefault("sources", {})[name] = {**commit, "artifacts": artifacts}
    return plain


def base_of(image: Image, version: str) -> str:
    """Write a definition's base as the lock has it; a parent's version is its own entry's."""
    base = image.definition.base
    return base.urn if parent_of(image) is not None else f"{base.urn}:{version}"


def locked_base(lock: Lock | None, image: Image) -> Base | None:
    """Give the marketplace base to ask for: the lock's exact version, if the lock knows it.

    None for an image built on another one.
    """
    base = image.definition.base
    if not isinstance(base, Base):
        return None
    entry = lock.entry_of(image) if lock else None
    if entry is None or entry.base != base_of(image, entry.version):
        return base
    return base.model_copy(update={"version": entry.version})


def renewed(old: LockedImage | None, new: LockedImage, *, learn: bool = True) -> LockedImage:
    """Lay what is seen now over an old entry: a source of which nothing changed stays as it was.

    Its commit too, though the branch went on: else every entry would change with every commit. To
    ``learn`` is to take in a sight that the entry lacks of what has not changed.
    """
    if old is None:
        return new
    kept = {
        name: was
        for name, now in new.contents.items()
        if (was := old.contents.get(name)) is not None and _same(was, now, learn=learn)
    }
    return LockedImage(new.base, {**new.contents, **kept})


def _same(was: SourceContent, now: SourceContent, *, learn: bool) -> bool:
    """Tell whether nothing speaks for a change; what is not seen now did not change."""
    artifacts = {*was.git, *was.azure}
    if artifacts != {*now.git, *now.azure}:
        return False
    pairs = ((was.git, now.git), (was.azure, now.azure))
    if learn:
        return all(new.items() <= old.items() for old, new in pairs)
    common = [(old, new, old.keys() & new.keys()) for old, new in pairs]
    return artifacts == common[0][2] | common[1][2] and all(
        old[name] == new[name] for old, new, names in common for name in names
    )


def differences(old: Mapping[str, LockedImage], new: Mapping[str, LockedImage]) -> list[str]:
    """Say line by line what the new entries change, by definition."""
    lines = []
    for identity in sorted({*old, *new}):
        was, now = old.get(identity), new.get(identity)
        if was == now:
            continue
        if was is None:
            lines.append(f"{identity}: not in the lock yet")
        elif now is None:
            lines.append(f"{identity}: in the lock, but there is no such definition")
        else:
            lines += [f"{identity}: {what}" for what in _changed(was, now)]
    return lines


def _changed(was: LockedImage, now: LockedImage) -> list[str]:
    lines = [f"base {was.base} -> {now.base}"] if was.base != now.base else []
    nothing = SourceContent()
    for source in sorted({*was.contents, *now.contents}):
        old, new = was.contents.get(source, nothing), now.contents.get(source, nothing)
        for artifact in sorted({*old.git, *old.azure, *new.git, *new.azure}):
            for kind in ("git", "azure"):
                before, after = getattr(old, kind).get(artifact), getattr(new, kind).get(artifact)
                if before != after:
                    shown = f"{(before or 'nothing')[:7]} -> {(after or 'nothing')[:7]}"
                    lines.append(f"artifact {artifact} of {source} ({kind} {shown})")
                    break
    return lines
