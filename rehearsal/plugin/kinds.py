"""What the plugin must know about one resource type, and how its Azure path is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

_PARAMETER = re.compile(r"\{(\w+)\}")
_VERSIONED = re.compile(r"/v(\d{4})(\d{2})(\d{2})(preview)?:")
_PATH_SAFE = "$&+=:@"  # what Go's url.PathEscape leaves alone beside letters, digits and -_.~


@dataclass(frozen=True)
class Nested:
    """An object or list of objects inside a resource that has a `properties` of its own.

    `top` are its fields outside of `properties`; the SDK shows both kinds flat.
    """

    top: frozenset[str]
    inside: Mapping[str, Nested] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One row of the table: a type token and everything the plugin does by type."""

    token: str
    path: str
    api_version: str
    body: frozenset[str]
    """Inputs that go under `properties` of the request."""
    top: frozenset[str]
    """Inputs that stand beside `properties`."""
    read_only: frozenset[str]
    """Outputs that are no inputs."""
    write_only: frozenset[str] = frozenset()
    """Inputs of the SDK class that are no outputs of it."""
    required: tuple[str, ...] = ()
    """Required inputs beside the path parameters."""
    nested: Mapping[str, Nested] = field(default_factory=dict)
    keep_if_unset: tuple[str, ...] = ()
    """Arrays that have resources of their own: kept as they are when the program sets none."""
    wire: Mapping[str, str] = field(default_factory=dict)
    """What ARM calls an input under `properties` where the SDK has another name for it."""
    singleton: bool = False
    """It comes with its parent: creating it changes it, and nothing deletes it."""
    create_only: frozenset[str] = frozenset({"location"})
    """Inputs beside the path parameters that cannot change: a new value replaces the resource."""
    needs_location: bool = False
    """The API requires a location, so `Check` refuses a resource that gets none."""
    properties_output: bool = False
    """`properties` is an output itself instead of being flattened (ResourceGroup)."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Path parameters that are inputs, in path order (all but the subscription)."""
        return tuple(name for name in _PARAMETER.findall(self.path) if name != "subscriptionId")

    @property
    def name_parameter(self) -> str:
        """The last path parameter: the one that can be named automatically."""
        return self.parameters[-1]

    @property
    def random_name(self) -> bool:
        """Whether an automatic name gets a random suffix; children keep the logical name."""
        _, found, tail = self.path.lower().rpartition("microsoft.")
        return not found or tail.count("{") == 1

    @property
    def outputs(self) -> frozenset[str]:
        """Every declared output."""
        return (self.body | self.top | self.read_only) - self.write_only

    @property
    def namespace(self) -> str:
        """The resource provider's namespace, as in `Microsoft.DevTestLab`."""
        found = re.search(r"/providers/([^/]+)/", self.path)
        return found[1] if found else "Microsoft.Resources"

    def resource_path(self, inputs: Mapping[str, Any], subscription: str) -> str:
        """Fill the path with escaped values; KeyError if a parameter is missing."""
        values = {**inputs, "subscriptionId": subscription}
        return _PARAMETER.sub(lambda m: _segment(m[1], str(values[m[1]])), self.path)


def _segment(name: str, value: str) -> str:
    # A scope is a path of its own.
    return value.strip("/") if name == "scope" else quote(value, safe=_PATH_SAFE)


def split_version(token: str) -> tuple[str, str | None]:
    """Split `azure-native:devtestlab/v20180915:Lab` into the plain token and its API version."""
    found = _VERSIONED.search(token)
    if found is None:
        return token, None
    version = f"{found[1]}-{found[2]}-{found[3]}" + ("-preview" if found[4] else "")
    return token[: found.start()] + ":" + token[found.end() :], version
