"""Commands that try the suite itself: chaos, soak, speed-pool, speed-run, speed-scale, gpu-check."""

import argparse
from pathlib import Path

from bench.cli.arguments import Command, minutes, positive, whole
from ucr.selectors import select


def add(command: Command) -> None:
    """Add the commands to the command line."""
    chaos = command("chaos", stir_chaos, "let tiny runs meet every fault, and compare them with the same in peace")
    chaos.add_argument("--runs", type=positive, default=60, metavar="N")
    chaos.add_argument("--faults", type=positive, default=3, metavar="N", help="of each kind")
    chaos.add_argument("--seed", type=whole, default=0, metavar="N")

    soak = command("soak", soak_contest, "carry a real contest to its end through kill -9, SIGTERM and full disks")
    soak.add_argument("--name", required=True, help="of the contest")
    soak.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="filled if a disk of its own"
    )
    soak.add_argument("--interruptions", type=positive, default=10, metavar="N")
    soak.add_argument("--minutes", type=minutes, default=10.0, metavar="MINUTES", help="between two, on average")
    soak.add_argument("--seed", type=whole, default=0, metavar="N")
    soak.add_argument("options", nargs=argparse.REMAINDER, metavar="-- OPTIONS", help="of bench run")

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

    gpu = command("gpu-check", check_gpu, "measure what the project claims about GPUs, into one file")
    gpu.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: tiny, to see that it works")
    gpu.add_argument(
        "--out", type=Path, default=Path("reports/gpu"), metavar="DIR", help="of the file, named by the card"
    )
    gpu.add_argument("--minutes", type=positive, default=6, metavar="N", help="at most, of all parts together")


def stir_chaos(options: argparse.Namespace) -> int:
    """Carry out `chaos`."""
    from bench.trials.chaos import main as stir

    return stir(options.runs, options.faults, options.seed)


def soak_contest(options: argparse.Namespace) -> int:
    """Carry out `soak`."""
    from bench.trials.soak import main as soak

    more = options.options[1:] if options.options[:1] == ["--"] else options.options
    return soak(options.name, options.results, options.interruptions, options.minutes, options.seed, more)


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


def check_gpu(options: argparse.Namespace) -> int:
    """Carry out `gpu-check`."""
    from bench.trials import gpu_check

    return gpu_check.check(options.device, options.out, options.minutes)
