"""The original's ImagePaths (beginnings of paths) as patterns that take the same files.

The original matched in three places in three ways. What was copied to labs was decided by
``ShouldCopyImageToLab``: the beginning of the path, letter by letter, in its letter case. That is
what a pattern here must take, no more and no less; where another of the three disagreed, people
were told something else than what happened, and are told so now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from factory.common.patterns import matches
from factory.importer.identities import legal
from factory.importer.notes import Kind, Notes


def patterns_for(entry: str, files: Mapping[str, str], where: str, notes: Notes) -> list[str]:
    """Give patterns for one entry of ImagePaths; none if it took nothing, which is noted.

    ``files`` maps every definition's file (relative, with ``/``) to its identity.
    """
    prefix = entry.replace("\\", "/")
    taken = [file for file in sorted(files) if file.startswith(prefix)]
    folded = [file for file in sorted(files) if file.lower().startswith(prefix.lower())]
    shown = f"ImagePaths {entry!r}"
    if not taken:
        why = "is the beginning of no definition's path"
        if folded:
            why = (
                f"passed ValidateLabsJson, which ignores letter case, but nothing was ever copied "
                f"for it; meant is perhaps {_same_case(prefix, folded[0])!r}"
            )
        notes.lost(where, shown, why)
        return []
    for why in _differences(entry, prefix, taken, folded):
        notes.add(Kind.DIFFERENT, where, shown, why)
    wanted = {files[file] for file in taken}
    return _shortest(prefix, wanted, set(files.values()), files)


def _differences(
    entry: str, prefix: str, taken: Sequence[str], folded: Sequence[str]
) -> Iterator[str]:
    """Say where the original's matchers told people something else than what was copied."""
    for file in folded:
        if file not in taken:
            yield f"ValidateLabsJson counted {file}, never copied: its letter case differs"
    if "\\" in entry:
        yield "the original copied for it, but warned that no lab wants these images (it has \\)"
    partial = [file for file in taken if not _whole(prefix, file)]
    if partial and prefix:
        more = f" and {len(partial) - 3} more" if len(partial) > 3 else ""
        yield (
            f"takes by letters, not by folder: {', '.join(partial[:3])}{more} too; so does the "
            "pattern, shorten it if that was never meant"
        )


def _whole(prefix: str, file: str) -> bool:
    """Tell whether a prefix ends where a folder or the file does."""
    return (
        prefix.endswith("/") or file in {prefix, f"{prefix}.json"} or file.startswith(f"{prefix}/")
    )


def _same_case(prefix: str, file: str) -> str:
    return file[: len(prefix)]


def _shortest(
    prefix: str, wanted: set[str], known: set[str], files: Mapping[str, str]
) -> list[str]:
    """Take the plainest form that takes exactly what the prefix took among what there is."""
    *folders, last = prefix.split("/")
    above = [legal(folder) for folder in folders if folder]
    begin = legal(last) if last else ""
    forms: list[list[str]] = []
    forms += [[files[name]] for name in (prefix, f"{prefix}.json") if name in files]
    forms.append(["/".join([*above, *([begin] if begin else []), "**"])])
    if begin:
        stem = "/".join([*above, begin])
        forms += [[f"{stem}*"], [f"{stem}*/**"], [f"{stem}*", f"{stem}*/**"]]
    for form in forms:
        if {identity for identity in known if any(matches(p, identity) for p in form)} == wanted:
            return form
    return sorted(wanted)
