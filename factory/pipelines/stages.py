"""The order of a project's stacks, from nothing but their stack files.

A stack comes after those that it receives from and those whose catalogue it reads for parents. Each
stands in the first wave after all of them; the stacks of one wave do not know of each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.common.errors import Problems
from factory.common.yaml_file import YamlFile, read_yaml
from factory.settings.shared_work import circle
from factory.settings.stack import NAMESPACE
from factory.settings.stack_file import stack_of
from factory.settings.trial import PREFIX
from factory.settings.validation import find_project, shown

STAGES_SCHEMA = "image-factory/stages/1"
_EDGES = (f"{NAMESPACE}:receivesFrom", f"{NAMESPACE}:parentsFrom")
_LAB = f"{NAMESPACE}:factoryLab"


@dataclass(frozen=True)
class Stage:
    """One stack: which ones come before it, and in which wave it is, counted from 1.

    ``approval`` says that it is the end of a line: labs that no other stack tries out first.
    """

    stack: str
    after: tuple[str, ...] = ()
    wave: int = 1
    builds: bool = False
    approval: bool = False


def read_stages(work: Path) -> list[Stage]:
    """Read the order of all stacks beside Pulumi.yaml, wave by wave; trial stacks are left out.

    Raises :class:`FactoryError`: a line for each file that cannot be read, each
    source that has no file, and each circle.
    """
    problems = Problems()
    files: dict[str, YamlFile] = {}
    project = _project_name(work, problems)
    for path in find_project(work, None, None).stacks:
        name = stack_of(path) or ""
        if name.startswith(PREFIX):
            continue
        found = read_yaml(path, shown(path), problems)
        if found is not None:
            files[name] = found
    if not files and not problems.errors:
        problems.error(
            shown(work) or ".", "there is no stack file", "write a Pulumi.<stack>.yaml first"
        )
    problems.raise_if_any("the order of stacks")
    after = {
        name: _sources(name, file, set(files), project, problems) for name, file in files.items()
    }
    waves = _waves(after, files, problems)
    problems.raise_if_any("the order of stacks")
    wanted = {source for sources in after.values() for source in sources}
    stages = [
        Stage(
            name,
            tuple(sorted(after[name])),
            waves[name],
            builds=_builds(file),
            approval=_receives(file) and not _builds(file) and name not in wanted,
        )
        for name, file in files.items()
    ]
    return sorted(stages, key=lambda stage: (stage.wave, stage.stack))


def waves_of(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Give the stages wave by wave."""
    last = max((stage.wave for stage in stages), default=0)
    return [[each for each in stages if each.wave == wave] for wave in range(1, last + 1)]


def stages_json(stages: Sequence[Stage], *, indent: int | None = 2) -> str:
    """Write the order for machines; ``include`` is what a matrix of GitHub takes."""
    entries = [
        {
            "stack": each.stack,
            "after": list(each.after),
            "wave": each.wave,
            "builds": each.builds,
            "approval": each.approval,
        }
        for each in stages
    ]
    waves = [[each.stack for each in wave] for wave in waves_of(stages)]
    found = {"schema": STAGES_SCHEMA, "waves": waves, "include": entries}
    return json.dumps(found, indent=indent)


def stages_text(stages: Sequence[Stage]) -> str:
    """Write the order for people, one line per wave."""
    lines = []
    for number, wave in enumerate(waves_of(stages), start=1):
        told = [_told(each) for each in wave]
        lines.append(f"{number}. {', '.join(told)}")
    return "\n".join(lines)


def _told(stage: Stage) -> str:
    parts = [f"after {', '.join(stage.after)}"] if stage.after else ["builds"] * stage.builds
    if stage.approval:
        parts.append("wants an approval")
    return f"{stage.stack} ({'; '.join(parts)})" if parts else stage.stack


def _project_name(work: Path, problems: Problems) -> str:
    read = read_yaml(work / "Pulumi.yaml", "Pulumi.yaml", problems)
    return str(read.data.get("name", "")) if read else ""


def _config(file: YamlFile) -> Mapping[str, Any]:
    found = file.data.get("config")
    return found if isinstance(found, dict) else {}


def _builds(file: YamlFile) -> bool:
    return bool(_config(file).get(_LAB))


def _receives(file: YamlFile) -> bool:
    """Tell whether it takes from any stack, of this project or of another one."""
    return any(_config(file).get(edge) for edge in _EDGES)


def _sources(
    stack: str, file: YamlFile, known: set[str], project: str, problems: Problems
) -> set[str]:
    """Give the stacks of this project that one reads; those of another project are not ours."""
    found = set()
    for key in _EDGES:
        value = _config(file).get(key)
        place = file.place(("config", key))
        for each in value if isinstance(value, list) else [value]:
            if each in (None, ""):
                continue
            if not isinstance(each, str):
                problems.error(place, f"{key}: expected a stack's name, or a list of names")
                continue
            parts = each.split("/")
            if len(parts) > 1 and parts[-2] != project:
                continue
            if parts[-1] not in known:
                problems.error(
                    place,
                    f"{key}: there is no Pulumi.{parts[-1]}.yaml, which {stack} reads",
                    "correct the name, or add the file",
                )
                continue
            found.add(parts[-1])
    return found


def _waves(
    after: Mapping[str, set[str]], files: Mapping[str, YamlFile], problems: Problems
) -> dict[str, int]:
    waves: dict[str, int] = {}
    while len(waves) < len(after):
        ready = [n for n, sources in after.items() if n not in waves and sources <= waves.keys()]
        if not ready:
            found = circle(after)
            here = _config(files[found[0]])
            edge = next((each for each in _EDGES if here.get(each)), _EDGES[0])
            problems.error(
                files[found[0]].place(("config", edge)),
                f"stacks read each other in a circle: {' -> '.join([*found, found[0]])}",
                "take one of these edges out",
            )
            break
        for name in ready:
            waves[name] = 1 + max((waves[source] for source in after[name]), default=0)
    return waves
