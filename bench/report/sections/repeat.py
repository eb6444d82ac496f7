"""The commands that repeat the contest and its report, and whom to cite."""

import shlex

from bench.contest.definition import Contest
from bench.report.material import Material

CITATION = (
    "H. A. Dau, A. Bagnall, K. Kamgar, C.-C. M. Yeh, Y. Zhu, S. Gharghabi, C. A. Ratanamahatana and E. Keogh: "
    "The UCR Time Series Archive. IEEE/CAA Journal of Automatica Sinica 6(6), 2019."
)


def section(material: Material) -> str:
    """Two commands and a citation."""
    against = " --against published" if material.against_published else ""
    return (
        f"## Repeat it\n\n```\n{_command_line(material.contest)}{against}\n```\n\n"
        f"`{material.contest.command('report')}{against}` redraws this page from the results alone.\n\n"
        f"## Cite\n\nThe archive asks to be cited: {CITATION}"
    )


def _command_line(contest: Contest) -> str:
    """Return the command that repeats a contest."""
    words = ["python", "-m", "bench", "run", "--datasets", ",".join(contest.datasets)]
    words += ["--methods", ",".join(contest.methods), "--resamples", str(contest.resamples)]
    words += ["--same-split"] if contest.same_split else []
    words += ["--pretrain-on", ",".join(contest.pretrain_on)] if contest.pretrain_on else []
    words += ["--preset", contest.preset, "--name", contest.name]
    return shlex.join(words if contest.results == "results" else [*words, "--results", contest.results])
