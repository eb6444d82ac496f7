"""The LaTeX that we export is LaTeX."""

import shutil
import subprocess
from pathlib import Path

import pytest
from made import a_result

from bench.contest import results
from bench.contest.definition import Contest
from bench.report.export import export

LATEX = shutil.which("pdflatex") or shutil.which("tectonic")


@pytest.mark.skipif(not LATEX, reason="there is no pdflatex or tectonic: apt-get install texlive-latex-recommended")
def test_the_exported_tables_compile_whatever_the_names_are(tmp_path: Path) -> None:
    assert LATEX
    methods = ("timae-ms+ridge", "minirocket", "my_50%_model&more#1", "a~b^c$d{e}\\f")
    made = Contest("made", methods, ("GunPoint", "My_own-Set"), preset="smoke", results=str(tmp_path / "results"))
    for i, run in enumerate(made.runs()):
        result = a_result(method=run.method, dataset=run.dataset, accuracy=0.5 + i / 100)
        if (run.method, run.dataset) != ("minirocket", "My_own-Set"):  # a gap
            results.write(run.path(made.folder), result, {})
    for path in export(made, "latex", tmp_path / "tables"):
        head = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
        document = path.with_name(f"{path.stem}_page.tex")
        document.write_text(f"{head}\n{path.read_text()}\n\\end{{document}}\n")
        how = ["-halt-on-error", "-interaction=nonstopmode"] if LATEX.endswith("pdflatex") else []
        done = subprocess.run([LATEX, *how, document.name], cwd=document.parent, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
        assert document.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
