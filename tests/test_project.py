"""What holds for the project as a whole."""

import re
import subprocess
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert match, requirement
    return match[0].lower().replace("_", "-")


def test_every_dependency_is_pinned_to_one_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
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


def test_the_map_of_the_house_names_every_room() -> None:
    readme = (PROJECT / "README.md").read_text()
    for room in ("ucr", "timae", "bench"):
        for module in (PROJECT / room).glob("[a-z]*.py"):
            assert f"`{module.stem}`" in readme, f"{room}/{module.name} is not in the README"
