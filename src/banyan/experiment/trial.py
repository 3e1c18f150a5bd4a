"""A trial written as a block: both sides are told, then run where the block ends."""

import functools
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any


class Trial:
    """``control(function, *args)`` and ``candidate(function, *args)``, then ``result``."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self._control: Callable[[], Any] | None = None
        self._candidate: Callable[[], Any] | None = None
        self.result: Any = None

    def control(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._control = functools.partial(function, *args, **kwargs)

    def candidate(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._candidate = functools.partial(function, *args, **kwargs)

    def __enter__(self) -> "Trial":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            return
        assert self._control is not None, "tell the trial its control"
        self.result = (
            self._control()
            if self._candidate is None
            else self._run(self._control, self._candidate)
        )


class AsyncTrial:
    """The same with ``async with`` and coroutine functions."""

    def __init__(self, run: Callable[..., Awaitable[Any]]) -> None:
        self._run = run
        self._control: Callable[[], Awaitable[Any]] | None = None
        self._candidate: Callable[[], Awaitable[Any]] | None = None
        self.result: Any = None

    def control(self, function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> None:
        self._control = functools.partial(function, *args, **kwargs)

    def candidate(self, function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> None:
        self._candidate = functools.partial(function, *args, **kwargs)

    async def __aenter__(self) -> "AsyncTrial":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            return
        assert self._control is not None, "tell the trial its control"
        self.result = await (
            self._control()
            if self._candidate is None
            else self._run(self._control, self._candidate)
        )
