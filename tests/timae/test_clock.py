import subprocess
import sys
import time

from timae.clock import Clock

BUSY = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_sleep_takes_time_but_no_processor():
    clock = Clock()
    time.sleep(0.3)
    assert clock.seconds() >= 0.3
    assert clock.cpu_seconds() < 0.25


def test_work_counts_whether_this_process_does_it_or_a_child():
    clock = Clock()
    exec(BUSY, {})
    own = clock.cpu_seconds()
    assert own >= 0.3
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert clock.cpu_seconds() - own >= 0.25  # the system counts children in hundredths


def test_a_child_that_lives_counts_too():
    clock = Clock()
    with subprocess.Popen([sys.executable, "-c", f"{BUSY}\nprint(); input()"], stdin=-1, stdout=-1) as child:
        child.stdout.readline()
        assert clock.cpu_seconds() >= 0.25
        child.communicate(b"\n")
