"""The LaTeX that we export is LaTeX."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import a_result

from bench.contest import results
from bench.contest.definition import Contest
from bench.report.export import export, latex

LATEX = shutil.which("pdflatex") or shutil.which("tectonic")


@pytest.mark.skipif(not LATEX, reason="there is no pdflatex or tectonic: apt-get install texlive-latex-recommended")
def test_the_exported_tables_compile_whatever_the_names_are(tmp_path: Path) -> None:
    assert LATEX
    methods = ("timae-ms+ridge", "minirocket", "my_50%_model&more#1", "a~b^c$d{e}\\f")
    datasets = ("GunPoint", "My_own-Set", "Coffee", "Beef")
    made = Contest("made", methods, datasets, preset="smoke", results=str(tmp_path / "results"), tuned=("Coffee",))
    for i, run in enumerate(made.runs()):
        result = a_result(method=run.method, dataset=run.dataset, accuracy=0.5 + i / 100)
        if (run.method, run.dataset) != ("minirocket", "My_own-Set"):  # a gap
            results.write(run.path(made.folder), result, {})
    for path in export(made, "latex", tmp_path / "tables"):
        head = r"\documentclass{article}\usepackage{booktabs,longtable}\begin{document}"
        document = path.with_name(f"{path.stem}_page.tex")
        document.write_text(f"{head}\n{path.read_text()}\n\\end{{document}}\n")
        how = ["-halt-on-error", "-interaction=nonstopmode"] if LATEX.endswith("pdflatex") else []
        done = subprocess.run([LATEX, *how, document.name], cwd=document.parent, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
        assert r"Overfull \vbox" not in done.stdout.decode(errors="replace")
        assert document.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_a_table_marks_what_was_tuned_on_and_names_who_lacks_some() -> None:
    table = pd.DataFrame(
        {"a_b": [0.5, 0.6, 0.7], "c": [0.4, 0.8, 0.5], "d": [0.9, np.nan, 0.9]}, ["GunPoint", "Coffee", "Beef"]
    )
    text = latex(table, ["GunPoint"])
    assert r"GunPoint\textsuperscript{*} & \textbf{0.5000} & 0.4000 \\" in text
    assert r"mean of 2 & 0.6500 & 0.6500 \\" in text
    assert r"average rank of 2 & 1.50 & 1.50 \\" in text
    assert r"left out: d: scores on 1 of the 2 data sets" in text
    assert r"\textsuperscript{*} Looked at when methods were made" in text
    assert "textsuperscript" not in latex(table)
    assert r"mean & 0.6000 & 0.5667 \\" in latex(table)
