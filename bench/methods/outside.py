"""Methods from outside: NAME=TARGET, where TARGET says where an estimator is.

TARGET is ``file.py:Thing``, ``package.module:Thing`` or a name that an installed package offers as entry point of the
group ``timae_bench.methods``; options may follow: ``my_model.py:MyClassifier(n_estimators=50)``. Thing is a class, or a
function without required arguments, that gives an estimator in the manner of scikit-learn, sktime or aeon.

To say what a target is takes none of its code: it is looked up without being imported.
"""

import ast
import difflib
import functools
import importlib.metadata
import importlib.util
import json
import modulefinder
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from bench.methods.method import Baseline, MethodError

GROUP = "timae_bench.methods"


@dataclass(frozen=True)
class Target:
    """Where an estimator is, and with what options it is made."""

    place: str
    """A Python file, absolute; or the dotted name of a module."""
    thing: str
    """What of it gives the estimator."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What `target_of` reads as this."""
        return f"{self}({', '.join(f'{name}={value!r}' for name, value in self.options.items())})"

    @property
    def is_file(self) -> bool:
        """Whether its place is a file."""
        return self.place.endswith(".py")

    def __str__(self) -> str:
        return f"{self.place}:{self.thing}"


@dataclass(frozen=True)
class Outside(Baseline):
    """A classifier that somebody else wrote."""

    source: dict[str, str] = field(default_factory=dict)
    """What it is at this moment: a package and its version, or the SHA-256 of its file and of those that it imports."""


def target_of(text: str) -> Target:
    """Read a target, and find out whether there is such a thing.

    Raises:
        MethodError: it cannot be read, or is not there.
    """
    place, options = _taken_apart(text)
    if ":" not in place:
        place = _offered(place)
    module, _, thing = place.rpartition(":")
    if module.endswith(".py"):
        module = str(Path(module).expanduser().resolve())
    target = Target(module, thing, options)
    _require_thing(target)
    return target


def _taken_apart(text: str) -> tuple[str, dict[str, Any]]:
    """The place in a target, and its options."""
    place, bracket, rest = text.partition("(")
    if not bracket:
        return place.strip(), {}
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        assert isinstance(call, ast.Call)
        assert not call.args
        options = {str(option.arg): ast.literal_eval(option.value) for option in call.keywords}
        json.dumps(options)
    except (SyntaxError, ValueError, TypeError, AssertionError) as error:
        raise MethodError(
            f"{text}: options are names and plain values, such as (n_estimators=50), got ({rest}"
        ) from error
    if "random_state" in options:
        raise MethodError(f"{text}: random_state is the seed of each run; leave it out")
    return place.strip(), options


def _offered(name: str) -> str:
    """What an installed package offers under a name."""
    offers = {offer.name: offer.value for offer in importlib.metadata.entry_points(group=GROUP)}
    if name not in offers:
        known = ", ".join(offers) or "none is offered"
        raise MethodError(
            f"{name}: expected file.py:Thing, package.module:Thing or an entry point of {GROUP} ({known}), got {name!r}"
        )
    return offers[name]


def described(target: Target) -> Outside:
    """The configuration of a method: what decides what its estimator does.

    Raises:
        MethodError: the target is not there any more.
    """
    return Outside(target.thing if target.is_file else str(target), target.options, _source(target))


def _source(target: Target) -> dict[str, str]:
    """A package's name and version; of a file, of an editable package and of a module of none, the sources' hashes."""
    if (distribution := _distribution(target)) is not None:
        return {"package": distribution.name, "version": distribution.version}
    path, root = _path(target), _root(target)
    names = {file: file.relative_to(root).as_posix() for file in _imports(target).values()}
    hashes = {file: sha256(file.read_bytes()).hexdigest() for file in (path, *names)}
    return {"sha256": hashes[path], **{name: hashes[file] for file, name in sorted(names.items())}}


def _distribution(target: Target) -> importlib.metadata.Distribution | None:
    """The installed package that a target is in, unless that is an editable one."""
    if target.is_file:
        return None
    names = _distributions().get(target.place.partition(".")[0], [])
    return next((found for found in map(importlib.metadata.distribution, names) if not _editable(found)), None)


