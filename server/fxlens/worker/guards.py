"""What keeps user code from disturbing anybody: environment, descriptors, dying with the parent."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

QUIET_ENVIRONMENT = {
    # No GPU: models are only looked at, and CUDA's start costs seconds and hundreds of megabytes.
    "CUDA_VISIBLE_DEVICES": "",
    # Few threads: the editor's machine has other work, and forking a process with a thread pool is a trap.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Opening a file must never download anything or report to anybody.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "WANDB_MODE": "disabled",
    "TQDM_DISABLE": "1",
}


def quieten() -> None:
    """Set the environment variables that libraries read when they are imported."""
    os.environ.update(QUIET_ENVIRONMENT)


def die_with_parent(parent: int | None) -> None:
    """End this process when its parent ends, whatever it is doing.

    On Linux the kernel does it, even for a loop in C. Elsewhere a thread looks twice a second.
    """
    expected = os.getppid() if parent is None else parent
    if sys.platform == "linux" and _ask_kernel(signal.SIGKILL):
        if os.getppid() != expected:  # It died before we asked.
            os._exit(1)
        return
    if sys.platform != "win32":
        threading.Thread(target=_watch_parent, args=(expected,), daemon=True, name="parent watch").start()


def _ask_kernel(number: int) -> bool:
    import ctypes

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG
    try:
        return bool(ctypes.CDLL(None).prctl(set_parent_death_signal, number, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False  # Not every libc has prctl; the watching thread takes over.


def _watch_parent(expected: int) -> None:
    while os.getppid() == expected:
        time.sleep(0.5)
    os._exit(1)


def no_core_dumps() -> None:
    """A crash in a user's model must not fill the disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def bound_files(megabytes: int) -> None:
    """No single file beyond ``megabytes``, whatever writes it: the worker's look at the sizes may come late."""
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        most = megabytes * 1_000_000 if hard == resource.RLIM_INFINITY else min(megabytes * 1_000_000, hard)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def default_signals() -> None:
    """Undo what the worker set up for itself; called in a fresh trace process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def redirect_output(descriptor: int) -> None:
    """Point stdout and stderr, and all that C code prints, at ``descriptor``; stdin is empty."""
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
