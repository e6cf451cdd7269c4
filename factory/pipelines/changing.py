"""What a person asks of the factory by hand, as a change of a stack file.

A revocation that is no more in git is a revocation taken back, and a rebuild that is asked for once
has to outlive a run that was cut off. So all three are written down, go through a pull request, and
are taken out the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from factory.problems import FactoryError
from factory.settings import NAMESPACE

REBUILD, REVOKE, ROLL_BACK = "rebuild", "revoke", "roll-back"
_INDENT = "  "


@dataclass(frozen=True)
class Wish:
    """One change: ``what`` is rebuild, revoke or roll-back of a definition (rebuild: a pattern).

    ``moment`` is when a rebuild was asked for; what is older is built again.
    """

    what: str
    image: str
    version: str = ""
    reason: str = ""
    moment: str = ""

    def __str__(self) -> str:
        if self.what == REBUILD:
            return f"Rebuild {self.image}"
        if self.what == REVOKE:
            return f"Revoke {self.image} {self.version}"
        return f"Roll {self.image} back to {self.version}"


def with_wish(text: str, wish: Wish) -> str:
    """Give a stack file's text with the change; comments and all else stay as they are.

    Raises :class:`FactoryError` if nothing would change, or the file cannot be changed safely.
    """
    setting = {REBUILD: "rebuild", REVOKE: "revoke", ROLL_BACK: "pin"}[wish.what]
    key = f"{NAMESPACE}:{setting}"
    before = _config(text)
    old = before.get(key) or {}
    if not isinstance(old, dict):
        msg = f"{key}: expected a mapping -> change the file by hand"
        raise FactoryError(msg)
    new = _wished(old, wish)
    if new == old:
        msg = f"{wish}: the stack file says so already -> there is nothing to do"
        raise FactoryError(msg)
    changed = _replaced(text, key, new)
    expected = {**before, key: new}
    try:
        same = _config(changed) == expected
    except FactoryError:
        same = False
    if not same:
        msg = f"the stack file is written in a way that cannot be added to -> set {key} by hand"
        raise FactoryError(msg)
    return changed


def _wished(old: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    new = deepcopy(dict(old))
    if wish.what == REBUILD:
        new[wish.image] = wish.moment
    elif wish.what == ROLL_BACK:
        new[wish.image] = wish.version
    else:
        entry = new.get(wish.image) or {}
        versions = [str(each) for each in entry.get("versions", ())]
        if wish.version not in versions:
            versions.append(wish.version)
            new[wish.image] = {"versions": versions, "reason": wish.reason}
    return new


def _replaced(text: str, key: str, value: Mapping[str, Any]) -> str:
    """Write one key of ``config`` anew, or add it at the end of what is there."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    config = _child(root, "config")
    if not isinstance(config, yaml.MappingNode) or config.flow_style or not config.value:
        msg = "the stack file has no `config:` with a key on each line -> change it by hand"
        raise FactoryError(msg)
    indent = " " * config.value[0][0].start_mark.column
    written = _written(key, value, indent)
    for name, node in config.value:
        if name.value == key:
            start = name.start_mark.index - name.start_mark.column
            end = _end_of(text, node)
            return text[:start] + written + text[end:]
    end = _end_of(text, config.value[-1][1])
    head = text[:end]
    return head + ("" if head.endswith("\n") else "\n") + written + text[end:]


def _end_of(text: str, node: yaml.Node) -> int:
    """Give where the line after a value begins; a block's own mark lies behind what follows it."""
    last = node
    while isinstance(last, yaml.CollectionNode) and last.value and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    at = last.end_mark.index
    if at and text[at - 1] == "\n":
        return at
    line = text.find("\n", at)
    return len(text) if line < 0 else line + 1


def _written(key: str, value: Mapping[str, Any], indent: str) -> str:
    lines = yaml.dump(
        {key: dict(value)},
        Dumper=_Quoting,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
        indent=len(_INDENT),
        default_flow_style=False,
    )
    return "".join(f"{indent}{line}\n" for line in lines.splitlines())


class _Quoting(yaml.SafeDumper):
    """Quotes all that a reader of YAML could take for a number or a date: versions are texts."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = text[:1].isalpha() and all(each.isalnum() or each in "-_./:" for each in text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Quoting.add_representer(str, _text)


def _child(root: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(root, yaml.MappingNode):
        return None
    return next((node for key, node in root.value if key.value == name), None)


def _config(text: str) -> dict[str, Any]:
    try:
        content = yaml.load(text, Loader=_Texts)  # noqa: S506 - a safe loader that guesses nothing
    except yaml.YAMLError as error:
        msg = f"the stack file is no YAML: {' '.join(str(error).split())}"
        raise FactoryError(msg) from None
    found = content.get("config") if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}


class _Texts(yaml.SafeLoader):
    """Reads every scalar as the text that it is: a version must not lose its zero."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}
