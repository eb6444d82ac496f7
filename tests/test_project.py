"""What holds for the project as a whole."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

PROJECT = Path(__file__).parents[1]


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert match, requirement
    return match[0].lower().replace("_", "-")


def test_every_dependency_is_pinned_to_one_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    more = project["optional-dependencies"]
    wanted = [*project["dependencies"], *more["dev"], *more["yardstick"]]
    pins = [line for line in (PROJECT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^=*]+", pin) for pin in pins)
    assert {name_of(requirement) for requirement in wanted} <= {pin.split("==")[0] for pin in pins}
    assert "torch==2.13.0" in pins


def test_make_help_explains_every_variable_and_target() -> None:
    text = (PROJECT / "Makefile").read_text()
    shown = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    variables = re.findall(r"^([A-Z_]+)\s*\?=", text, re.MULTILINE)
    assert len(variables) >= 8
    for variable in variables:
        assert f"  {variable}=" in shown, variable
    for target in re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE):
        assert f"  {target} " in shown, target


ROOMS = sorted(path.parent for path in (PROJECT / "bench").glob("*/__init__.py"))


def test_the_map_of_the_house_names_every_room() -> None:
    plan = (PROJECT / "CONTRIBUTING.md").read_text()
    assert len(ROOMS) == 8
    for room in ROOMS:
        assert f"`bench/{room.name}/`" in plan, f"bench/{room.name} is not in CONTRIBUTING.md"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_in_one_sentence_what_it_is_and_imports_no_more_than_it_says(room: Path) -> None:
    said = re.fullmatch(r'"""[^"]+; may import ([^"]+)\."""\n', (room / "__init__.py").read_text())
    assert said, room
    others = {other.name for other in ROOMS} - {room.name}
    allowed = set(re.findall(r"\w+", said[1]))
    if "every" in allowed:
        allowed = others - set(re.findall(r"but (\w+)", said[1]))
    text = "\n".join(path.read_text() for path in room.rglob("*.py"))
    assert set(re.findall(r"(?:from|import) bench\.(\w+)", text)) & others <= allowed


def test_what_the_papers_name_is_there() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "results/README.md", "CHANGELOG.md"):
        text = (PROJECT / page).read_text()
        for path in re.findall(r"`((?:bench|timae|ucr|tests)/[\w/.]*)`", text):
            assert (PROJECT / path).exists(), f"{page} names {path}"


def test_no_module_is_too_long_to_read_in_one_sitting() -> None:
    for path in (path for room in ("bench", "timae", "ucr") for path in (PROJECT / room).rglob("*.py")):
        assert len(path.read_text().splitlines()) < 400, path


def test_tests_mirror_the_tree() -> None:
    folders = {path.parent.relative_to(PROJECT / "tests") for path in (PROJECT / "tests").rglob("test_*.py")}
    for folder in folders - {Path()}:
        assert (PROJECT / folder).is_dir(), f"tests/{folder} mirrors nothing"


def test_the_wheel_has_all_rooms_their_data_and_the_licence(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("bench", "timae", "ucr", "pyproject.toml", "README.md", "LICENSE"):
        source = PROJECT / name
        shutil.copytree(source, tree / name) if source.is_dir() else shutil.copy(source, tree / name)
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)],
        cwd=tree, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with ZipFile(tmp_path / done.stdout.splitlines()[-1]) as wheel:
        held = set(wheel.namelist())
        [scripts] = [name for name in held if name.endswith("entry_points.txt")]
        commands = wheel.read(scripts).decode()
    ours = [path for room in ("bench", "timae", "ucr") for path in (PROJECT / room).rglob("*.*")]
    kinds = (".py", ".csv", ".xz", ".css", ".js", ".safetensors", ".md")
    wanted = {str(path.relative_to(PROJECT)) for path in ours if path.suffix in kinds}
    assert wanted <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert "timae-bench = bench.__main__:main" in commands
    assert "timae-train = timae.cli.main:main" in commands


def test_the_citation_is_of_this_version() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (PROJECT / "CITATION.cff").read_text()
    assert f"\n## [{version}] – " in (PROJECT / "CHANGELOG.md").read_text()
