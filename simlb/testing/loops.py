"""Where a load balancer under test lives: a loop of its own in a thread, or the loop of the test itself.

Everything that is asked of it runs on that loop, whoever asks: an answer read by another thread is therefore never half
written. Methods that take time block other threads, and give something to await on the loop itself.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from simlb.errors import SimlbError

T = TypeVar("T")


class Ready(Generic[T]):
    """Something that has happened already, for those who await it all the same."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()
        return self.value


@types.coroutine
def _rest(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that has been run by hand up to its first wait."""
    while True:
        try:
            value = yield waits_for
        except BaseException as error:  # noqa: BLE001 - the coroutine's to handle
            step: Callable[[], Any] = functools.partial(work.throw, error)
        else:
            step = functools.partial(work.send, value)
        try:
            waits_for = step()
        except StopIteration as end:
            result: T = end.value
            return result


class Home:
    """One event loop, and the way to it from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread | None = None) -> None:
        self.loop = loop
        self._thread = thread
        self._identity = threading.get_ident() if thread is None else thread.ident
        self._is_closed = False

    @classmethod
    def here(cls) -> Home:
        """The running loop. Raises SimlbError E692 where none of asyncio's runs (trio)."""
        try:
            return cls(asyncio.get_running_loop())
        except RuntimeError:
            raise SimlbError(
                "E692",
                "A load balancer in async code runs on an asyncio event loop, and none is running here (trio?).",
                'anyio: @pytest.fixture def anyio_backend(): return "asyncio"',
                "anywhere: `with alb.start() as lb`, which has a loop and a thread of its own",
            ) from None

    @classmethod
    def of_its_own(cls, name: str) -> Home:
        """A new loop in a new thread."""
        # Backends watch their sockets themselves, which Windows' default loop does not let them.
        loop = asyncio.SelectorEventLoop()

        def run() -> None:
            asyncio.set_event_loop(loop)
            loop.run_forever()

        # A test that forgets to stop it must not keep the interpreter from ending.
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return cls(loop, thread)

    @property
    def is_own_loop(self) -> bool:
        """Whether the loop is simlb's, in a thread of its own."""
        return self._thread is not None

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this loop's thread, where nothing may block."""
        return threading.get_ident() == self._identity

    def refuse_blocking(self, what: str, instead: str) -> None:
        """Raise SimlbError E693 where the caller is on the loop that would have to answer it."""
        if self.is_here and self.loop.is_running():
            raise SimlbError(
                "E693", f"{what} would wait for the event loop that it is called on.", f"in async code: {instead}"
            )

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the loop; once the loop is gone, just run it."""
        if self.is_here or self._is_closed:
            return function()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                result.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return result.result()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it. Not from the loop itself."""
        assert not self.is_here
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def begin(self, work: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Run a coroutine: from another thread to its end; on the loop as far as it goes without waiting.

        What is left then goes on as a task; the result can be awaited in any case, and raises what went wrong. What
        goes wrong without waiting is raised at once.
        """
        if not self.is_here:
            return Ready(self.run(work))
        try:
            waits_for = work.send(None)
        except StopIteration as end:
            return Ready(end.value)
        return self.loop.create_task(_rest(work, waits_for))

    def close(self) -> None:
        """End the loop and its thread, if they are simlb's own."""
        self._is_closed = True
        if self._thread is None:
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        try:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
        finally:
            self.loop.close()
