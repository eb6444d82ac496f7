"""Commands that try the suite itself: chaos, speed-pool, speed-run, speed-scale."""

import argparse

from bench.cli.arguments import Command, positive, whole
from ucr.selectors import select


def add(command: Command) -> None:
    """Add the commands to the command line."""
    chaos = command("chaos", stir_chaos, "let tiny runs meet every fault, and compare them with the same in peace")
    chaos.add_argument("--runs", type=positive, default=60, metavar="N")
    chaos.add_argument("--faults", type=positive, default=3, metavar="N", help="of each kind")
    chaos.add_argument("--seed", type=whole, default=0, metavar="N")

    speed = command("speed-pool", measure_pool, "measure what the pool of workers costs beside the runs")
    speed.add_argument("--runs", type=positive, default=600, metavar="N", help="that do nothing")
    speed.add_argument("--datasets", default="GunPoint,ItalyPowerDemand,ArrowHead,OSULeaf", help="for real runs")

    alone = command("speed-run", measure_run, "measure what a run costs beside its training steps")
    alone.add_argument("--rounds", type=positive, default=5, metavar="N", help="timings of each side")

    large = command("speed-scale", measure_scale, "make results of a whole archive up, and time what asks about them")
    large.add_argument("--datasets", type=positive, default=128, metavar="N")
    large.add_argument("--methods", type=positive, default=20, metavar="N", help="at most 20")
    large.add_argument("--resamples", type=positive, default=30, metavar="N")
    large.add_argument("--share", type=float, default=0.95, help="of the runs that are done")


def stir_chaos(options: argparse.Namespace) -> int:
    """Carry out `chaos`."""
    from bench.trials.chaos import main as stir

    return stir(options.runs, options.faults, options.seed)


def measure_pool(options: argparse.Namespace) -> int:
    """Carry out `speed-pool`."""
    from bench.trials import speed

    return speed.pool(options.runs, tuple(select(options.datasets, None)))


def measure_run(options: argparse.Namespace) -> int:
    """Carry out `speed-run`."""
    from bench.trials import speed

    return speed.one_run(options.rounds)


def measure_scale(options: argparse.Namespace) -> int:
    """Carry out `speed-scale`."""
    from bench.trials import scale

    return scale.main(options.datasets, options.methods, options.resamples, options.share)
