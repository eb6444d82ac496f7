"""What the pool costs beside the runs: how many runs that do nothing it does in a second, and real runs' wall time."""

import tempfile
import time

from bench import faults, local, plan
from bench.plan import Contest, Run
from bench.run import Outcome

LEAST_PER_SECOND = 50.0
MOST_OVERHEAD = 1.1
WORKERS = 2


class _Clock:
    """Notes when runs end, and when the first one began in its worker."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.ended: list[float] = []
        self.seconds = 0.0
        self.first = float("inf")

    def begin(self, run: Run) -> None:
        pass

    def end(self, outcome: Outcome) -> None:
        assert outcome.kind == "done", outcome
        self.ended.append(time.perf_counter() - self.start)
        self.seconds += outcome.seconds
        self.first = min(self.first, self.ended[-1] - outcome.seconds)

    def note(self, line: str) -> None:
        _say(line)


def main(n_idle: int, datasets: tuple[str, ...]) -> int:
    """Measure both and print them.

    Args:
        n_idle: how many runs that do nothing.
        datasets: for the real ones, which are of the preset quick.

    Returns:
        0 if both are within what is promised, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="bench-pool-") as folder:
        clock = _measure(Contest("idle", ("noop",), ("GunPoint",), n_idle, "smoke", folder))
        half = n_idle // 2  # by then all workers are up
        rate = (n_idle - half) / (clock.ended[-1] - clock.ended[half - 1])
        _say(f"runs that do nothing: {rate:.0f} a second after start-up (promised: {LEAST_PER_SECOND:.0f})")
        methods = ("timae", "timae-scratch", "timae-probe")
        clock = _measure(Contest("real", methods, datasets, 1, "quick", folder))
        wall, share = clock.ended[-1] - clock.first, clock.seconds / WORKERS
        _say(
            f"real runs: {len(clock.ended)} of preset quick, start-up {clock.first:.1f} s, then {wall:.1f} s wall; "
            f"sum of run seconds / {WORKERS} = {share:.1f} s; ratio {wall / share:.3f} (promised: {MOST_OVERHEAD})"
        )
    return 0 if rate >= LEAST_PER_SECOND and wall <= MOST_OVERHEAD * share else 1


def _measure(contest: Contest) -> _Clock:
    todo = plan.survey(contest).todo
    clock = _Clock()
    local.wait(local.submit(contest, todo, local.Options(workers=WORKERS, execute=faults.execute)), clock)
    return clock


def _say(line: str) -> None:
    print(line, flush=True)
