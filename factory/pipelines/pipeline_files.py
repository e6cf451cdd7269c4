"""Writes the order of stacks into the files of both services, between two lines that say so.

Neither service lets a job of one run decide which jobs it has, and what these need: only what is in
git can. So the jobs are written from the stack files, and every pull request checks that they are
what the stack files say. All else in those files is the team's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from factory.common.errors import FactoryError
from factory.pipelines.stages import Stage

FILES = (".github/workflows/factory.yml", ".azure/stacks.yml")
_BEGIN = "stacks: written by `python -m factory ci write`"
_END = "end of stacks"
_REGION = re.compile(
    rf"(?P<head>^ *# {re.escape(_BEGIN)}\n).*?(?P<tail>^ *# {_END}$)", re.MULTILINE | re.DOTALL
)


def write_files(root: Path, stages: Sequence[Stage], *, check: bool) -> list[str]:
    """Write the files that are there and not as they should be; gives their names.

    With ``check`` nothing is written. Raises :class:`FactoryError` if a file has no place for it.
    """
    writers: dict[str, Callable[[Sequence[Stage]], str]] = dict(
        zip(FILES, (github, azure), strict=True)
    )
    differing = []
    for name, writer in writers.items():
        path = root / name
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
            new = _replaced(name, text, writer(stages))
            if new != text:
                differing.append(name)
                if not check:
                    path.write_text(new, encoding="utf-8", newline="\n")
        except OSError as error:
            msg = f"{name}: cannot be read or written: {error.strerror}"
            raise FactoryError(msg) from None
    return differing


def _replaced(name: str, text: str, lines: str) -> str:
    if len(_REGION.findall(text)) != 1:
        msg = f"{name}: expected one line `# {_BEGIN}` and one line `# {_END}` after it"
        raise FactoryError(msg)
    return _REGION.sub(lambda found: f"{found['head']}{lines}{found['tail']}", text)


def github(stages: Sequence[Stage]) -> str:
    """Write one job per stack; ``needs`` are the stacks that it reads.

    One that failed does not hold back those after it: they receive what it had released before.
    """
    names = job_names(stages)
    lines = []
    for stage in stages:
        lines.append(f"  {names[stage.stack]}:")
        if stage.after:
            lines.append(f"    needs: [{', '.join(names[each] for each in stage.after)}]")
            lines.append("    if: ${{ !cancelled() }}")
        lines.append("    uses: ./.github/workflows/stack.yml")
        approval = ", approval: true" if stage.approval else ""
        lines.append(f'    with: {{stack: "{stage.stack}"{approval}}}')
        # What a stack's job needs and no more: others may be anybody's.
        lines.append('    secrets: {IMAGE_FACTORY_WEBHOOK: "${{ secrets.IMAGE_FACTORY_WEBHOOK }}"}')
    return "\n".join(lines) + "\n"


def azure(stages: Sequence[Stage]) -> str:
    """Write one stage per stack; ``after`` are the stages of the stacks that it reads."""
    names = job_names(stages)
    lines = []
    for stage in stages:
        after = ", ".join(names[each] for each in stage.after)
        lines.append("  - template: stack.yml")
        lines.append("    parameters:")
        lines.append(f'      stack: "{stage.stack}"')
        lines.append(f"      stage: {names[stage.stack]}")
        lines.append(f"      after: [{after}]")
        lines += ["      approval: true"] if stage.approval else []
    return "\n".join(lines) + "\n"


def job_names(stages: Sequence[Stage]) -> dict[str, str]:
    """Give each stack a name that both services take for a job: letters, digits and _."""
    names: dict[str, str] = {}
    for stage in stages:
        stem = re.sub(r"[^A-Za-z0-9]", "_", f"stack-{stage.stack}")
        name, number = stem, 2
        while name in names.values():
            name, number = f"{stem}_{number}", number + 1
        names[stage.stack] = name
    return names
