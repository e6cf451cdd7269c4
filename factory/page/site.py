"""The files of the site: pages made of the documents of ``site_data``, and these as JSON.

Every text is escaped by jinja2, and what nobody would see in it is shown. A page asks nobody for
anything: its style and its script stand in it, and its policy lets a browser run these alone, by
their hashes (https://www.w3.org/TR/CSP3/#framework-directive-source-list).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from factory.common.errors import harmless
from factory.page.holdings import State
from factory.page.pictures import lineage_picture, time_line, versions_picture, weeks_picture

_KINDS = {"overview": "overview", "images": "image", "labs": "lab", "runs": "run"}


def site_files(data: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Give the text of every file by its path below the site's folder."""
    pages = _Pages(data["overview"])
    found = {}
    for address, document in data.items():
        found[f"data/{address}.json"] = json.dumps(document, separators=(",", ":")) + "\n"
        name = "index" if address == "overview" else address
        found[f"{name}.html"] = pages.page(address, document)
    return found


class _Pages:
    def __init__(self, overview: Mapping[str, Any]) -> None:
        folder = files("factory.page") / "templates"
        style, script = ((folder / name).read_text("utf-8") for name in ("page.css", "page.js"))
        self._templates = Environment(
            loader=PackageLoader("factory.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_shown,
        )
        self._templates.globals.update(
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'",
            states=[each.value for each in State],
            overview=overview,
            addresses={each["image"]: each["address"] for each in overview["images"]},
            lab_addresses={
                (each["stack"], each["lab"]): each["address"] for each in overview["labs"]
            },
            run_addresses={each["stack"]: each["address"] for each in overview["stacks"]},
            lineage_picture=lineage_picture,
            versions_picture=versions_picture,
            weeks_picture=weeks_picture,
            time_line=time_line,
        )

    def page(self, address: str, document: Mapping[str, Any]) -> str:
        """Make one page."""
        kind = _KINDS[address.partition("/")[0]]
        template = self._templates.get_template(f"{kind}.html")
        root = "" if kind == "overview" else "../"
        return template.render(view=document, root=root, address=address, kind=kind)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _shown(value: Any) -> Any:
    """Show what is hidden in a text, and leave out what is not there."""
    if value is None:
        return ""
    if not isinstance(value, str) or value.isprintable() or isinstance(value, Markup):
        return value
    return harmless(value)
