"""What runs a function that it is given: pools, threads, processes and event loops.

The function is called where it is handed over: what it is called with is written there.
"""

from __future__ import annotations

from collections.abc import Sequence

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.library.called import Called, models
from fxlens.source.library.container_methods import FUTURE
from fxlens.source.library.functions import applied_to_items
from fxlens.source.library.interpreter_interface import Given
from fxlens.source.library.iterators import applied_to_rows
from fxlens.source.values import NONE, Alternatives, Const, Item, Unknown

_EXECUTORS = (
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.thread.ThreadPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
    "torch.multiprocessing.Pool",
    "multiprocessing.Pool",
    "multiprocessing.pool.Pool",
    "multiprocessing.pool.ThreadPool",
    "multiprocessing.dummy.Pool",
)


def _of_executors(*names: str) -> list[str]:
    return [f"{executor}.{name}" for executor in _EXECUTORS for name in names]


def _of_loops(*names: str) -> list[str]:
    makers = ("get_running_loop", "get_event_loop", "new_event_loop")
    return [f"asyncio.{maker}.{name}" for maker in makers for name in names]


def _plain(arguments: Sequence[Given]) -> list[Given]:
    return [each for each in arguments if not each.keyword and not each.star]


def _called(call: Called, function: Alternatives, arguments: list[Given]) -> Alternatives:
    """What each of the functions returns that may be meant."""
    sides = (under(call.machine.call_value(value, arguments, call.node), own) for value, own in function)
    return joined(*sides)


def _future(call: Called, result: Alternatives) -> Alternatives:
    return call.machine.made(FUTURE, (Item(result),))


def _handed_over(call: Called, at: int, *names: str) -> Given | None:
    """The argument at a position, or of one of these names."""
    plain = _plain(call.arguments)
    if at < len(plain):
        return plain[at]
    return next((each for each in call.arguments if each.keyword in names), None)


def _with_packed(call: Called, function: Given | None, args: Given | None, kwargs: Given | None) -> Alternatives:
    """Call a function with the items of one argument and the entries of another."""
    if function is None:
        return call.unknown()
    arguments = call.machine.spread(args, "*") if args is not None else []
    arguments += call.machine.spread(kwargs, "**") if kwargs is not None else []
    return _called(call, function.alternatives, arguments)


@models(*_of_executors("map", "imap", "imap_unordered"), "tqdm.contrib.concurrent.thread_map")
@models("tqdm.contrib.concurrent.process_map")
def _map(call: Called) -> Alternatives:
    return applied_to_items(call)


@models(*_of_executors("map_async"))
def _map_async(call: Called) -> Alternatives:
    return _future(call, applied_to_items(call))


@models(*_of_executors("starmap"))
def _starmap(call: Called) -> Alternatives:
    return applied_to_rows(call)


@models(*_of_executors("starmap_async"))
def _starmap_async(call: Called) -> Alternatives:
    return _future(call, applied_to_rows(call))


@models(*_of_executors("submit"))
def _submit(call: Called) -> Alternatives:
    function = _handed_over(call, 0, "fn")
    if function is None:
        return call.unknown()
    return _future(call, _called(call, function.alternatives, [e for e in call.arguments if e is not function]))


@models(*_of_executors("apply"))
def _apply(call: Called) -> Alternatives:
    return _with_packed(
        call, _handed_over(call, 0, "func"), _handed_over(call, 1, "args"), _handed_over(call, 2, "kwds")
    )


@models(*_of_executors("apply_async"))
def _apply_async(call: Called) -> Alternatives:
    return _future(call, _apply(call))


@models("concurrent.futures.as_completed")
def _as_completed(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    made = call.machine.made("list", tuple(items), why)
    call.machine.unorder(made)
    return made


@models("threading.Thread", "multiprocessing.Process", "torch.multiprocessing.Process", "multiprocessing.dummy.Process")
def _thread(call: Called) -> Alternatives:
    _with_packed(call, _handed_over(call, 1, "target"), _handed_over(call, 3, "args"), _handed_over(call, 4, "kwargs"))
    return call.machine.unknown(call.node, made_by=call.dotted)


@models("threading.Timer")
def _timer(call: Called) -> Alternatives:
    _with_packed(
        call, _handed_over(call, 1, "function"), _handed_over(call, 2, "args"), _handed_over(call, 3, "kwargs")
    )
    return call.machine.unknown(call.node, made_by=call.dotted)


@models("torch.multiprocessing.spawn", "torch.multiprocessing.start_processes")
def _spawn(call: Called) -> Alternatives:
    """Each process is given its number first."""
    function, args = _handed_over(call, 0, "fn"), _handed_over(call, 1, "args")
    if function is None:
        return NONE
    subject = call.machine.subject(("rank", call.node), call.node)
    subject.default = certain(Const(0))
    rank = call.machine.argument_of(certain(Unknown(subject)), call.node)
    rank.text = "0"
    _called(call, function.alternatives, [rank, *(call.machine.spread(args, "*") if args is not None else [])])
    return NONE


@models("atexit.register", "asyncio.to_thread")
def _with_the_rest(call: Called) -> Alternatives:
    function = _handed_over(call, 0)
    if function is None:
        return call.unknown()
    return _called(call, function.alternatives, [each for each in call.arguments if each is not function])


@models(*_of_loops("run_in_executor"))
def _in_executor(call: Called) -> Alternatives:
    function = _handed_over(call, 1)
    if function is None:
        return call.unknown()
    rest = _plain(call.arguments)[2:]
    return _called(call, function.alternatives, rest)


@models(*_of_loops("run_until_complete", "create_task"))
@models("asyncio.run", "asyncio.create_task", "asyncio.ensure_future", "asyncio.wait_for", "asyncio.shield")
@models("joblib.delayed", "joblib.parallel.delayed")
def _same(call: Called) -> Alternatives:
    return call.argument(0, "coro") or call.unknown()


@models("asyncio.gather")
def _gather(call: Called) -> Alternatives:
    if call.unpacks:
        return call.unknown()
    return call.machine.made("list", tuple(map(Item, call.positional)))
