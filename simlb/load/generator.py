"""Runs loads for an instance: starts a worker for each plan, keeps to the caps, and never leaves one behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simlb.clock import Clock, ScaledClock
from simlb.errors import SimlbError
from simlb.load.destination import Destination, Order
from simlb.load.plan import LoadKind, LoadPlan
from simlb.load.running import Load, LoadState, OnResults

KEPT = 20
"""How many loads that have ended are still shown."""


class LoadGenerator:
    """All loads of one instance. Every method belongs to the instance's loop."""

    def __init__(
        self,
        clock: Clock,
        destination: Callable[[LoadPlan], Destination],
        *,
        at_s: Callable[[], float],
        on_failed: Callable[[Load], None] = lambda load: None,
    ) -> None:
        """`destination` finds a plan's listener, or raises SimlbError; `at_s` is load-balancer time since the start.

        `on_failed` is told of a load whose worker ended by itself.
        """
        self._clock = clock
        self._destination = destination
        self._at_s = at_s
        self._on_failed = on_failed
        self._loads: dict[str, Load] = {}
        self._watching: set[asyncio.Task[None]] = set()

    @property
    def loads(self) -> tuple[Load, ...]:
        """Those that run and the last that have ended, oldest first."""
        return tuple(self._loads.values())

    def get(self, load: str) -> Load:
        """A load by its id. Raises SimlbError E655 when there is none."""
        try:
            return self._loads[load]
        except KeyError:
            known = ", ".join(self._loads)
            hint = f"→ there are: {known}" if known else "→ start one: simlb load start --rate 20/s"
            raise SimlbError("E655", f"There is no load '{load}'.", hint) from None

    def free_id(self) -> str:
        """An id that no load has had yet: `load-1`, `load-2` ..."""
        number = 1
        while f"load-{number}" in self._loads:
            number += 1
        return f"load-{number}"

    async def start(self, plan: LoadPlan, *, on_results: OnResults | None = None) -> Load:
        """Start a load; back when its schedule has begun.

        Raises SimlbError E650 with a clock that is moved by hand, E652 for an id that runs, E654 for a rate above the
        cap, E656 when the worker cannot be started, and what the destination raises.
        """
        if not isinstance(self._clock, ScaledClock):
            raise SimlbError(
                "E650",
                "A load needs time that runs by itself; this instance's is moved by hand, and knows no rate.",
                "→ send requests yourself between two steps, or use a real or scaled clock",
            )
        present = self._loads.get(plan.id)
        if present is not None and not present.is_over:
            raise SimlbError(
                "E652",
                f"A load '{plan.id}' runs already.",
                f"→ another id, or stop it: simlb load stop {plan.id}",
            )
        order = Order(
            plan=plan,
            destination=self._destination(plan),
            speed=self._clock.speed,
            real_rate_max_per_s=self._allowance(plan),
        )
        order.destination.check()
        self._loads.pop(plan.id, None)
        load = self._loads[plan.id] = Load(order, self._at_s, on_results)
        try:
            await load.start()
        except BaseException:
            del self._loads[plan.id]
            raise
        self._forget_oldest()
        watching = asyncio.get_running_loop().create_task(self._watch(load))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)
        return load

    def change_rate(self, load: str, rate_per_s: float) -> None:
        """Another rate for an open load, for good. Raises SimlbError E651, E654 or E655."""
        present = self.get(load)
        if present.plan.kind is LoadKind.CLOSED:
            raise SimlbError("E651", f"{load} is a closed load: its users' answers make its rate.")
        if not 0 <= rate_per_s < float("inf"):
            raise SimlbError("E651", f"rate_per_s: {rate_per_s:g} must be 0 or more.")
        self._check_rate(present.plan, rate_per_s)
        present.change_rate(rate_per_s)

    def stop(self, load: str) -> Load:
        """Stop a load: it sends no more, and waits for what is in flight; asked again, it does not wait.

        Raises SimlbError E655.
        """
        present = self.get(load)
        present.stop()
        return present

    def stop_all(self) -> None:
        """Stop all that run; those that are stopping already go on waiting."""
        for load in self.loads:
            if load.state is LoadState.RUNNING:
                load.stop()

    async def close(self) -> None:
        """End all loads now."""
        await asyncio.gather(*(load.close() for load in self.loads if not load.is_over))
        await asyncio.gather(*self._watching)

    async def _watch(self, load: Load) -> None:
        await load.wait()
        if load.state is LoadState.FAILED:
            self._on_failed(load)

    # -- caps ----------------------------------------------------------------------------------------------------------

    def _allowance(self, plan: LoadPlan) -> float | None:
        """How many requests a real second of this plan may have. Raises SimlbError E654 when that is too few for it."""
        if plan.kind is not LoadKind.CLOSED:
            self._check_rate(plan, plan.peak_per_s)
        if plan.real_rate_max_per_s is None:
            return None
        left = plan.real_rate_max_per_s - self._taken(plan)
        if left <= 0:
            raise self._above_cap(plan, 0.0)
        return left

    def _check_rate(self, plan: LoadPlan, rate_per_s: float) -> None:
        if plan.real_rate_max_per_s is None:
            return
        real = rate_per_s * self._clock.speed
        # A hair's breadth for rates such as 0.1 * 3 at some speed.
        if real > (plan.real_rate_max_per_s - self._taken(plan)) * (1 + 1e-9):
            raise self._above_cap(plan, real)

    def _taken(self, plan: LoadPlan) -> float:
        """What the other loads that run take of the cap."""
        others = (load for load in self.loads if not load.is_over and load.plan.id != plan.id)
        return sum(load.real_peak_per_s for load in others)

    def _above_cap(self, plan: LoadPlan, real: float) -> SimlbError:
        taken = self._taken(plan)
        beside = f" together with what runs already ({taken:g})" if taken else ""
        return SimlbError(
            "E654",
            f"{real:g} requests in a real second{beside} are more than {plan.real_rate_max_per_s:g}, the cap.",
            "→ a lower rate (one per load-balancer second: the speed multiplies it), or without caps: --uncapped",
        )

    def _forget_oldest(self) -> None:
        over = [name for name, load in self._loads.items() if load.is_over]
        for name in over[: max(0, len(over) - KEPT)]:
            del self._loads[name]
