"""What a signal must not interrupt goes on to its end; the caller is interrupted at once."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from sdkpress.runtime.undisturbed import undisturbed


def test_results_and_errors_come_back() -> None:
    assert undisturbed(lambda: threading.current_thread()) is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        undisturbed(lambda: 1 // 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for one thread")
def test_ctrl_c_interrupts_the_wait_and_not_the_work() -> None:
    main = threading.main_thread().ident
    go_on = threading.Event()
    finished = threading.Event()

    def work() -> None:
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        go_on.wait(10)
        finished.set()

    # Where the tests run in the background of a shell, Ctrl-C is ignored from the start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            undisturbed(work)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not finished.is_set()
    go_on.set()
    assert finished.wait(10)
