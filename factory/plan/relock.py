"""Makes the entries of a new lock from what marketplace and artifact sources have now. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from factory.common.errors import Problems
from factory.common.patterns import matches
from factory.definitions.artifact_content import contents_of, used_artifacts
from factory.definitions.lineage import Image, parent_of
from factory.definitions.lock_file import LockedImage, base_of, renewed
from factory.observed.model import Offers


def relocked(
    images: Mapping[str, Image],
    offers: Offers,
    old: Mapping[str, LockedImage],
    problems: Problems,
    only: str | None = None,
    *,
    learn: bool = True,
) -> dict[str, LockedImage]:
    """Give every entry of the new lock.

    With the pattern ``only`` all other entries stay as they are; without it what is no definition
    any more goes. What cannot be locked is noted in ``problems``; ``learn`` as in
    :func:`factory.definitions.lock_file.renewed`.
    """
    new = dict(old) if only else {}
    wanted = {
        identity: image
        for identity, image in images.items()
        if only is None or matches(only, identity)
    }
    if only:
        gone = {each for each in old if each not in images and matches(only, each)}
        new = {identity: entry for identity, entry in new.items() if identity not in gone}
        if not wanted and not gone:
            problems.error("--only", f"the pattern {only!r} matches no definition")
    for identity, image in wanted.items():
        entry = _entry(image, offers, problems)
        if entry is not None:
            new[identity] = renewed(old.get(identity), entry, learn=learn)
    return new


def _entry(image: Image, offers: Offers, problems: Problems) -> LockedImage | None:
    contents = offers.contents
    version = offers.base_versions.get(image.identity, "")
    if parent_of(image) is None and not version:
        base = image.definition.base
        problems.error(image.file, f"its base {base.urn} is not offered, so it cannot be locked")
        return None
    unknown = [
        f"{artifact} of {source}"
        for source, artifact in dict.fromkeys(used_artifacts(image.definition))
        if source not in contents or not contents[source].knows(artifact)
    ]
    if unknown:
        problems.error(
            image.file,
            f"neither git nor the lab shows the files of {', '.join(unknown)}",
            "see that the name is right and that git may read the source",
        )
        return None
    return LockedImage(base_of(image, version), contents_of(contents, image.definition))
