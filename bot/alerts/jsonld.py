"""JSON-LD as strangers write it: nodes found wherever they hide, references followed, values unwrapped.

No reading of the web: contexts are never fetched. Bounded, so that no payload can make it work for long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 24
_MOST = 20_000

Node = Mapping[str, Any]
"""An object with its property names in small letters and without prefixes."""


@dataclass(frozen=True, slots=True)
class Graph:
    """All the objects of one payload."""

    nodes: Sequence[Node]
    by_id: Mapping[str, Node] = field(default_factory=dict)

    @classmethod
    def of(cls, data: object) -> Graph:
        """Unfold a payload: `@graph`, lists, nesting, JSON inside a text."""
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                data = None
        nodes: list[Node] = []
        for found in _walk(data, _DEEPEST):
            nodes.append(plain_node(found))
            if len(nodes) >= _MOST:
                break
        by_id: dict[str, Node] = {}
        for node in nodes:
            name = node.get("@id")
            if isinstance(name, str) and len(node) > 1 and len(node) > len(by_id.get(name, ())):
                by_id[name] = node
        return cls(nodes, by_id)

    def typed(self, *types: str) -> list[Node]:
        """The objects of one of these types, in the order of the payload, each `@id` once."""
        found: list[Node] = []
        seen: set[str] = set()
        for node in self.nodes:
            if not is_a(node, *types):
                continue
            name = node.get("@id")
            if not isinstance(name, str):
                found.append(node)
            elif name not in seen:
                seen.add(name)
                found.append(self.by_id.get(name, node))
        return found

    def resolve(self, value: object) -> object:
        """A value without its wrapping: `@value`, `@list`, a reference to another object."""
        for _ in range(4):
            if not isinstance(value, Mapping):
                return value
            node = plain_node(value)
            if "@value" in node:
                value = node["@value"]
            elif "@list" in node or "@set" in node:
                value = node.get("@list", node.get("@set"))
            elif isinstance(node.get("@id"), str) and node["@id"] in self.by_id and _is_reference(node):
                return self.by_id[node["@id"]]
            else:
                return node
        return value

    def items(self, value: object) -> list[object]:
        """A value as a list of resolved ones; nothing gives an empty list."""
        value = self.resolve(value)
        if isinstance(value, list | tuple):
            flat: list[object] = []
            for item in value[:200]:
                resolved = self.resolve(item)
                flat += list(resolved) if isinstance(resolved, list) else [resolved]
            return [item for item in flat if item is not None]
        return [] if value is None else [value]


def plain_node(found: Mapping[str, Any]) -> Node:
    """The object with comparable property names: `schema:title` and `Title` are `title`."""
    out: dict[str, Any] = {}
    for key, value in found.items():
        out.setdefault(_local(str(key)), value)
    inner = out.get("properties")
    return plain_node({"@type": out.get("type"), **inner}) if isinstance(inner, Mapping) else out


def is_a(node: Node, *types: str) -> bool:
    """Whether the object is of one of these types, given as a name, a prefixed name or an address."""
    given = node.get("@type", node.get("type"))
    names = given if isinstance(given, list | tuple) else [given]
    wanted = {name.lower() for name in types}
    return any(isinstance(name, str) and _local(name) in wanted for name in names)


def _local(name: str) -> str:
    if name.startswith("@"):
        return name.lower()
    return name.strip().rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1].lower()


def _is_reference(node: Node) -> bool:
    return set(node) <= {"@id", "@type"}


def _walk(data: object, left: int) -> Iterator[Mapping[str, Any]]:
    if left <= 0:
        return
    if isinstance(data, Mapping):
        yield data
        for value in data.values():
            if isinstance(value, Mapping | list):
                yield from _walk(value, left - 1)
    elif isinstance(data, list):
        for value in data:
            yield from _walk(value, left - 1)
