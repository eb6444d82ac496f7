"""Where the results came about: machine, versions, commit."""

from collections import Counter

import pandas as pd

from bench.report.material import Material
from bench.report.wording import markdown


def section(material: Material) -> str:
    """A table of versions, machine and commit; how many runs had which, where they differ."""
    facts: dict[str, Counter[str]] = {}
    for result in material.own:
        environment = dict(result.environment)
        versions = environment.pop("versions", {})
        dirty = " with uncommitted changes" if environment.pop("dirty", False) else ""
        environment["commit"] = f"{environment.get('commit') or 'unknown'}{dirty}"
        for key, value in {**environment, **versions, "device": result.device}.items():
            facts.setdefault(key, Counter())[str(value)] += 1
    if not facts:
        return ""
    values = ["; ".join(f"{v} ({n} runs)" if len(c) > 1 else v for v, n in c.items()) for c in facts.values()]
    table = pd.DataFrame({"what": list(facts), "value": values})
    return f"## Environment\n\n{markdown(table)}"
