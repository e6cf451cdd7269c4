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

from factory.common.errors import FactoryError
from factory.settings.stack import NAMESPACE

REBUILD, REVOKE, ROLL_BACK = "rebuild", "revoke", "roll-back"
_INDENT = "  "


@dataclass(frozen=True)
class StackEdit:
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


def with_edit(text: str, edit: StackEdit) -> str:
    """Give a stack file's text with the change; comments and all else stay as they are.

    Raises :class:`FactoryError` if nothing would change, or the file cannot be changed safely.
    """
    setting = {REBUILD: "rebuild", REVOKE: "revoke", ROLL_BACK: "pin"}[edit.what]
    key = f"{NAMESPACE}:{setting}"
    before = _config(text)
    old = before.get(key) or {}
    if not isinstance(old, dict):
        msg = f"{key}: expected a mapping -> change the file by hand"
        raise FactoryError(msg)
    new = _edited(old, edit)
    if new == old:
        msg = f"{edit}: the stack file says so already -> there is nothing to do"
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


def _edited(old: Mapping[str, Any], edit: StackEdit) -> dict[str, Any]:
    new = deepcopy(dict(old))
    if edit.what == REBUILD:
        new[edit.image] = edit.moment
    elif edit.what == ROLL_BACK:
        new[edit.image] = edit.version
    else:
        entry = new.get(edit.image) or {}
        versions = [str(each) for each in entry.get("versions", ())]
        if edit.version not in versions:
            versions.append(edit.version)
            new[edit.image] = {"versions": versions, "reason": edit.reason}
    return new


def _replaced(text: str, key: str, value: Mapping[str, Any]) -> str:
    """Write one key of ``config`` as it is to be, touching what differs alone."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    config = _child(root, "config")
    if not isinstance(config, yaml.MappingNode) or config.flow_style or not config.value:
        msg = "the stack file has no `config:` with a key on each line -> change it by hand"
        raise FactoryError(msg)
    found = _child(config, key)
    if isinstance(found, yaml.MappingNode) and found.value:
        return _merged(text, found, value)
    for name, node in config.value:
        if name.value == key:
            indent = " " * name.start_mark.column
            start = name.start_mark.index - name.start_mark.column
            return text[:start] + _written(key, value, indent) + text[_end_of(text, node) :]
    return _added(text, config, key, value)


def _merged(text: str, node: yaml.MappingNode, value: Mapping[str, Any]) -> str:
    """Bring a mapping to ``value``, the last entry first: marks before it stay right."""
    old = {name.value: child for name, child in node.value}
    for name in (each for each in reversed(list(value)) if each not in old):
        text = _added(text, node, name, value[name])
    for name, child in reversed(node.value):
        wanted = value.get(name.value)
        if isinstance(child, yaml.MappingNode) and isinstance(wanted, Mapping):
            text = _merged(text, child, wanted)
        elif isinstance(child, yaml.SequenceNode) and isinstance(wanted, list):
            text = _lengthened(text, child, wanted)
        elif isinstance(child, yaml.ScalarNode) and child.value.rstrip() != wanted:
            text = _exchanged(text, child, wanted)
    return text


def _added(text: str, node: yaml.MappingNode, key: str, value: Any) -> str:
    """Add an entry at the end of a mapping that has one."""
    if node.flow_style:
        at = node.value[-1][1].end_mark.index
        return f"{text[:at]}, {_inline({key: value})[1:-1]}{text[at:]}"
    end = _end_of(text, node.value[-1][1])
    head = text[:end]
    indent = " " * node.value[0][0].start_mark.column
    between = "" if head.endswith("\n") else "\n"
    return head + between + _written(key, value, indent) + text[end:]


def _lengthened(text: str, node: yaml.SequenceNode, wanted: list[Any]) -> str:
    """Add to a list what it has not yet."""
    more = wanted[len(node.value) :]
    if not more:
        return text
    if node.flow_style:
        at = node.value[-1].end_mark.index if node.value else node.start_mark.index + 1
        told = _inline(more)[1:-1]
        return f"{text[:at]}{', ' if node.value else ''}{told}{text[at:]}"
    end = _end_of(text, node.value[-1])
    indent = " " * node.start_mark.column
    head = text[:end] + ("" if text[:end].endswith("\n") else "\n")
    return head + "".join(f"{indent}- {_inline(each)}\n" for each in more) + text[end:]


def _exchanged(text: str, node: yaml.ScalarNode, wanted: Any) -> str:
    """Put another text in the place of one; what follows on the line stays."""
    start, end = node.start_mark.index, node.end_mark.index
    # A folded text ends with the lines that are empty after it.
    tail = text[len(text[:end].rstrip()) : end] if node.style in (">", "|") else ""
    return text[:start] + _inline(wanted) + tail + text[end:]


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


def _written(key: str, value: Any, indent: str) -> str:
    content = dict(value) if isinstance(value, Mapping) else value
    lines = yaml.dump({key: content}, **_STYLE, default_flow_style=False).splitlines()
    return "".join(f"{indent}{line}\n" for line in lines)


def _inline(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, str):
        return _inline([value])[1:-1]
    return str(yaml.dump(value, **_STYLE, default_flow_style=True)).strip()


class _Quoting(yaml.SafeDumper):
    """Quotes all that a reader of YAML could take for a number or a date: versions are texts."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = text[:1].isalpha() and all(each.isalnum() or each in "-_./:" for each in text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Quoting.add_representer(str, _text)
_STYLE: dict[str, Any] = {
    "Dumper": _Quoting,
    "sort_keys": False,
    "allow_unicode": True,
    "width": 1_000_000,
    "indent": len(_INDENT),
}


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
