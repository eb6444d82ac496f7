"""Download: from the first source that gives the archive's files, verified, into place whole or not at all.

Under the root, a folder ``.download`` holds the locks, what is being fetched, and the official zip until every
data set is installed. It can be deleted when nothing runs.
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
from ucr.sources import SOURCES, DamagedError, Source, fetch, unpack
from ucr.transfer import RefusedError, Transfer

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def download(
    names: Sequence[str],
    root: str | Path | None = None,
    sources: Mapping[str, Source] = SOURCES,
    transfer: Transfer | None = None,
    offline: bool = False,
    report: Callable[[str], None] = print,
) -> None:
    """Installs data sets of the archive; what is there and verified is left as it is.

    Args:
        names: the data sets.
        root: folder of the data, see `ucr.folders.find_root`; made where it is missing.
        sources: where to look, in order.
        transfer: how to fetch.
        offline: never touch the network: use only a zip of the whole archive that is already there.
        report: is called with one line a data set.

    Raises:
        UcrError: a data set could not be installed (the message says what each source answered; the others are
            installed all the same), the root cannot be written, or its disk is full.
    """
    if unknown := [name for name in names if name not in ARCHIVE]:
        raise UcrError(f"{unknown[0]} is no data set of the archive, so that nobody ships it")
    installer = _Installer(find_root(root), sources, transfer or Transfer(), offline, report)
    refusals: dict[str, list[str]] = {}
    for name in names:
        with installer.write_errors(name):
            if answers := installer.install(name):
                refusals.setdefault("; ".join(answers), []).append(name)
    installer.tidy()
    if refusals:
        listed = " | ".join(f"{', '.join(names)}: {answers}" for answers, names in refusals.items())
        raise UcrError(f"not installed in {installer.root}: {listed}")


class _Installer:
    """Installs one data set after the other, and remembers which archive files gave nothing."""

    def __init__(
        self,
        root: Path,
        sources: Mapping[str, Source],
        transfer: Transfer,
        offline: bool,
        report: Callable[[str], None],
    ) -> None:
        self.root, self.sources, self.transfer = root, sources, transfer
        self.offline, self.report = offline, report
        self.shelf = root / ".download"
        self.useless: dict[str, str] = {}

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
                    self.report(f"{name}: installed from {source}, {record}")
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

    def _stage(self, name: str, source_name: str, staging: Path) -> str:
        """Puts both tsv files and their record into `staging`, verified; says in words how they were."""
        info, source = ARCHIVE[name], self.sources[source_name]
        if source.kind == "archive":
            shipped = self._from_archive(name, source_name, staging)
        elif self.offline:
            raise RefusedError("not asked, for --offline")
        else:
            shipped = fetch(source, info, staging, self.transfer)
        exact = all(file.suffix == ".tsv" for file in shipped.values())
        for split, file in shipped.items():
            if file.suffix == ".ts":
                content = tsv.as_tsv(file, info.columns)
                shipped[split] = file.with_suffix(".tsv")
                shipped[split].write_bytes(content)
        checks = verify.check(name, shipped, exact)
        verify.write_record(staging, source_name, shipped, checks)
        return ", ".join(f"{split} verified by {check}" for split, check in checks.items())

    def _from_archive(self, name: str, source_name: str, staging: Path) -> dict[SplitName, Path]:
        """Takes a data set out of a file of the whole archive, which is fetched once and kept."""
        if source_name in self.useless:
            raise RefusedError(self.useless[source_name])
        url = self.sources[source_name].url
        path = self.shelf / source_name / "archive"
        with self._lock(source_name):
            try:
                if not path.exists():
                    if self.offline:
                        raise DamagedError("not asked, for --offline")
                    path.parent.mkdir(exist_ok=True)
                    for stale in path.parent.glob("tmp*"):  # of a process that was killed; its .part goes on
                        stale.unlink()
                    self.report(f"fetching the whole archive from {url} (about 300 MB, kept for other data sets)")
                    self.transfer.fetch(url, path)
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

    def _move(self, name: str, staging: Path) -> None:
        """Moves verified files into place, the test file last: without it nothing takes the data set for whole."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        files = find_files(staging, name)
        (staging / verify.RECORD).replace(folder / verify.RECORD)
        for split in SPLITS:
            files[split].replace(folder / files[split].name)

    def tidy(self) -> None:
        """Removes the kept archives once they have nothing left to give."""
        if all(find_folder(name, self.root, bundled=False) for name in ARCHIVE):
            for source in self.sources:
                shutil.rmtree(self.shelf / source, ignore_errors=True)

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
