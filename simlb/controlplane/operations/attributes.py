"""Attributes as calls give them and as answers list them: all of a call's are taken, or none."""

from __future__ import annotations

from collections.abc import Mapping

from simlb.controlplane.operations.call import Call
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.attributes import Attribute


def attribute_list(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Attributes as the API lists them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def given_attributes(call: Call, noun: str, rows: Mapping[str, Attribute]) -> dict[str, str]:
    """The `Attributes` of a call by their keys. `noun` is what has them: `Load balancer`.

    Raises QueryError for a key that is not of the table, or given twice.
    """
    given: dict[str, str] = {}
    for attribute in call.parameters["Attributes"]:
        key = attribute.get("Key")
        if not key:
            raise invalid(f"{noun} attribute key must be specified")
        if key not in rows:
            raise QueryError("InvalidConfigurationRequest", f"{noun} attribute key '{key}' is not recognized")
        if key in given:
            raise invalid(f"{noun} attribute key '{key}' was specified more than once")
        given[key] = attribute.get("Value") or ""
    return given
