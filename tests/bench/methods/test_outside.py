"""What NAME=TARGET names, and what tells one state of it from another."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from bench.methods.method import MethodError
from bench.methods.outside import described, load, target_of
from bench.methods.table import get_method

MODEL = "class Model:\n    def __init__(self, k=1):\n        self.k = k\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "my_model.py"
    path.write_text(MODEL)
    return path


def offer(folder: Path, name: str, version: str, direct_url: str = "") -> None:
    """Make a package and its metadata, as an installer leaves them."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "models.py").write_text(MODEL)
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "top_level.txt").write_text(f"{name}\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\n{name}/models.py,,\n")
    (info / "entry_points.txt").write_text(f"[timae_bench.methods]\n{name}-model = {name}.models:Model\n")
    if direct_url:
        (info / "direct_url.json").write_text(direct_url)


def test_a_target_is_read_again_as_it_is_written(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    target = target_of("my_model.py:Model(k=3, name='a,b', sizes=[1, (2, 3)])")
    assert (target.place, target.thing) == (str(model), "Model")
    assert target.options == {"k": 3, "name": "a,b", "sizes": [1, (2, 3)]}
    monkeypatch.chdir("/")
    assert target_of(target.text) == target
    assert load(target)(k=2).k == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}/nowhere.py:Model", "there is no file"),
        ("{}/my_model.py:Modle", "my_model.py has no 'Modle'; did you mean Model?"),
        ("{}/my_model.py:Model(3)", r"options are names and plain values, such as \(n_estimators=50\), got \(3\)"),
        ("{}/my_model.py:Model(k=len)", "options are names and plain values"),
        ("{}/my_model.py:Model(k=1", "options are names and plain values"),
        ("{}/my_model.py:Model(**k)", "options are names and plain values"),
        ("{}/my_model.py:Model(random_state=1)", "random_state is the seed of each run; leave it out"),
        ("{}/broken.py:Model", "broken.py is no Python that can be read"),
        ("sklearn.nowhere:Model", "there is no module sklearn.nowhere in this Python; is its package installed?"),
        ("nopackage:Model", "there is no module nopackage in this Python"),
        ("sktime.classification.interval_based:TimeSeriesForest", "did you mean TimeSeriesForestClassifier"),
        ("mymodel", "expected file.py:Thing, package.module:Thing or an entry point of timae_bench.methods"),
    ],
)
def test_what_is_no_target_is_refused_in_one_line(model: Path, text: str, message: str) -> None:
    (model.parent / "broken.py").write_text("class Model(:\n")
    with pytest.raises(MethodError, match=message) as refused:
        target_of(text.format(model.parent))
    assert "\n" not in str(refused.value)


def test_saying_what_a_target_is_runs_none_of_its_code(model: Path) -> None:
    model.write_text(f"{MODEL}\nraise SystemExit('imported')\n")
    described(target_of(f"{model}:Model"))
    with pytest.raises(SystemExit):
        load(target_of(f"{model}:Model"))
    before = set(sys.modules)
    described(target_of("sktime.classification.hybrid:HIVECOTEV2"))
    assert not {name for name in set(sys.modules) - before if name.startswith("sktime")}


def test_an_edited_file_is_another_method_and_is_imported_anew(model: Path) -> None:
    text = f"{model}:Model"
    first = get_method("mine", "quick", {"mine": text}).describe()
    assert first["config"]["estimator"] == "Model"  # a file may be moved
    assert load(target_of(text))().k == 1
    model.write_text(MODEL.replace("k=1", "k=2"))
    assert get_method("mine", "quick", {"mine": text}).describe() != first
    assert load(target_of(text))().k == 2
    model.write_text(MODEL)
    assert get_method("mine", "quick", {"mine": text}).describe() == first
    model.unlink()
    with pytest.raises(MethodError, match=r"there is no file .*my_model\.py"):
        get_method("mine", "quick", {"mine": text})


def test_what_a_file_imports_from_its_folder_counts_too(model: Path) -> None:
    (model.parent / "layers").mkdir()
    deep = model.parent / "layers" / "deep.py"
    (model.parent / "layers" / "__init__.py").write_text("from . import deep\n")
    deep.write_text("K = 1\n")
    (model.parent / "unrelated.py").write_text("")
    model.write_text(f"import json\nfrom layers.deep import K\n{MODEL.replace('k=1', 'k=K')}")
    target = target_of(f"{model}:Model")
    before = described(target)
    assert list(before.source) == ["sha256", "layers/__init__.py", "layers/deep.py"]
    assert load(target)().k == 1
    deep.write_text("K = 2\n")
    assert {name for name, value in described(target).source.items() if value != before.source[name]} == {
        "layers/deep.py"
    }
    with pytest.raises(MethodError, match=r"deep\.py was edited while it was in use; run the contest again"):
        load(target)
    deep.write_text("K = 1\n")
    assert load(target)().k == 1
    other = model.parent / "other" / "model.py"
    (other.parent / "layers").mkdir(parents=True)
    (other.parent / "layers" / "__init__.py").write_text("")
    other.write_text(f"import layers\n{MODEL}")
    with pytest.raises(MethodError, match=r"layers is .* already in this process, not .*; rename one of them"):
        load(target_of(f"{other}:Model"))


def test_a_package_counts_by_its_version_and_an_editable_one_by_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(tmp_path, "installed_models", "1.2")
    offer(tmp_path, "edited_models", "0.1", '{"url": "file:///x", "dir_info": {"editable": true}}')
    monkeypatch.syspath_prepend(str(tmp_path))
    found = importlib.metadata.packages_distributions()
    monkeypatch.setattr("bench.methods.outside._distributions", lambda: found)

    installed, edited = target_of("installed_models-model"), target_of("edited_models.models:Model")
    assert described(installed).estimator == "installed_models.models:Model"
    assert described(installed).source == {"package": "installed_models", "version": "1.2"}
    before = described(edited)
    assert list(before.source) == ["sha256", "edited_models/__init__.py"]
    assert load(edited)().k == 1
    (tmp_path / "edited_models" / "models.py").write_text(MODEL.replace("k=1", "k=2"))
    assert described(edited) != before
    with pytest.raises(MethodError, match="was edited while it was in use; run the contest again"):
        load(edited)  # what was imported is no longer what the source says


def test_a_method_that_this_version_does_not_know_is_named() -> None:
    with pytest.raises(MethodError, match=r"^mine is no method of this version$"):
        get_method("mine+minirocket", "quick")
