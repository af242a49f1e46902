"""Waiting with a limit: a result, a timeout and a cancellation, also when two come in one turn of the loop."""

from __future__ import annotations

import asyncio

import pytest

from fxlens.engine.tasks import within


async def test_the_result_in_time() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.get_loop().call_soon(future.set_result, 3)
    assert await within(60, future) == 3


async def test_what_takes_longer_is_given_up() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.TimeoutError):
        await within(0, future)
    assert future.cancelled()


async def test_an_error_is_passed_on() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await within(60, future)


async def test_who_is_cancelled_ends_although_the_result_is_there() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(within(60, future))
    await asyncio.sleep(0)
    future.set_result(3)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_who_is_cancelled_cancels_what_it_waited_for() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(within(60, future))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert future.cancelled()
