"""Which service runs this pipeline, and how it wants to be told things.

All is read from the variables that the service sets. Without any of them it is somebody's shell:
annotations are plain lines, and there is no summary, no variable and no pull request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from factory.common.annotations import annotation
from factory.common.errors import harmless

GITHUB, AZURE, NONE = "github", "azure", "text"
_PULL = re.compile(r"refs/pull/(\d+)/")


@dataclass(frozen=True)
class Service:
    """One run of a pipeline. ``variables`` are the environment; tokens stay in there."""

    variables: Mapping[str, str]

    @property
    def form(self) -> str:
        """``github``, ``azure``, or ``text`` for neither."""
        if self.variables.get("GITHUB_ACTIONS") == "true":
            return GITHUB
        return AZURE if self.variables.get("TF_BUILD", "").lower() == "true" else NONE

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request that this run is for."""
        if self.form == GITHUB:
            found = _PULL.match(self.variables.get("GITHUB_REF", ""))
            return int(found[1]) if found else None
        number = self.variables.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
        return int(number) if self.form == AZURE and number.isdigit() else None

    @property
    def run_url(self) -> str:
        """Where this run can be seen; "" if nobody knows."""
        get = self.variables.get
        if self.form == GITHUB:
            server, repository = get("GITHUB_SERVER_URL", ""), get("GITHUB_REPOSITORY", "")
            return f"{server}/{repository}/actions/runs/{get('GITHUB_RUN_ID', '')}"
        if self.form == AZURE:
            base = f"{get('SYSTEM_COLLECTIONURI', '')}{get('SYSTEM_TEAMPROJECT', '')}"
            return f"{base}/_build/results?buildId={get('BUILD_BUILDID', '')}".replace(" ", "%20")
        return ""

    def annotate(self, kind: str, text: str) -> None:
        """Tell of an error, a warning or a notice where the service shows such things."""
        print(annotation(self.form, kind, text), flush=True)

    def say(self, text: str) -> None:
        """Print a line of the log that is never read as a command of the service.

        What artifacts and Azure say is printed too, and a log line may give the service commands.
        """
        print(no_command(text), flush=True)

    def summarise(self, markdown: str, folder: Path, name: str) -> None:
        """Put Markdown onto the page of the run; ``folder`` keeps the file where one is needed."""
        if self.form == GITHUB and (path := self.variables.get("GITHUB_STEP_SUMMARY")):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{markdown}\n\n")
        elif self.form == AZURE:
            file_ = (folder / f"{name}.md").absolute()
            file_.write_text(f"{markdown}\n", encoding="utf-8")
            print(f"##vso[task.uploadsummary]{file_}", flush=True)

    def set_output(self, name: str, value: str) -> None:
        """Give later steps and jobs a variable; ``value`` is one line."""
        if self.form == GITHUB and (path := self.variables.get("GITHUB_OUTPUT")):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{name}={value}\n")
        elif self.form == AZURE:
            print(f"##vso[task.setvariable variable={name};isOutput=true]{value}", flush=True)


def no_command(text: str) -> str:
    """Give a line in which neither a service nor a terminal finds a command."""
    text = harmless(text).replace("##vso[", "## vso[").replace("##[", "## [")
    return re.sub(r"^(\s*):(?=:)", r"\1: ", text)
