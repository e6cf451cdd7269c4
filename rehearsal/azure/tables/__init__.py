"""What Microsoft's SDKs know of operations and models, as data; `make` wrote it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]


@cache
def table(name: str) -> Json:
    """Read a table: `operations`, `models` by name, `enums` by name; callers must not change it."""
    text = (Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8")
    return cast("Json", json.loads(text))
