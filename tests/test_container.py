"""The container files, held against what is installed without one; nothing is built here."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
FILES = ("Containerfile", "apptainer.def")
INSTALLS = re.compile(r"python -m pip install [^\n]*--constraint constraints\.txt \.$", re.MULTILINE)


def copied(text: str) -> set[str]:
    """What of the project comes into the image."""
    lines = re.findall(r"^(?:COPY (.+) \S+|    (\S+) /opt/timae-bench/\S+)$", text, re.MULTILINE)
    return {word for line in lines for word in "".join(line).split()}


@pytest.mark.parametrize("name", FILES)
def test_an_image_is_installed_from_the_pins_alone(name: str) -> None:
    text = (PROJECT / name).read_text()
    assert len(INSTALLS.findall(text)) == 1
    assert len(re.findall(r"pip install", text)) == 1, "whatever else is installed is not pinned"
    assert "constraints.txt" in copied(text)


@pytest.mark.parametrize("name", FILES)
def test_an_image_has_all_that_the_installation_reads(name: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    rooms = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    needed = {"pyproject.toml", "constraints.txt", project["project"]["readme"], *project["project"]["license-files"]}
    inside = copied((PROJECT / name).read_text())
    assert inside == needed | rooms
    assert all((PROJECT / path).exists() for path in inside)


@pytest.mark.parametrize("name", FILES)
def test_an_images_python_is_one_that_the_project_allows(name: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    version = re.search(r"python:3\.(\d+)-slim", (PROJECT / name).read_text())
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"])
    assert version
    assert bounds
    assert int(bounds[1]) <= int(version[1]) < int(bounds[2])


def test_nothing_else_is_sent_to_the_builder() -> None:
    lines = (PROJECT / ".containerignore").read_text().split()
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied((PROJECT / "Containerfile").read_text())


def test_both_files_build_the_same() -> None:
    container, apptainer = ((PROJECT / name).read_text() for name in FILES)
    assert copied(container) == copied(apptainer)
    assert INSTALLS.findall(container)[0] in apptainer
    for base in (r"python:3\.\d+-slim-\w+",):
        assert re.findall(base, container) == re.findall(base, apptainer)
