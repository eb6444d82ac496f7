"""Every method in a row: scores, rank, seconds."""

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
    return f"## Methods\n\n{markdown(material.methods)}\n\n{note}"
