"""What an artifact's files are, as short identities, and whether two sights of them differ. Pure.

Two kinds of sight: ``git``, the id of the artifact's folder in its repository, exact; and
``azure``, a digest of what the lab lists, which knows the Artifactfile.json but no script.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.definitions.definition import Artifact, Definition

_SHOWN = 7


@dataclass(frozen=True)
class SourceContent:
    """One artifact source: its commit, and its artifacts (lower-cased names) in both sights.

    What could not be read is "" or absent, and decides nothing.
    """

    commit: str = ""
    git: Mapping[str, str] = field(default_factory=dict)
    azure: Mapping[str, str] = field(default_factory=dict)

    def knows(self, artifact: str) -> bool:
        """Tell whether anything is known of an artifact's files."""
        return artifact in self.git or artifact in self.azure


# By lower-cased name of the source.
Contents = Mapping[str, SourceContent]


def used_artifacts(definition: Definition) -> list[tuple[str, str]]:
    """Give (source, artifact) of all that a definition uses, lower-cased, in its order."""
    return [_key(artifact) for artifact in definition.all_artifacts]


def _key(artifact: Artifact) -> tuple[str, str]:
    return artifact.source.lower(), artifact.name.lower()


def contents_of(contents: Contents, definition: Definition) -> dict[str, SourceContent]:
    """Take what one definition uses out of all that is known."""
    found: dict[str, SourceContent] = {}
    used = set(used_artifacts(definition))
    for source in sorted({source for source, _ in used} & contents.keys()):
        whole = contents[source]
        mine = {name for place, name in used if place == source}
        git = {name: whole.git[name] for name in sorted(mine & whole.git.keys())}
        azure = {name: whole.azure[name] for name in sorted(mine & whole.azure.keys())}
        if git or azure:
            found[source] = SourceContent(whole.commit if git else "", git, azure)
    return found


@dataclass(frozen=True)
class Change:
    """One artifact whose files are not what they were; ids shortened for people."""

    source: str
    artifact: str
    before: str
    after: str

    def __str__(self) -> str:
        """Write it as the plan's reason does."""
        return f"artifact {self.artifact} changed in {self.source} ({self.before} -> {self.after})"


def changes(before: Contents, after: Contents, definition: Definition) -> list[Change]:
    """Name every artifact of a definition whose files differ between two sights.

    Only a sight that both sides have is compared, git's first: what one of them could not read is
    no change.
    """
    found = []
    for artifact in definition.all_artifacts:
        source, name = _key(artifact)
        old, new = before.get(source), after.get(source)
        if old is None or new is None:
            continue
        for was, now in ((old.git, new.git), (old.azure, new.azure)):
            if name in was and name in now:
                if was[name] != now[name]:
                    shown = was[name][:_SHOWN], now[name][:_SHOWN]
                    found.append(Change(artifact.source, artifact.name, *shown))
                break
    return list(dict.fromkeys(found))


def unreadable(expected: Contents, now: Contents, definition: Definition) -> list[str]:
    """Name the artifacts of a definition of which the two sides have no sight in common."""
    blind = []
    nothing = SourceContent()
    for artifact in definition.all_artifacts:
        source, name = _key(artifact)
        old, new = expected.get(source, nothing), now.get(source, nothing)
        if not (name in old.git and name in new.git) and not (
            name in old.azure and name in new.azure
        ):
            blind.append(f"{artifact.name} of {artifact.source}")
    return list(dict.fromkeys(blind))


def dump_contents(contents: Contents) -> str:
    """Write contents as canonical JSON, for the state."""
    plain = {
        source: {
            key: value
            for key, value in (("commit", of.commit), ("git", of.git), ("azure", of.azure))
            if value
        }
        for source, of in contents.items()
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_contents(text: str) -> dict[str, SourceContent]:
    """Read what :func:`dump_contents` wrote. Raises :class:`ValueError` for anything else."""
    found = json.loads(text)
    if not isinstance(found, dict):
        msg = "contents are a mapping of sources"
        raise ValueError(msg)  # noqa: TRY004 - one kind of fault for the reader
    return {str(source): _source(value) for source, value in found.items()}


def _source(value: Any) -> SourceContent:
    if not isinstance(value, dict):
        msg = "a source is a mapping"
        raise ValueError(msg)  # noqa: TRY004 - one kind of fault for the reader
    git, azure = value.get("git", {}), value.get("azure", {})
    return SourceContent(str(value.get("commit", "")), _ids(git), _ids(azure))


def _ids(value: Any) -> dict[str, str]:
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    return {str(name): str(text) for name, text in items}
