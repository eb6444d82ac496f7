"""Every method in a row: scores, rank, seconds."""

from bench.contest.contestants import known_method
from bench.report import tables
from bench.report.material import Material
from bench.report.wording import markdown, on, seconds_note


def section(material: Material) -> str:
    """The table of methods, best first."""
    note = (
        f"{on(material)}Means and ranks (1 is best) over the same data sets. {tables.LACKING} A method that lacks some "
        "is not ranked, and its means are over those that it has; so are scores with a number of sets beside them. "
        "AUROC: one class against the rest, averaged over classes. Log loss in nats; 1-NN's probabilities are 0 and "
        f"1, a ridge classifier's are a softmax of its decisions. {seconds_note(material)}"
    )
    what = "\n".join(f"- `{name}`: {_what(material, name)}" for name in material.methods["method"])
    return f"## Methods\n\n{markdown(material.methods)}\n\n{note}\n\n{what}"


def _what(material: Material, name: str) -> str:
    """What a method is, in a sentence; names may have meant something else when its results were made."""
    if name in material.imported:
        return f"Imported, its accuracies alone: {material.imported[name]}."
    stored = next(result.config for result in material.finished if result.method == name)
    now = known_method(name, material.contest)
    if now is None:
        return "Not a method of this version, or not there any more; what it was, `config` in its results says."
    if now.describe()["config"] != stored.get("config"):
        return "Not what this version calls so; what it was, `config` in its results says."
    notes = dict.fromkeys(
        note for result in material.finished if result.method == name for note in result.details.get("notes", ())
    )
    return " ".join([now.summary, *(f"It {note}." for note in notes)])
