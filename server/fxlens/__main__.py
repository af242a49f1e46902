"""The command ``fxlens``: from its first line on, Ctrl+C ends it with 130 and without a traceback.

Importing takes a moment in which people notice that they meant another command.
"""

import os

try:
    # What `signal` wraps in enumerations, whose import takes longer than all else here.
    from _signal import SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from signal import SIGINT, default_int_handler, getsignal, signal

INTERRUPTED = 130


def _leave(_signal: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


_HEEDED = getsignal(SIGINT) is default_int_handler
"""Not where it is ignored, as for a command in the background of a shell script."""


def run() -> None:
    """Run the command, and end the process with its status."""
    if _HEEDED:
        signal(SIGINT, _leave)
    from fxlens.cli.main import main

    try:
        if _HEEDED:
            signal(SIGINT, default_int_handler)
        main(prog_name="fxlens")
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    except SystemExit as error:
        if error.code == INTERRUPTED:
            os._exit(INTERRUPTED)
        raise
    finally:
        if _HEEDED:
            signal(SIGINT, _leave)


if __name__ == "__main__":
    run()
