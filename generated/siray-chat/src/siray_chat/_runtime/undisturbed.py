"""Do what an exception of a signal handler must not interrupt.

Handlers of signals run in the main thread alone, between any two steps of Python code, and Ctrl-C
raises KeyboardInterrupt there. The extension module of msgspec cannot stand that everywhere: while it
is imported it takes the exception for one of its own and drops it, and while it looks at a class for
the first time the process crashes. So both are done in another thread. The caller waits, and it is
the waiting that is interrupted, at once; the work goes on to its end.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


def undisturbed(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or raise what it raises."""
    results: list[T] = []
    errors: list[BaseException] = []
    done = allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.release()

    try:
        start_new_thread(run, ())
    except RuntimeError:  # no thread can be had, as at the end of the interpreter
        return work()
    done.acquire()
    if errors:
        raise errors.pop()
    return results.pop()


def load_msgspec() -> None:
    """Import msgspec, so that those who import it next find it there."""
    from sys import modules

    if "msgspec" not in modules:
        undisturbed(lambda: __import__("msgspec"))
