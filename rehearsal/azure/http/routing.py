"""From method and path to handler. Literals match in any letter case, as ARM's do."""

from __future__ import annotations

from dataclasses import dataclass, field

from rehearsal.azure.http.messages import Handler


@dataclass(frozen=True)
class Route:
    """A route: what handles it, and the action a role must allow ("" if none is asked for)."""

    method: str
    template: str
    handler: Handler
    action: str = ""
    open: bool = False  # answered without a token, an api-version or a record of who asked


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    any: _Node | None = None
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Routes in a tree of path segments; a literal goes before a parameter."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._root = _Node()

    def add(self, route: Route) -> None:
        """Take a route such as `/subscriptions/{subscription}`."""
        self.routes.append(route)
        node, names = self._root, []
        for segment in _segments(route.template):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.literals.setdefault(segment.lower(), _Node())
        node.routes[route.method] = route
        node.names[route.method] = tuple(names)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Give the route of a request with the path's parameters; None if there is none."""
        return _find(self._root, method, _segments(path), 0, ())


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _find(
    node: _Node, method: str, segments: list[str], at: int, values: tuple[str, ...]
) -> tuple[Route, dict[str, str]] | None:
    if at == len(segments):
        route = node.routes.get(method)
        if route is None:
            return None
        return route, dict(zip(node.names[method], values, strict=True))
    literal = node.literals.get(segments[at].lower())
    if literal is not None:
        found = _find(literal, method, segments, at + 1, values)
        if found is not None:
            return found
    if node.any is None:
        return None
    return _find(node.any, method, segments, at + 1, (*values, segments[at]))
