"""Makes simlb's own table of the elbv2 API out of botocore's service model: `make models`.

    python -m codegen.elbv2         writes simlb/controlplane/query/elbv2.json

botocore (31 MB) is needed for this and for tests only. What of the model tells how requests and answers look is kept -
operations, shapes, constraints, error codes with their statuses - and its documentation left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "simlb" / "controlplane" / "query" / "elbv2.json"
SERVICE = "elbv2"

_CONSTRAINTS = ("enum", "min", "max", "pattern", "required")
_KNOWN = frozenset({"type", "members", "member", "key", "value", "documentation", *_CONSTRAINTS})
_TYPES = frozenset({"structure", "list", "map", "string", "integer", "long", "double", "boolean", "timestamp"})


def table(model: dict[str, Any]) -> dict[str, Any]:
    """The table of a service that speaks the Query protocol. Raises ValueError for what the table cannot say."""
    metadata = model["metadata"]
    if "query" not in metadata.get("protocols", [metadata["protocol"]]):
        raise ValueError(f"{metadata['serviceId']} does not speak the Query protocol")
    shapes: dict[str, Any] = {}
    errors: dict[str, int] = {}
    codes: dict[str, str] = {}
    for name, shape in sorted(model["shapes"].items()):
        if shape.get("exception"):
            codes[name] = shape["error"]["code"]
            errors[codes[name]] = shape["error"]["httpStatusCode"]
        else:
            shapes[name] = _shape(name, shape)
    return {
        "service": metadata["endpointPrefix"],
        "version": metadata["apiVersion"],
        "namespace": metadata["xmlNamespace"],
        "operations": {
            name: _operation(name, operation, codes) for name, operation in sorted(model["operations"].items())
        },
        "errors": dict(sorted(errors.items())),
        "shapes": shapes,
    }


def text(made: dict[str, Any]) -> str:
    """The table as it lies in the repository: a line for each operation and shape, so that changes can be read."""
    parts = []
    for key, value in made.items():
        if isinstance(value, dict) and key != "errors":
            rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in value.items())
            parts.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def newest() -> dict[str, Any]:
    """The model of the botocore that is installed."""
    from botocore.loaders import Loader

    model: dict[str, Any] = Loader().load_service_model(SERVICE, "service-2")
    return model


def _operation(name: str, operation: dict[str, Any], codes: dict[str, str]) -> dict[str, Any]:
    output = operation["output"]
    if output.get("resultWrapper") != f"{name}Result":
        raise ValueError(f"{name}: its result is called {output.get('resultWrapper')}")
    return {
        "input": operation["input"]["shape"],
        "output": output["shape"],
        "errors": [codes[error["shape"]] for error in operation.get("errors", [])],
    }


def _shape(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    if unknown := (set(shape) - _KNOWN) | ({shape["type"]} - _TYPES):
        raise ValueError(f"{name}: {', '.join(sorted(unknown))} is not understood")
    made = {"type": shape["type"]}
    if "members" in shape:
        made["members"] = {member: _reference(name, target) for member, target in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            made[part] = _reference(name, shape[part])
    return made | {key: shape[key] for key in _CONSTRAINTS if key in shape}


def _reference(holder: str, reference: dict[str, Any]) -> Any:
    if unknown := set(reference) - {"shape", "documentation"}:
        raise ValueError(f"{holder}: {', '.join(sorted(unknown))} of a member is not understood")
    return reference["shape"]


if __name__ == "__main__":
    TABLE.write_text(text(table(newest())), encoding="utf-8")
    print(f"{TABLE} is written.")
