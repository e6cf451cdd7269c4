"""Parameters of artifacts as they are written, and as ARM would understand them."""

from __future__ import annotations

import json
import re
from typing import Any


def parameter_text(value: Any) -> Any:
    """Give the text that DevTest Labs takes of a parameter; lists and objects are JSON there."""
    if value is None:
        return ""
    plain = isinstance(value, dict) and set(value) != {"secret"} and "keyVault" not in value
    if isinstance(value, list) or plain:
        return json.dumps(value, ensure_ascii=False)
    return value


def is_expression(value: Any) -> bool:
    """Tell whether ARM would evaluate a text instead of passing it on, at any depth of JSON."""
    if isinstance(value, dict):
        return any(is_expression(each) for each in value.values())
    if isinstance(value, list):
        return any(is_expression(each) for each in value)
    if not isinstance(value, str):
        return False
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        inner = None
    if isinstance(inner, list | dict):
        return is_expression(inner)
    return bool(re.fullmatch(r"\[(?!\[).*\]", value.strip(), re.DOTALL))
