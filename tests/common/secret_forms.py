"""The forms in which a text shows a secret: what tests of masking have in common."""

from __future__ import annotations

import base64
import json
import re
import textwrap
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

PEM = "\n".join(
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        *(f"MIIEpAIBAAKCAQEA{n:02}zq+wertyuiopasdfghjk/lzxcvbnmQWERTYUIOPAS" for n in range(9)),
        "-----END RSA PRIVATE KEY-----",
        "",
    ]
)


def _base64(text: str, before: int = 0, code: str = "utf-8") -> str:
    return base64.b64encode(b"\1" * before + text.encode(code) + b"\2\3").decode()


def _wrapped(text: str, end: str = "\n") -> str:
    return end.join(textwrap.wrap(text, 19))


FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "flattened": lambda text: " ".join(text.split()),
    "indented": lambda text: textwrap.indent(text, "    | "),
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON of .NET": lambda text: json.dumps(text).translate(
        {ord(each): f"\\u{ord(each):04X}" for each in "+<>&'"}
    ),
    "XML": escape,
    "XML with numbers": lambda text: "".join(
        each if each.isalnum() else f"&#x{ord(each):X};" for each in text
    ),
    "XML in XML in JSON": lambda text: json.dumps(escape(escape(text))),
    "CLIXML": lambda text: escape(text).replace("\n", "_x000D__x000A_"),
    "URL": quote,
    "URL, all of it": lambda text: quote(text, safe=""),
    "URL, small": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "URL in URL": lambda text: quote(quote(text, safe=""), safe=""),
    "a form": quote_plus,
    **{f"base64 at {n}": lambda text, n=n: _base64(text, n) for n in range(3)},  # type: ignore[misc]
    "base64 for URLs": lambda text: _base64(text).translate(str.maketrans("+/", "-_")),
    "wrapped base64": lambda text: _wrapped(_base64(text, 1)),
    "wrapped base64 in JSON": lambda text: json.dumps(_wrapped(_base64(text, 2))),
    "base64 of PowerShell": lambda text: _base64(text, code="utf-16-le"),
    "hexadecimal": lambda text: text.encode().hex(),
}


def left(told: str) -> str:
    """Give the letters and digits of what was told, without those of line ends and tabs."""
    return re.sub(r"\\+[rnt]|(%(25)*0[aAdD9])|&(amp;)*#x[0-9A-F]*;?|_x000[DA]_|[\W_]", "", told)
