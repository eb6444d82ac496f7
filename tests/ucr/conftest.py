import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the mirror, which a process of its own runs too

from mirror import MADE_UP, Mirror, Shipped, write_made_up

from ucr import archive

REAL = Shipped(equal="Coffee", unequal="ShakeGestureWiimoteZ", without_blob="Chinatown")


@pytest.fixture(scope="session")
def made_up_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made-up")


@pytest.fixture(scope="session")
def made_up_infos(made_up_folder: Path) -> list[archive.Info]:
    return write_made_up(made_up_folder)


@pytest.fixture(params=["made-up", "real"])
def shipped(
    request: pytest.FixtureRequest,
    made_up_folder: Path,
    made_up_infos: list[archive.Info],
    monkeypatch: pytest.MonkeyPatch,
) -> Shipped:
    """Three data sets to be shipped by mirrors: a made-up archive's, and the real one's where it is at hand."""
    if request.param == "real":
        return dataclasses.replace(REAL, folder=request.getfixturevalue("real_archive"))
    for info in made_up_infos:
        monkeypatch.setitem(archive._FACTS, info.name, info)
    return dataclasses.replace(MADE_UP, folder=made_up_folder)


@pytest.fixture
def mirror(shipped: Shipped, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """All places that ship the archive, as one server on loopback that can be told to misbehave."""
    with Mirror(shipped) as server:
        for name in shipped.names:
            changed = dataclasses.replace(archive.ARCHIVE[name], lfs_sha256=server.zip_sha256(name))
            monkeypatch.setitem(archive._FACTS, name, changed)
        yield server


@pytest.fixture
def plan(mirror: Mirror, tmp_path: Path) -> Path:
    """What a process of its own must know to download from the mirror: see `run_download.py`."""
    path = tmp_path / "plan.json"
    infos = [dataclasses.asdict(archive.ARCHIVE[name]) for name in mirror.shipped.names]
    sources = {name: dataclasses.asdict(source) for name, source in mirror.sources.items()}
    path.write_text(json.dumps({"infos": infos, "sources": sources}))
    return path
