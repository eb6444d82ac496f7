"""What a user may ask for of the published methods: by name, or by kind."""

import difflib
import re
from collections.abc import Iterable, Mapping

from bench.published.numbers import METHODS, load_published
from bench.stats.comparison import TableError
from bench.stats.doubts import plain_spelling

GROUPS: Mapping[str, tuple[str, ...]] = {
    "published": tuple(METHODS),
    "distance": ("1NN-ED (UCR)", "1NN-DTW", "ShapeDTW", "EE", "PF", "Proximity Forest 2.0 (authors)"),
    "dictionary": ("BOSS", "cBOSS", "TDE", "WEASEL-1", "WEASEL-2", "MrSQM"),
    "shapelet": ("STC", "RSF", "RDST"),
    "interval": ("TSF", "RISE", "STSF", "R-STSF", "CIF", "DrCIF", "QUANT"),
    "feature": ("Catch22", "TSFresh", "Signatures", "FreshPRINCE"),
    "rocket": ("ROCKET", "MiniROCKET", "MR", "Arsenal", "Hydra", "MR-Hydra"),
    "hybrid": ("TS-CHIEF", "RIST", "HC1", "HC2"),
    "deep": (
        "CNN",
        "ResNet",
        "InceptionTime",
        "H-InceptionTime",
        "LITETime",
        "COCALITETime (authors)",
        "OS-CNN (authors)",
        "PHIT (authors)",
        "PatchTST (UniShape supp.)",
        "SoftShape (UniShape supp.)",
    ),
    "self-supervised": (
        "Ti-MAE (paper)",
        "TS2Vec (Ti-MAE paper table)",
        "TNC (Ti-MAE paper table)",
        "TS-TCC (Ti-MAE paper table)",
        "TST (Ti-MAE paper table)",
        "T-Loss combined (authors)",
        "TRILITE + ridge (authors)",
    ),
    "foundation": (
        "GPT4TS (UniShape supp.)",
        "MOMENT (UniShape supp.)",
        "UniTS (UniShape supp.)",
        "NuTime (UniShape supp.)",
        "Mantis (UniShape supp.)",
        "UniShape (UniShape supp.)",
    ),
}
"""Kind → methods, by their names in `published.csv`: published, those that stand for the field; foundation, models that
were pre-trained on many data sets and fine-tuned on each."""

ALSO = {"MultiRocket": "MR", "MultiRocket-Hydra": "MR-Hydra", "HIVE-COTE 2": "HC2", "HIVE-COTE 1": "HC1"}
"""What else some are called."""


def asked_for(names: Iterable[str]) -> dict[str, str]:
    """Find published methods.

    Args:
        names: of methods or kinds. As they are written they mean a method (ROCKET) before a kind (rocket); otherwise
            capitals, blanks and dashes do not count, nor does whose table it was where only one has the name.

    Returns:
        Name in `published.csv` → what it is called beside ours.

    Raises:
        TableError: nothing published has the name.
    """
    everyone = dict.fromkeys(number.method for number in load_published())
    known: dict[str, tuple[str, ...]] = {}
    for method in everyone:
        known.setdefault(plain_spelling(re.sub(r" \(.*\)$", "", method)), (method,))
    known |= {plain_spelling(method): (method,) for method in everyone} | {
        plain_spelling(name): (of,) for name, of in ALSO.items()
    }
    known |= {plain_spelling(kind): methods for kind, methods in GROUPS.items()} | {
        method: (method,) for method in everyone
    }
    known |= GROUPS
    found: dict[str, str] = {}
    for name in names:
        methods = known.get(name) or known.get(plain_spelling(name))
        if not methods:
            near = difflib.get_close_matches(name, [*GROUPS, *ALSO, *everyone], n=3) or list(GROUPS)
            raise TableError(f"nothing published is called {name!r}; did you mean {', '.join(near)}?")
        found |= {method: METHODS.get(method) or _called(method) for method in methods}
    return found


def _called(method: str) -> str:
    return method if method.endswith(")") else f"{method} (published)"
