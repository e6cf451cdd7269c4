"""docs/reliability.md: which accidents were tried, and how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.torture import world
from tests.torture.accidents import KINDS
from tests.torture.trying import Tried, Verdict

_HEAD = """# What was broken on purpose, on the local Azure

Written by `make torture`; do not edit by hand. Each accident strikes one changing request of a run
of a small factory (a layered and verified image on another one, three labs, two subscriptions, two
stacks) on its own local Azure. Then the same stack is brought up again as `make up` does it, at
most twice, and all that stands in both subscriptions and both states is compared with what an
undisturbed run would have left. After a third of the accidents of dev, prod is brought up too, and
compared. No import, no state surgery, no prompt.

- **killed before / after**: the process group of `pulumi up` is killed (SIGKILL) while Azure holds
  the request, before it took effect or after. **recovery killed too**: once more after the first,
  second or third change of the run that goes on from there.
- The other kinds are answers to that request: once, or (403, 404) to all with its method and path
  until the run is over; one request for each kind of request (method and resource type). A run that
  fails has to name the image, the lab or the thing that was struck; everything that does not hang
  on that request has to be served by it all the same, or the accident counts as not well ended.
- **survived at once**: the run that was struck (after a kill: the next one) ended as if nothing had
  happened. **mended by the next run**: the one after it did. **built anew**: of these, how many
  ordered more build VMs than an undisturbed run, since one that was ordered could not be used.
  **lost**: something is missing in the end. **leaked**: something more is there. **stuck**: a run
  could not go on.
"""
_COLUMNS = (Verdict.SURVIVED, Verdict.MENDED, Verdict.LOST, Verdict.LEAKED, Verdict.STUCK)


def table(tried: Sequence[Tried]) -> str:
    """Write one line per kind of accident, as Markdown."""
    heads = ["kind of accident", "tried", *(column.value for column in _COLUMNS), "built anew"]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    came = [each for each in tried if each.verdict is not Verdict.MISSED]
    rows = [(name, [each for each in came if each.accident.kind.name == name]) for name in KINDS]
    for name, found in [*rows, ("**all**", came)]:
        if found:
            counts = [sum(each.verdict is column for each in found) for column in _COLUMNS]
            anew = sum(each.built_anew > 0 for each in found)
            cells = [name, *map(str, (len(found), *counts, anew))]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(
    path: Path, tried: Sequence[Tried], of: int, chosen_by: str, notes: Sequence[str] = ()
) -> None:
    """Write the page; ``of`` is the size of the whole product, ``chosen_by`` chose from it."""
    chosen = "all of them" if len(tried) >= of else f"{len(tried)}, chosen by {chosen_by}"
    parts = [_HEAD, f"The whole product has {of} accidents; tried were {chosen}."]
    program = _was("The program was of commit", [each.commit for each in tried])
    engine = _was("The engine was Pulumi", [each.engine for each in tried])
    parts += [f"{_followed(tried)} {program} {engine}\n", *(f"{note}\n" for note in notes)]
    parts.append(table(tried))
    if bad := [each for each in tried if not each.verdict.good or each.wrong]:
        parts.append("\n## What did not end well\n")
        parts += [f"- {each.accident}: {each.verdict.value}; {_first(each)}" for each in bad]
    parts.append(world.table())
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _followed(tried: Sequence[Tried]) -> str:
    return f"After {sum(each.followed for each in tried)} of them prod was brought up too."


def _was(what: str, found: Sequence[str]) -> str:
    """Say which program or engine was tried; a log may go over several."""
    count = Counter(each or "an earlier one" for each in found)
    if len(count) == 1:
        return f"{what} {next(iter(count))}."
    said = ", ".join(f"{each} ({number})" for each, number in count.most_common())
    return f"{what} (in brackets: how many accidents) {said}."


def _first(tried: Tried) -> str:
    return "; ".join(" ".join(each.split())[:200] for each in tried.wrong[:4])
