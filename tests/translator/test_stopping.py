import os
import signal
import threading

import pytest

from tinyattn.translator.stopping import Interrupted, StopRequest

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_noted_the_second_does_not_wait(number):
    before = [signal.getsignal(number) for number in SIGNALS]
    with StopRequest() as stop:
        assert stop.signal is None
        os.kill(os.getpid(), number)
        assert stop.signal == number
        with pytest.raises(Interrupted):
            os.kill(os.getpid(), number)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_other_threads_get_no_signals():
    entered = []

    def enter():
        with StopRequest() as stop:
            entered.append(stop.signal)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [None]
