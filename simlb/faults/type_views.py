"""The types of faults as they are told to people."""

from __future__ import annotations

from simlb.controlplane.fault_views import FaultTypeView, ParameterView
from simlb.faults.fault import FaultType, Parameter, Value

SELECTORS = ("match", "percent", "count", "every", "pattern")


def type_view(fault_type: FaultType) -> FaultTypeView:
    """A type as it is told to people."""
    return FaultTypeView(
        name=fault_type.name,
        scope=fault_type.scope.value,
        parameters=tuple(_parameter(parameter) for parameter in fault_type.parameters),
        selectors=tuple(name for name in SELECTORS if name in fault_type.selectors),
        own_only=fault_type.own_only,
        momentary=fault_type.is_momentary,
        en=fault_type.en,
        ko=fault_type.ko,
        consequence_en=fault_type.consequence_en,
        consequence_ko=fault_type.consequence_ko,
    )


def _parameter(parameter: Parameter) -> ParameterView:
    default = parameter.default
    return ParameterView(
        name=parameter.name,
        kind=parameter.kind,
        default=None if default is None else _written(parameter, default),
        required=default is None and not parameter.is_optional,
        choices=parameter.choices,
        en=parameter.en,
        ko=parameter.ko,
    )


def _written(parameter: Parameter, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if parameter.kind == "duration" and value:
        return f"{value:g}s" if value >= 1 else f"{value * 1000:g}ms"
    return f"{value:g}" if value < 1e6 else f"{value:.15g}"