def _root(target: Target) -> Path:
    """The folder in which a target's own imports are sought: that of the file, or the one of the outermost package."""
    path = _path(target)
    depth = 0 if target.is_file else target.place.count(".") + (path.name == "__init__.py")
    return path.parents[depth]


def _imports(target: Target) -> dict[str, Path]:
    """Modules beside a target that it imports, and those that they import → their files; found without running any.

    Of an installed package, its version says what they are.
    """
    if _distribution(target) is not None:
        return {}
    path, root = _path(target), _root(target)
    finder = modulefinder.ModuleFinder([str(root)])
    try:
        if target.is_file:
            finder.run_script(str(path))
        else:
            finder.import_hook(target.place)
    except (ImportError, SyntaxError, ValueError):  # what cannot be read is refused where it is run
        return {}
    found = ((name, getattr(module, "__file__", None)) for name, module in finder.modules.items())
    files = {name: Path(file) for name, file in sorted(found) if file is not None}
    return {name: file for name, file in files.items() if file.suffix == ".py" and file != path}


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    """Package that can be imported → the distributions that it is in."""
    return importlib.metadata.packages_distributions()


def _editable(distribution: importlib.metadata.Distribution) -> bool:
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(direct.get("dir_info", {}).get("editable"))


def _path(target: Target) -> Path:
    """The source file of a target."""
    if target.is_file:
        path = Path(target.place)
        if not path.is_file():
            raise MethodError(f"{target}: there is no file {path}")
        return path
    spec = _spec(target.place)
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        raise MethodError(f"{target}: there is no module {target.place} in this Python; is its package installed?")
    return Path(spec.origin)


def _spec(module: str) -> ModuleSpec | None:
    """Where a module is, without importing the packages that it is in."""
    parts = module.split(".")
    spec = PathFinder.find_spec(parts[0])
    for i in range(1, len(parts)):
        if spec is None:
            return None
        spec = PathFinder.find_spec(".".join(parts[: i + 1]), list(spec.submodule_search_locations or []))
    return spec


def _require_thing(target: Target) -> None:
    """Refuse a target whose source does not define or import what it names."""
    path = _path(target)
    try:
        names = set(_defined(ast.parse(path.read_bytes()).body))
    except (SyntaxError, ValueError) as error:
        raise MethodError(f"{target}: {path} is no Python that can be read ({error})") from error
    if target.thing not in names and "*" not in names:
        nearest = difflib.get_close_matches(target.thing, names, n=3)
        there = (
            f"did you mean {', '.join(nearest)}?" if nearest else f"there is {', '.join(sorted(names)) or 'nothing'}"
        )
        raise MethodError(f"{target}: {path.name} has no {target.thing!r}; {there}")


def _defined(body: Iterable[ast.AST]) -> Iterator[str]:
    """The names that a module has at its top level, under conditions too; * where not all can be told."""
    for node in body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case _:
                yield from _defined(ast.iter_child_nodes(node))


_imported: dict[Path, bytes] = {}
"""Source file of a module that this process imported → what it held then."""


def load(target: Target) -> Callable[..., Any]:
    """Import what makes the estimator: of a file what it holds now, of a module what it held when it was imported.

    A file's own folder is importable for it, as for any script.

    Raises:
        MethodError: a module's source has changed since, or its name is another's here; nobody could say what ran.
    """
    path = _path(target)
    source = path.read_bytes()
    modules = _imports(target) if target.is_file else {target.place: path, **_imports(target)}
    for name, file in modules.items():
        there = getattr(sys.modules.get(name), "__file__", None) or file
        if Path(there) != file:
            raise MethodError(f"{target}: {name} is {there} already in this process, not {file}; rename one of them")
        held = file.read_bytes()
        if _imported.setdefault(file, held) != held:
            raise MethodError(f"{target}: {file} was edited while it was in use; run the contest again")
    if not target.is_file:
        module = importlib.import_module(target.place)
    elif (name := f"{path.stem}_{sha256(str(path).encode() + source).hexdigest()[:8]}") in sys.modules:
        module = sys.modules[name]
    else:
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses and pickle look there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return getattr(module, target.thing)  # type: ignore[no-any-return]
