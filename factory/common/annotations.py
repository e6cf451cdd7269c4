"""Writes findings for people, for machines, and for what GitHub and Azure DevOps annotate."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from factory.common.errors import Problem, Problems, printable

FORMATS = ("text", "json", "github", "azure")
SCHEMA = "image-factory/validate/1"


def write(problems: Problems, form: str, summary: str, counts: dict[str, Any]) -> str:
    """Write every finding, sorted by place, errors and warnings together."""
    found = [("error", each) for each in set(problems.errors)]
    found += [("warning", each) for each in set(problems.warnings)]
    found.sort(key=lambda item: (item[1], item[0]))
    if form == "json":
        return _json(found, counts)
    line = {"text": _text, "github": _github, "azure": _azure}[form]
    return "\n".join([*(line(kind, each) for kind, each in found), summary])


def _text(kind: str, problem: Problem) -> str:
    return str(problem) if kind == "error" else f"warning: {problem}"


def _json(found: Iterable[tuple[str, Problem]], counts: dict[str, Any]) -> str:
    told = []
    for kind, problem in found:
        file, line, column = problem.place
        told.append(
            {
                "severity": kind,
                "file": printable(file),
                "line": line or None,
                "column": column or None,
                "what": printable(problem.what),
                "todo": printable(problem.todo) or None,
            }
        )
    sound = not any(each["severity"] == "error" for each in told)
    return json.dumps({"schema": SCHEMA, "sound": sound, **counts, "problems": told}, indent=2)


def _message(problem: Problem) -> str:
    tail = f" -> {problem.todo}" if problem.todo else ""
    return printable(problem.what + tail)


def annotation(form: str, kind: str, text: str) -> str:
    """Write one line that GitHub or Azure DevOps (``form``) shows beside a run.

    ``kind`` is error, warning or notice.
    """
    if form == "github":
        return f"::{kind} title=Image factory::{_escaped(text, '%')}"
    if form == "azure":
        # It has no third kind; what is only to be known is a line of the log there.
        if kind == "notice":
            return f"##[section]{printable(text)}"
        return f"##vso[task.logissue type={kind};]{_azured(text)}"
    return f"{kind}: {printable(text)}"


def _github(kind: str, problem: Problem) -> str:
    """See "Workflow commands for GitHub Actions": what is escaped differs by where it stands."""
    file, line, column = problem.place
    parts = {"file": _escaped(file, "%:,"), "line": line, "col": column}
    place = ",".join(f"{name}={value}" for name, value in parts.items() if value)
    return f"::{kind} {place}::{_escaped(_message(problem), '%')}"


def _azure(kind: str, problem: Problem) -> str:
    """See "Logging commands" of Azure Pipelines; `%` is escaped as %AZP25 there."""
    file, line, column = problem.place
    parts = {"type": kind, "sourcepath": _azured(file), "linenumber": line, "columnnumber": column}
    place = "".join(f"{name}={value};" for name, value in parts.items() if value)
    return f"##vso[task.logissue {place}]{_azured(_message(problem))}"


def _escaped(text: str, these: str) -> str:
    return "".join(f"%{ord(each):02X}" if each in these else each for each in printable(text))


def _azured(text: str) -> str:
    written = printable(text).replace("%", "%AZP25")
    return written.replace(";", "%3B").replace("]", "%5D")
