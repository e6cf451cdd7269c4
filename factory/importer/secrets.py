"""Tells secrets among parameters, and gives each the name of a stack secret; never its value."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from factory.common.errors import FactoryError
from factory.common.secret_mask import Mask
from factory.importer.notes import Kind, Notes
from factory.importer.texts import UnreadableError, is_manifest, read_bytes, read_json
from factory.settings.stack import NAMESPACE

# What people call a secret, anywhere in a name; and what is one as a name's last word alone.
_NAMED = re.compile(
    r"passw|passcode|pwd|secret|credential|passphrase|connectionstring|privatekey|licen[cs]ekey"
    r"|productkey|(account|access|api)key|(^|[_-])(pat|key|token|sas|pw|pass|pin)$",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"[a-z0-9](Key|Token|Pat|Sas|Pw|Pass|Pin|PAT|SAS|PW|PASS|PIN)$")
_LOOKS = re.compile(
    r"AccountKey=|SharedAccessKey=|[?&]sig=|-----BEGIN [A-Z ]*PRIVATE KEY|Password=|Pwd="
    r"|passw\w*[\"']?\s*:\s*[\"']|(^|\s)[-/]{1,2}\w*(passw|pwd|secret|token|apikey)\w*[\s:=]+\S"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)


# What a password or a key looks like, for where nothing says that it is none.
_SECURE = re.compile(
    r"""(["'])([^"'\n]{1,200})\1\s*:\s*\{[^{}]*?["']type["']\s*:\s*["']secure""", re.IGNORECASE
)
_GUARDED = re.compile(
    r"pass|pw$|pw[A-Z_-]|secur|cred|auth|activat|licen[cs]e|serial|cert|token|pin$|key|sas|(?-i:PW|PIN)",
    re.IGNORECASE,
)
_KEY_GROUPS = re.compile(r"[A-Za-z0-9]{4,}([-_][A-Za-z0-9]{4,}){2,}|[A-Za-z0-9+/]{24,}={0,2}")
# A shorter value stands in many a text by chance.
_SHORTEST = 6


@dataclass
class Manifests:
    """What folders of artifacts say: secure parameters by artifact, and what cannot be read."""

    secure: dict[str, frozenset[str]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def add(self, other: Manifests) -> None:
        """Take in what others say."""
        for artifact, secure in other.secure.items():
            self.secure[artifact] = self.secure.get(artifact, frozenset()) | secure
        self.unread |= other.unread


@dataclass
class Secrets:
    """The secrets of one import: what tells them, what they are called, and what they were."""

    notes: Notes
    stack: str
    manifests: Manifests = field(default_factory=Manifests)
    names: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    guessed: set[str] = field(default_factory=set)
    _by_value: dict[str, str] = field(default_factory=dict)

    def is_secret(self, artifact: str, parameter: str, value: Any) -> bool:
        """Tell whether a parameter is one: by its artifact, its name, or how its value looks.

        Where an artifact's manifest cannot be read, what might be a secret is one.
        """
        artifact = artifact.lower()
        if parameter.lower() in self.manifests.secure.get(artifact, ()):
            return True
        if looks_secret(parameter):
            return True
        text = value if isinstance(value, str) else ""
        if artifact in self.manifests.unread and (_GUARDED.search(parameter) or _random(text)):
            return True
        if _LOOKS.search(text):
            return True
        if artifact not in self.manifests.secure:
            self.guessed.add(artifact)
        return False

    def tell_guesses(self) -> None:
        """Say of which artifacts no manifest told what is secure, and something stands in clear."""
        if self.guessed:
            why = "no manifest says what is secure: only names and values told; say --artifacts"
            shown = ", ".join(sorted(self.guessed))
            self.notes.add(Kind.DIFFERENT, "all definitions", f"parameters of {shown}", why)

    def remember(self, where: str, value: Any) -> None:
        """Remember what the source had as secure; nothing of it may be written (``leaks``)."""
        if isinstance(value, Mapping | list):
            for each in value.values() if isinstance(value, Mapping) else value:
                self.remember(where, each)
        elif isinstance(value, str) and len(value.strip()) >= _SHORTEST:
            self.values.setdefault(value, where)

    def masked(self, text: str) -> str:
        """Give a text for the user without anything that the source had as secure."""
        return Mask(self.values)(text)

    def leaks(self, files: Mapping[str, str]) -> list[str]:
        """Give whose values stand in which file that is to be written, in whatever spelling."""
        told = {name: _told(text) for name, text in files.items()}
        # All at once: hardly ever is there one, and each value has a score of spellings.
        whole = "\n\n".join(told.values())
        if self.masked(whole) == whole:
            return []
        return [
            f"{name}: has a value that {where} keeps secure"
            for value, where in self.values.items()
            for name, text in told.items()
            if Mask([value])(text) != text
        ]

    def name_for(self, where: str, artifact: str, parameter: str, value: str | None) -> str:
        """Name the stack secret of a parameter; equal values share one. ``value`` may be open."""
        self.remember(where, value)
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


def looks_secret(name: str) -> bool:
    """Tell whether people give such a name to a secret."""
    return bool(_NAMED.search(name) or _LAST_WORD.search(name))


def read_manifests(folders: Iterable[Path], notes: Notes) -> Manifests:
    """Read which parameters the artifacts below some folders declare as secure.

    DevTest Labs takes a manifest in whatever letter case its name is.
    """
    found = Manifests()
    for file in (file for folder in folders for file in _manifests(folder)):
        artifact = file.parent.name.lower()
        try:
            secure = _declared(read_json(file))
        except UnreadableError as error:
            where = f"{file.parent.name}/{file.name}"
            why = f"{error}; what looks like a secret in its parameters is taken for one"
            notes.lost(where, "", why)
            found.unread.add(artifact)
            secure = _rescued(file)
        found.add(Manifests({artifact: secure}))
    return found


def _manifests(folder: Path) -> list[Path]:
    if not folder.is_dir():
        msg = f"{folder}: is no folder -> name the one that holds the artifacts' folders"
        raise FactoryError(msg)
    found = [
        path
        for above, _, names in os.walk(folder)
        for name in names
        if is_manifest(path := Path(above, name))
    ]
    return sorted(found)[:5_000]


def _declared(content: Any) -> frozenset[str]:
    fields = (
        {str(k).lower(): v for k, v in content.items()} if isinstance(content, Mapping) else None
    )
    parameters = fields.get("parameters") or {} if fields is not None else None
    if not isinstance(parameters, Mapping):
        msg = "is no artifact's manifest: its parameters cannot be told"
        raise UnreadableError(msg)
    return frozenset(str(name).lower() for name, spec in parameters.items() if is_secure(spec))


def is_secure(spec: Any) -> bool:
    """Tell whether the declaration of a parameter says that it is secure."""
    fields = {str(k).lower(): v for k, v in spec.items()} if isinstance(spec, Mapping) else {}
    return str(fields.get("type", "")).strip().lower().startswith("secure")


def _rescued(file: Path) -> frozenset[str]:
    """Find what a manifest that is no JSON declares as secure all the same."""
    try:
        raw = read_bytes(file).replace(b"\0", b"")
    except UnreadableError:
        return frozenset()
    return frozenset(at[2].lower() for at in _SECURE.finditer(raw.decode("utf-8", "replace")))


def _random(text: str) -> bool:
    """Tell whether a text has a word in it as passwords and keys are: of many kinds of letters."""
    return any(
        _KEY_GROUPS.fullmatch(word)
        or (
            len(word) >= 8
            and "://" not in word
            and sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", r"\d", r"[^\w.]"))
            > 2
        )
        for word in text.split()
    )


def _told(text: str) -> str:
    """Give what a file tells: its comments and every value, as they are without YAML's spelling."""
    comments = [line for line in text.splitlines() if line.startswith("#")]
    return "\n".join([*comments, *_values(yaml.safe_load(text))])


def _values(content: Any) -> Iterator[str]:
    """Give every value; a secret's name and a key are none."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key != "secret":
                yield from _values(value)
    elif isinstance(content, list):
        for each in content:
            yield from _values(each)
    elif content is not None:
        yield str(content)
