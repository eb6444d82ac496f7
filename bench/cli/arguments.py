"""Options that several commands share, and the kinds of value that options take."""

import argparse
from collections.abc import Callable

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command to the command line: (name, what carries it out, summary) → its parser, to be given its options."""

PRESET = "quick"


def add_contest(command: argparse.ArgumentParser) -> None:
    """Add what says which runs a contest has, and where they lie."""
    command.add_argument(
        "--datasets", help="names, globs, groups or conditions: python -m ucr list --help; default: bundled"
    )
    command.add_argument("--methods", help="names, separated by commas; default: the default contest's")
    command.add_argument(
        "--labels",
        metavar="N[,N]",
        help="each method with the labels of N train cases a class, and by 'all' with all: 1,2,5,10,all",
    )
    command.add_argument(
        "--resamples", type=positive, metavar="N", help="the archive's split and N-1 resamples; default: 1"
    )
    command.add_argument(
        "--once",
        metavar="NAMES",
        help="of the methods, those that have the first resample alone, for the price of the others",
    )
    command.add_argument(
        "--same-split", action="store_true", help="each resample is the archive's split with a seed of its own"
    )
    command.add_argument(
        "--preset", help=f"what a run may cost: smoke, quick, standard, paper-cpu, paper; default: {PRESET}"
    )
    command.add_argument(
        "--exclude-self",
        action="store_true",
        help="pre-train -archive methods on all data sets but the one at hand: they become -archive-others",
    )
    command.add_argument(
        "--pretrain-on",
        metavar="DATASETS",
        help="what -archive methods are pre-trained on, beside the train series of the contest's own data sets",
    )
    command.add_argument(
        "--pretrained",
        metavar="FILE",
        help="-archive methods take its encoder in place of pre-training: what python -m timae.pretrain made, or ucr",
    )
    command.add_argument(
        "--normalise",
        choices=("series", "none"),
        default="series",
        help="series: each is z-normalised by itself; none: as on disk, as many published numbers are of",
    )
    command.add_argument(
        "--tuned",
        metavar="DATASETS",
        help="data sets that somebody looked at when methods were made, beside those that recipes name: the report "
        "compares on the others first",
    )
    command.add_argument(
        "--suite",
        help="a contest with a name of its own, ladder, labels or ecg5000; what is given beside it goes before",
    )
    command.add_argument("--name", default="default", help="of the contest: its folder in results/ and reports/")
    command.add_argument("--results", default="results", metavar="DIR")
    command.add_argument("--root", help="folder of the archive; default: UCR_ROOT")


def add_stored(command: argparse.ArgumentParser) -> None:
    """Add what names a contest that has been run."""
    command.add_argument("name", nargs="?", default="default", help="of the contest, or the path of its folder")
    command.add_argument("--results", default="results", metavar="DIR")


AGAINST = (
    "names (HC2,MultiRocket) or kinds: published, rocket, deep, foundation, hybrid, interval, dictionary, shapelet, "
    "feature, distance, self-supervised; python -m bench published lists them"
)


def add_telling(command: argparse.ArgumentParser) -> None:
    """Add what a report puts beside our own results, and what it compares on."""
    command.add_argument("--against", metavar="NAMES", help=f"put published accuracies beside ours: {AGAINST}")
    add_comparing(command, "methods: rank those that have every data set; datasets: all, on those that all have")


def add_comparing(command: argparse.ArgumentParser, complete: str) -> None:
    """Add how a table with gaps is compared, and what errors are relative to."""
    command.add_argument("--complete", choices=("methods", "datasets"), help=complete)
    command.add_argument(
        "--baseline", metavar="METHOD", help="to which errors are relative; default: 1nn-dtw, or the first baseline"
    )


def add_workers(command: argparse.ArgumentParser) -> None:
    """Add how a machine does runs."""
    command.add_argument("--workers", type=positive, default=2, metavar="N", help="runs at a time, without GPUs")
    command.add_argument("--workers-per-gpu", type=positive, default=1, metavar="N", help="runs at a time on each GPU")


def add_tries(command: argparse.ArgumentParser) -> None:
    """Add how often and how long a run is tried."""
    command.add_argument(
        "--time-limit",
        type=minutes,
        metavar="MINUTES",
        help="of one try of a run; default: 20 times what is predicted, at least 30",
    )
    command.add_argument(
        "--retries",
        type=whole,
        default=1,
        metavar="N",
        help="tries more for a run whose worker died or took too long; a full disk is waited for",
    )
    command.add_argument(
        "--keep-checkpoints", action="store_true", help="leave the last checkpoint of each run in work/"
    )


def whole(text: str) -> int:
    """Read a whole number from 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def minutes(text: str) -> float:
    """Read a duration in minutes."""
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"expected minutes above 0, got {text!r}")
    return minutes
