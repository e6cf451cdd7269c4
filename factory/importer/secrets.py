"""Tells secrets among parameters, and gives each the name of a stack secret; never its value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.importer.notes import Kind, Notes
from factory.importer.texts import UnreadableError, read_json
from factory.settings.stack import NAMESPACE

# What people call a secret, anywhere in a name; and what is one as a name's last word alone.
_NAMED = re.compile(
    r"passw|pwd|secret|credential|passphrase|connectionstring|privatekey|licen[cs]ekey"
    r"|productkey|(account|access|api)key|(^|[_-])(pat|key|token|sas)$",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"[a-z0-9](Key|Token|Pat|Sas|PAT|SAS)$")
_LOOKS = re.compile(
    r"AccountKey=|SharedAccessKey=|[?&]sig=|-----BEGIN [A-Z ]*PRIVATE KEY|Password=|Pwd="
    r"|passw\w*[\"']?\s*:\s*[\"']|(^|\s)[-/]{1,2}\w*(passw|pwd|secret|token|apikey)\w*[\s:=]+\S"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)


@dataclass
class Secrets:
    """The secrets of one import; ``declared`` are the securestring parameters of artifacts."""

    notes: Notes
    stack: str
    declared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    _by_value: dict[str, str] = field(default_factory=dict)

    def is_secret(self, artifact: str, parameter: str, value: Any) -> bool:
        """Tell whether a parameter is one: by its artifact, its name, or how its value looks."""
        known = self.declared.get(artifact.lower())
        if known is not None and parameter.lower() in known:
            return True
        if _NAMED.search(parameter) or _LAST_WORD.search(parameter):
            return True
        return isinstance(value, str) and bool(_LOOKS.search(value))

    def name_for(self, where: str, artifact: str, parameter: str, value: str | None) -> str:
        """Name the stack secret of a parameter; equal values share one. ``value`` may be open."""
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest() if value else ""
        name = self._by_value.get(digest) if digest else None
        if name is None:
            name = self._free(f"{artifact}-{parameter}")
            self.names.add(name)
            if digest:
                self._by_value[digest] = name
        stands = (
            "its value stands in this file in clear: change it there" if value else "it is open"
        )
        self.notes.add(
            Kind.SECRET,
            where,
            f"{artifact}.{parameter}",
            f"is {{secret: {name}}} now; {stands}. Set it (the value is asked for): "
            f"pulumi config set --secret {NAMESPACE}:{name} --stack {self.stack}",
        )
        return name

    def _free(self, wanted: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_-]", "-", wanted)[:56]
        stem = stem if re.match(r"[A-Za-z]", stem) else f"s{stem}"
        name, number = stem, 1
        while name in self.names:
            number += 1
            name = f"{stem}-{number}"
        return name


def declared_secrets(folder: Path | None, notes: Notes) -> dict[str, frozenset[str]]:
    """Read which parameters a folder of artifacts (``*/Artifactfile.json``) declares as secure."""
    found: dict[str, frozenset[str]] = {}
    for file in sorted(folder.glob("*/Artifactfile.json"))[:5_000] if folder else ():
        try:
            content = read_json(file)
        except UnreadableError as error:
            notes.lost(f"{file.parent.name}/{file.name}", "", str(error))
            continue
        parameters = content.get("parameters") if isinstance(content, Mapping) else None
        if isinstance(parameters, Mapping):
            found[file.parent.name.lower()] = frozenset(
                str(name).lower()
                for name, spec in parameters.items()
                if isinstance(spec, Mapping) and str(spec.get("type", "")).lower() == "securestring"
            )
    return found
