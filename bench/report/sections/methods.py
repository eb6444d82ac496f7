"""Every method in a row: scores, rank, seconds."""

from bench.contest.contestants import known_method
from bench.report.material import Material
from bench.report.wording import markdown


def section(material: Material) -> str:
    """The table of methods, best first."""
    note = (
        "Means over the data sets that a method has; ranks among the data sets that all methods have (1 is best). "
        "AUROC: one class against the rest, averaged over classes. Log loss in nats; 1-NN's probabilities are 0 and "
        "1, a ridge classifier's are a softmax of its decisions. Seconds: median of a run, training and test; a "
        "pre-training of many data sets is spread over them."
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
