"""The commands that repeat the contest and its report, and whom to cite."""

import shlex

from bench.contest.definition import Contest
from bench.methods.few import with_labels
from bench.report.material import Material
from ucr.archive import ARCHIVE

CITATION = (
    "H. A. Dau, A. Bagnall, K. Kamgar, C.-C. M. Yeh, Y. Zhu, S. Gharghabi, C. A. Ratanamahatana and E. Keogh: "
    "The UCR Time Series Archive. IEEE/CAA Journal of Automatica Sinica 6(6), 2019."
)


def section(material: Material) -> str:
    """Two commands and a citation."""
    against = "".join(f" {shlex.quote(word)}" for word in _view(material))
    commands = [*_imports(material), f"{_command_line(material.contest)}{against}"]
    if not material.contest.methods:  # nothing to run
        del commands[-1]
    return (
        "## Repeat it\n\n```\n" + "\n".join(commands) + "\n```\n\n"
        f"`{material.contest.command('report')}{against}` redraws this page from the results alone.\n\n"
        f"## Cite\n\nThe archive asks to be cited: {CITATION}"
    )


def _view(material: Material) -> list[str]:
    """The options that say what the report puts beside, and compares on."""
    view = material.view
    words = ["--against", ",".join(view.against)] if view.against else []
    words += ["--complete", view.complete] if view.complete != "methods" else []
    return words + (["--baseline", view.baseline] if view.baseline else [])


def _imports(material: Material) -> list[str]:
    """The commands that imported results."""
    origins = {
        str(result.config["imported"]): result.config["imported"] for result in material.finished if result.source
    }
    return [
        shlex.join(
            ["python", "-m", "bench", "import", origin["file"], "--name", material.contest.name]
            + (["--source", origin["source"]] if origin["source"] != origin["file"] else [])
            + (["--normalise", origin["normalise"]] if origin["normalise"] else [])
        )
        for origin in origins.values()
    ]


def _command_line(contest: Contest) -> str:
    """Return the command that repeats a contest."""
    words = ["python", "-m", "bench", "run", "--datasets", ",".join(contest.datasets)]
    targets = {name: contest.outside.get(with_labels(name, None)) for name in contest.methods}
    methods = [f"{name}={target}" if target else name for name, target in targets.items()]
    words += ["--methods", ",".join(methods), "--resamples", str(contest.resamples)]
    words += ["--once", ",".join(contest.once)] if contest.once else []
    words += ["--same-split"] if contest.same_split else []
    words += ["--pretrain-on", ",".join(contest.pretrain_on)] if contest.pretrain_on else []
    words += ["--pretrained", contest.pretrained] if contest.pretrained else []
    words += ["--normalise", contest.normalise] if contest.normalise != "series" else []
    words += ["--tuned", ",".join(contest.tuned)] if contest.tuned else []
    if contest.root and not ARCHIVE.keys() >= {*contest.datasets}:  # the archive may lie elsewhere
        words += ["--root", contest.root]
    words += ["--preset", contest.preset, "--name", contest.name]
    return shlex.join(words if contest.results == "results" else [*words, "--results", contest.results])
