"""The card of a pre-trained encoder, to be read: what it saw, how it was made, what it may be used for."""

import textwrap
from collections.abc import Iterable

from timae.weights import Weights
from ucr.archive import ARCHIVE


def text(weights: Weights) -> str:
    """Write the card of a file, in Markdown; all in it is in the file."""
    card = weights.card
    others = [name for name in ARCHIVE if name not in card["seen"]]
    saw = _paragraph(
        f"The train series, without labels, of {len(card['seen'])} data sets of the UCR 2018 archive, its own split: "
        f"{card['series']:,} series, {card['per_set']} at most of a data set, smaller ones repeated to as many.",
        card["seen"],
    )
    if synthetic := card["pretraining"].get("synthetic"):
        saw += f"\n\nAnd {synthetic:,} synthetic series: composed Gaussian processes, their mixtures, causal graphs."
    left_out = _paragraph(
        f"Left out as test series of one of these data sets: {sum(card['left_out'].values()):,} train series.",
        [f"{name} ({n})" for name, n in card["left_out"].items()],
    )
    did_not_see = _paragraph(
        f"Any label, any test series of these data sets, and {len(others)} data sets of the archive. Some of those "
        "hold recordings of the ones above under another name (the GunPoint, Phalanx and Wiimote sets, for example): "
        "a train series that it saw may be a test series there.",
        others,
    )
    return f"""# The encoder `{weights.path.name}`

Weights of a Ti-MAE encoder (arXiv:2301.08871), pre-trained without labels. The file is safetensors, its header holds
what stands here, and its SHA-256 is `{weights.sha256}`.

## What it saw

{saw}

{left_out}

## What it did not see

{did_not_see}

## How it was made

{_table(weights)}

## What it is good for

To start from where labels are few: univariate series of any length, z-normalised, as `TiMAEClassifier` prepares them.
`TiMAEClassifier(pretrained=…)` fine-tunes it, `TiMAEEncoder(pretrained=…)` gives its features, and
`python -m bench run --pretrained …` lets methods with `-archive` in their names take it.

## What it must not be used for

- **To claim transfer to a data set that it saw**, or to one with recordings of such a data set: it learnt from their
  train series. `python -m bench run` refuses both, the latter where the data are there. An encoder for such a claim is
  made without them: `python -m timae.pretrain 'here,!NAME'`.
- For resamples of a data set that it saw: they mix train series, which it saw, with test series.
- To decide about people, such as a diagnosis: nothing of that kind was tried.
"""


def _table(weights: Weights) -> str:
    card, encoder, pretraining = weights.card, weights.encoder, weights.card["pretraining"]
    first, last = card["losses"]
    rows = {
        "architecture, preset": f"`{card['architecture']}`, `{card['preset']}`",
        "encoder": f"{encoder.num_layers} × {encoder.block.kind}, {encoder.emb_size} wide, "
        f"{encoder.patch_size} time points a token, {card['parameters']:,} parameters",
        "training": f"{pretraining['steps']:,} steps of at most {pretraining['batch_size']} series, "
        f"stretched to {', '.join(map(str, pretraining['resolutions']))} time points",
        "hidden": f"{pretraining['mask_ratio']:.0%} of the tokens, {pretraining['mask_span']} together",
        "loss": f"{first:.3f} in the first hundredth of the steps, {last:.3f} in the last",
        "seed": f"{card['seed']}",
        "took": f"{weights.seconds:,.0f} s, {card['device']}",
        "made with": ", ".join(f"{name} {version}" for name, version in card["versions"].items()),
    }
    return "\n".join(["| | |", "| --- | --- |", *(f"| {what} | {value} |" for what, value in rows.items())])


def _paragraph(sentence: str, names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return textwrap.fill(f"{sentence} {listed}." if listed else sentence, 118, break_long_words=False)
