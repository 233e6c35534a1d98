"""What compiling a configuration needs: what came in from outside, and where to put problems and warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from simlb.config.addresses import Resolver
from simlb.config.certificates import CertificateSource
from simlb.config.decode import Places
from simlb.config.problems import NOT_YET, RANGE, REFERENCE, SCHEMA, Problems, Refused, did_you_mean
from simlb.core.attributes import Attribute, AttributeValueError
from simlb.core.validation import ElbError, NotSupportedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the rest of simlb lends to the compiler.

    `signs_any_name`: the certificates' CA has no name constraints. `permitted_domains`: what the local CA may sign for
    beyond its own.
    """

    certificates: CertificateSource
    allocate_port: Callable[[str], int]
    sample_names: Sequence[str]
    resolve: Resolver
    expose: str | None = None
    folder: Path | None = None
    signs_any_name: bool = False
    permitted_domains: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One run of the compiler."""

    places: Places
    problems: Problems
    tools: Tools
    strict: bool
    warnings: list[str] = field(default_factory=list)

    def at(self, entry: object, *keys: str | int) -> AbstractContextManager[None, bool]:
        """Problems raised inside belong to the value at `keys` of `entry`."""
        return self.problems.at(self.places.at(entry, *keys))

    def fail(self, entry: object, *keys: str | int, what: str, hints: Sequence[str] = (), code: str = RANGE) -> None:
        """Note a problem with the value at `keys` of `entry`."""
        self.problems.add(self.places.at(entry, *keys), what, *hints, code=code)

    def refuse(self, error: ElbError, entry: object, *keys: str | int, hints: Sequence[str] = ()) -> None:
        """Note what AWS has against the value at `keys` of `entry`, with AWS's own code behind its sentence."""
        code = REFERENCE if error.code == "TargetGroupNotFound" else RANGE
        if isinstance(error, NotSupportedError):
            code = NOT_YET
        self.fail(entry, *keys, what=f"{error.message} ({error.code})", hints=hints, code=code)

    def warn(self, entry: object, *keys: str | int, what: str) -> None:
        """Note something legal that will surprise."""
        self.warnings.append(f"{self.places.at(entry, *keys).text}: {what}")

    def path(self, written: str) -> Path:
        """A path of the file: relative ones start at the file's folder. Raises Refused."""
        try:
            return (self.tools.folder or Path.cwd()) / Path(written).expanduser()
        except RuntimeError:
            raise Refused(f"'{written}': there is no such user") from None


def attribute_values(
    context: Context, entry: object, given: Mapping[str, str | int | bool], table: Mapping[str, Attribute]
) -> dict[str, str]:
    """AWS's wire strings of an `attributes` mapping; every value that is not accepted becomes a problem."""
    values = {}
    for key, value in given.items():
        place = context.places.at(entry, "attributes", key)
        attribute = table.get(key)
        if attribute is None:
            key_place = context.places.key_at(entry, "attributes", key)
            what = f"attribute key '{key}' is not recognized{did_you_mean(key, table)}"
            context.problems.add(key_place, what, code=SCHEMA)
            continue
        wire = ("true" if value else "false") if isinstance(value, bool) else str(value)
        try:
            attribute.check(wire)
        except AttributeValueError as error:
            if attribute.supported:
                context.problems.add(place, f"{error} ({error.code})", code=RANGE)
            else:
                context.problems.add(place, str(error), code=NOT_YET)
        else:
            values[key] = wire
    return values
