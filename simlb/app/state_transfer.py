"""The state of an instance as one document: out of it, into it, and away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simlb.app.elbv2 import AppEstate
from simlb.app.registering import target_policy
from simlb.app.state_checks import (
    count_problems,
    load_balancer_problems,
    registration_problems,
    security_group_problems,
    stray_problems,
    target_group_problems,
)
from simlb.controlplane.acm.certificate import certificates
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.records.codec import RecordError
from simlb.controlplane.records.services import CHECKS, SECRET_MEMBERS
from simlb.controlplane.records.state import OF_THEIR_GROUP, Place, Row, State, is_of_service, place_of
from simlb.controlplane.state_routes import state_routes
from simlb.controlplane.words import counted
from simlb.core import ids
from simlb.core.changes import contradictions
from simlb.core.ids import ACCOUNT
from simlb.core.model import Listener, LoadBalancer
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from aiohttp import web

    from simlb.app.application import App

VERSION = "state/1"
PROBLEMS_TOLD_MAX = 10


def transfer_routes(app: App) -> list[web.RouteDef]:
    """The routes by which the command line takes and gives an instance's state."""
    return state_routes(Transfer(app))


class Transfer:
    """Implements `simlb.controlplane.state_routes.StateDesk` for an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def _state(self) -> State:
        return State(changes=self._app.changes, registrations=self._app.registrations)

    def export(self, *, with_keys: bool) -> dict[str, Any]:
        """Everything that API calls and commands have made, as one document."""
        home = self._app.region
        records = [
            {"kind": row.kind, "key": row.key, "body": row.body if with_keys else _without_keys(row)}
            | ({"region": row.region} if row.kind in OF_THEIR_GROUP and row.region != home else {})
            for row in self._state.rows(home)
        ]
        return {"simlb": VERSION, "account": ACCOUNT, "region": home, "records": records}

    async def bring_in(self, document: Mapping[str, Any], *, replaces: bool) -> str:
        """Have what a document holds in place of what there is: all of it, or nothing."""
        state = self._read(document)
        app = self._app
        async with app.reloading:
            if self._state != State() and not replaces:
                raise SimlbError(
                    "E816",
                    "This instance has a state of its own, which an import takes the place of.",
                    "if that is what you want: simlb state import --replace FILE",
                    "to have it back later: simlb state export before.json",
                )
            before = app.changes
            try:
                state = replace(state, changes=await app.acm.restore(state.changes))
                state = self._with_certificates(state)
                _refuse(self._problems(state))
                state, told = app.laid_over(app.compiled, state)
                await app.use_state(state)
            except BaseException:
                await app.acm.restore(before)  # a certificate may be in both, with other keys
                raise
            finally:
                await app.acm.tidy()
            app.acm.issuing.resume()
        await app.faults.refresh()
        return "\n".join((f"Imported: {self._summary()}.", *told))

    async def reset(self) -> str:
        """Forget everything that API calls and commands have made."""
        app = self._app
        await app.forget_moto()
        async with app.reloading:
            await app.use_state(State())
            await app.acm.tidy()
        await app.faults.refresh()
        return "Forgotten: everything is as the configuration says."

    def _read(self, document: Mapping[str, Any]) -> State:
        home = self._app.region
        if document.get("simlb") != VERSION:
            raise _no_state(f"its version is {document.get('simlb')!r}, not {VERSION!r}")
        if (document.get("account"), document.get("region")) != (ACCOUNT, home):
            raise SimlbError(
                "E815",
                f"That state is of account {document.get('account')} in {document.get('region')}; this instance is "
                f"of {ACCOUNT} in {home}.",
                "an instance takes it whose file has that region",
            )
        records = document.get("records")
        if document.keys() - {"simlb", "account", "region", "records"} or not isinstance(records, list):
            raise _no_state("its members are simlb, account, region and records")
        rows: dict[Place, Row] = {}
        try:
            for index, record in enumerate(records):
                row = _row(index, record, home)
                if is_of_service(row.kind):
                    CHECKS.get(row.kind, _unknown)(row.key, row.body)
                rows[row.place] = row
            state = State.of(rows.values(), home)
        except RecordError as error:
            raise _no_state(str(error)) from error
        if len(rows) < len(records):
            raise _no_state("two of its records have the same key")
        if stray := next(iter(rows.keys() - {state.place(key, home) for key in state.items()}), None):
            raise _no_state(f"the record {stray[1]} {stray[2]} has another key than what it holds")
        changes = state.changes
        held = [(arn, one.arn) for arn, one in changes.load_balancers.items()]
        held += [(arn, one.arn) for arn, one in changes.target_groups.items()]
        held += [(key, one.id) for key, one in changes.security_groups.items()]
        if wrong := next((key for key, own in held if key != own), None):
            raise _no_state(f"the record {wrong} has another key than what it holds")
        return state

    def _with_certificates(self, state: State) -> State:
        """No file is read because a document names it: certificates are those that this instance has, by their ARN."""
        estate = AppEstate(self._app)
        coming = certificates(state.changes.records)

        def known(balancer: LoadBalancer, listener: Listener) -> Listener:
            found = []
            for certificate in listener.certificates:
                arn = certificate.arn
                try:
                    here = self._app.acm.certificate_among(coming, arn) or estate.of_file(arn)
                except QueryError as error:
                    raise SimlbError("E815", f"Load balancer {balancer.name}: {error.message}") from error
                if here is None or ids.region_of(arn) != balancer.region:
                    raise SimlbError(
                        "E815",
                        f"Load balancer {balancer.name}, listener {listener.port}: there is no certificate "
                        f"{certificate.arn} here, or it is of another region.",
                        "a certificate has to be there before what uses it",
                    )
                found.append(here)
            return replace(listener, certificates=tuple(found))

        balancers = {
            arn: replace(balancer, listeners=tuple(known(balancer, listener) for listener in balancer.listeners))
            for arn, balancer in state.changes.load_balancers.items()
            if arn not in state.changes.changed
        }
        changes = state.changes
        rest = {arn: balancer for arn, balancer in changes.load_balancers.items() if arn in changes.changed}
        return replace(state, changes=replace(changes, load_balancers={**balancers, **rest}))

    def _problems(self, state: State) -> Iterator[str]:
        """What no API call would have made. What is of the file is not looked at: it will be as the file says."""
        app, changes = self._app, state.changes
        changes = replace(
            changes,
            load_balancers={arn: one for arn, one in changes.load_balancers.items() if arn not in changes.changed},
            target_groups={arn: one for arn, one in changes.target_groups.items() if arn not in changes.changed},
            removed=frozenset(),
        )
        file = app.compiled.configuration
        configuration = state.registrations.applied_to(changes.applied_to(file))
        for balancer in changes.load_balancers.values():
            yield from load_balancer_problems(balancer, configuration, app.options.expose)
        for group in changes.target_groups.values():
            yield from target_group_problems(group, configuration)
        is_allowed = target_policy(app.compiled)
        for item in state.registrations.added:
            is_of_file = file.instance(item.target.id) is not None
            yield from registration_problems(
                item, configuration.target_groups, is_allowed, home=app.region, is_of_file=is_of_file
            )
        for named in changes.security_groups.values():
            yield from security_group_problems(named)
        yield from stray_problems(changes, file)
        yield from count_problems(configuration)
        yield from contradictions(configuration)

    def _summary(self) -> str:
        changes = self._app.changes
        counts = {
            "load balancer": len(changes.load_balancers),
            "target group": len(changes.target_groups),
            "target": len(self._app.registrations.added),
        }
        return ", ".join(counted(count, noun) for noun, count in counts.items())


def _row(index: int, record: Any, home: str) -> Row:
    if (
        not isinstance(record, dict)
        or record.keys() - {"region"} != {"kind", "key", "body"}
        or not all(isinstance(record.get(name, ""), str) for name in ("kind", "key", "region"))
    ):
        raise RecordError("a record has the members kind, key and body", ("records", index))
    kind, key = record["kind"], record["key"]
    if "region" in record and kind not in OF_THEIR_GROUP:
        raise RecordError("only a registration says its region", ("records", index))
    region, _, _ = place_of(kind, key, record.get("region", home))
    return Row(kind, key, record["body"], region)


def _unknown(key: str, _: Any) -> None:
    raise RecordError(f"this simlb has no service that keeps {key}")


def _without_keys(row: Row) -> Any:
    if is_of_service(row.kind) and isinstance(row.body, dict):
        return {name: value for name, value in row.body.items() if name not in SECRET_MEMBERS}
    return row.body


def _refuse(problems: Iterator[str]) -> None:
    found = list(dict.fromkeys(problems))
    if found:
        more = len(found) - PROBLEMS_TOLD_MAX
        notes = (*found[1:PROBLEMS_TOLD_MAX], *([f"and {more} more"] if more > 0 else []))
        raise SimlbError("E815", f"That state cannot be served here: {found[0]}.", notes=notes)


def _no_state(what: str) -> SimlbError:
    return SimlbError("E814", f"That is no state of simlb's: {what}.", "one is written by: simlb state export FILE")
