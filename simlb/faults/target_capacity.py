"""target.capacity: a target that serves so many requests at once and lets others wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.answers import plain_answer
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class Capacity(Passive):
    """The places of one target and the queue before them. Checks wait in it like everybody."""

    def __init__(self, *, concurrency: int, queue_max: int, selector: Selector) -> None:
        self._concurrency = concurrency
        self._queue_max = queue_max
        self._selector = selector
        self._serving: set[Place] = set()
        self._queue: deque[Place] = deque()

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """A place, a place in the queue, or the target's own 503."""
        if treatment.is_at_once or treatment.turn is not None or not self._selector.strikes(asked):
            return
        if len(self._serving) < self._concurrency or len(self._queue) < self._queue_max:
            treatment.turn = Place(self)
        elif treatment.answer is None:
            treatment.answer = plain_answer(asked, 503, "Too many requests are waiting already.")

    def enter(self, place: Place) -> None:
        """Serve it now, or later."""
        if len(self._serving) < self._concurrency:
            self._serving.add(place)
            place.start()
        else:
            self._queue.append(place)

    def leave(self, place: Place) -> None:
        """It makes room, if it had any."""
        if place in self._serving:
            self._serving.remove(place)
            if self._queue:
                following = self._queue.popleft()
                self._serving.add(following)
                following.start()
        elif place in self._queue:
            self._queue.remove(place)


class Place:
    """One request's `Turn`."""

    start: Callable[[], None]

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity

    def enter(self, start: Callable[[], None]) -> None:
        """Call `start` when it is this request's turn."""
        self.start = start
        self._capacity.enter(self)

    def leave(self) -> None:
        """The request is over, or does not wait any more."""
        self._capacity.leave(self)


def _make(order: Order, site: Site) -> Capacity:
    return Capacity(
        concurrency=int(order.number("concurrency")), queue_max=int(order.number("queue")), selector=order.selector
    )


FAULT_TYPE = FaultType(
    name="target.capacity",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="concurrency",
            kind="whole",
            minimum=1,
            maximum=10_000,
            en="requests that are served at the same time",
            ko="동시에 처리하는 요청 수",
        ),
        Parameter(
            name="queue",
            kind="whole",
            default=10_000,
            minimum=0,
            maximum=1_000_000,
            en="requests that may wait; beyond them the target answers 503",
            ko="기다릴 수 있는 요청 수. 넘으면 대상이 503 으로 응답합니다",
        ),
    ),
    selectors=frozenset({"match"}),
    own_only=True,
    en="The target serves only so many requests at once, health checks included; others wait.",
    ko="대상이 동시에 처리하는 요청 수가(상태 검사 포함) 정해져 있고 나머지는 기다립니다.",
    consequence_en="More arrives than is served: the queue grows, and with it the time of every answer, until checks "
    "time out and the target is out, or users get 504. A full queue is a 503 of the target's own.",
    consequence_ko="처리보다 많이 들어오면 대기열과 응답 시간이 계속 늘어, 상태 검사가 시간 초과로 실패하거나 "
    "사용자가 504 를 받습니다. 대기열이 차면 대상이 보낸 503 입니다.",
)
