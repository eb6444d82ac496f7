"""Where the archive can be had, and the form in which each place ships it.

Left out on purpose: copies that are split anew, relabelled, imputed or rounded to float32 (Figshare 47494442,
thedatum.org, the ``_eq`` and ``_nmv`` files on Zenodo, UCR-2018 on Hugging Face).
"""

import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from ucr.archive import Info
from ucr.folders import SPLITS, SplitName
from ucr.transfer import RefusedError, Transfer

PASSWORD = b"someone"
"""Of the official zip, as its authors publish it; harmless where a zip has none."""


class DamagedError(RefusedError):
    """A zip or tar that must not be used again."""


@dataclass(frozen=True)
class Source:
    """A place that ships data sets.

    Attributes:
        url: address; ``{name}``, ``{split}`` and ``{zenodo_record}`` stand for the data set's.
        kind: ``archive``: one file with all data sets; ``zip``: one a data set; ``files``: one a split;
            ``record``: a Zenodo record that lists the files.
        hashed: whether `Info` knows the zip's SHA-256.
    """

    url: str
    kind: Literal["archive", "zip", "files", "record"]
    hashed: bool = False


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


def unpack(path: Path, name: str, folder: Path) -> dict[SplitName, Path]:
    """Takes the two files of a data set out of a zip or tar. They get our names: no entry chooses where it lands.

    Raises:
        RefusedError: the file is no zip or tar, is damaged, or does not have the data set.
        OSError: the files cannot be written.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return _take(archive.namelist(), lambda entry: archive.open(entry, pwd=PASSWORD), name, folder)
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                return _take(tar.getnames(), tar.extractfile, name, folder)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DamagedError(f"the archive is damaged: {error}") from error
    with path.open("rb") as file:
        raise DamagedError(f"the answer is no zip or tar but begins with {file.read(24)!r}")


def _take(
    entries: Iterable[str], opener: Callable[[str], IO[bytes] | None], name: str, folder: Path
) -> dict[SplitName, Path]:
    files: dict[SplitName, Path] = {}
    for split in SPLITS:
        entry, ending = _find_entry(entries, f"{name}_{split.upper()}")
        files[split] = folder / f"{name}_{split.upper()}{ending}"
        content = opener(entry)
        if content is None:
            raise RefusedError(f"{entry} is no file")
        with content, files[split].open("wb") as file:
            shutil.copyfileobj(content, file, 2**20)
    return files


def _find_entry(entries: Iterable[str], stem: str) -> tuple[str, str]:
    """The entry of a split and its ending. The official zip's folder of padded and imputed copies is passed over."""
    for ending in (".tsv", ".ts"):
        for entry in entries:
            path = PurePosixPath(entry)
            if path.name == stem + ending and not any("adjusted" in part for part in path.parts):
                return entry, ending
    raise RefusedError(f"the archive has no {stem}.tsv or .ts")
