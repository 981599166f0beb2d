"""The JSON schema of an answer, as strict structured output wants it and no longer than it needs to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_IDLE = frozenset({"title", "description", "default", "format", "examples"})


def answer_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of ``model`` with references written out, every field required and no other allowed.

    Titles, descriptions, defaults and formats are left out: they are paid with every call, and the model of pydantic checks
    what they would say. A model that refers to itself has no such schema (RecursionError).
    """
    schema = model.model_json_schema()
    return _plain(schema, schema.get("$defs", {}))


def _plain(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    alternatives = [_plain(option, definitions) for option in node.get("anyOf", ())]
    if alternatives and all(set(option) == {"type"} for option in alternatives):
        return {"type": [option["type"] for option in alternatives]}
    plain: dict[str, Any] = {}
    for key, value in node.items():
        if key in _IDLE or key == "$defs":
            continue
        if key == "properties":
            plain[key] = {name: _plain(field, definitions) for name, field in value.items()}
        elif key == "items":
            plain[key] = _plain(value, definitions)
        elif key == "anyOf":
            plain[key] = alternatives
        else:
            plain[key] = value
    if "properties" in plain:
        plain["required"] = list(plain["properties"])
        plain["additionalProperties"] = False
    if "enum" in plain:
        plain.pop("type", None)
        plain = {"type": "string", **plain}
    return plain
