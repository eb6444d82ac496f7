"""How the pictures of a benchmark look, and how they reach the disk.

One style: colours by Okabe and Ito (2008) that colour-blind readers can tell apart, and never colour alone:
markers, line styles, hatches or words say the same in black and white. Figures are made without pyplot, so
none stays open and no window appears.
"""

import functools
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from PIL import Image

P = ParamSpec("P")

BLACK, GREY, PALE = "black", "0.45", "0.87"
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW = "#56B4E9", "#CC79A7", "#F0E442"
COLOURS = [BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK]
HATCHES = ["", "///", "...", "\\\\\\", "xxx", "---", "ooo", "+++"]
LINES: list[Any] = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 3))]

FONT = FontProperties(family="DejaVu Sans", size=9)  # matplotlib brings it: one picture on every machine

RC: Any = {
    "font.family": FONT.get_family(),
    "font.size": FONT.get_size(),
    "axes.titlesize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": "small",
    "lines.linewidth": 1.4,
    "hatch.linewidth": 0.6,
    "text.parse_math": False,  # a dollar in a method's name is a dollar
    "svg.fonttype": "path",  # names as wide in every viewer as they were measured here
    "svg.hashsalt": "timae-bench",  # else ids are random
    "pdf.fonttype": 42,  # letters that a journal can search and embed
    "savefig.dpi": 150,
}

KINDS = {"svg": ("Date", "Creator"), "png": ("Software",), "pdf": ("CreationDate", "Creator", "Producer")}
"""Kinds of files that a picture is saved as → what they would say of when and by what they were made."""


@contextmanager
def _style() -> Iterator[None]:
    """The style, whatever the user's matplotlibrc says; the settings from before come back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Makes a function draw in the style.

    Args:
        draw: a function that returns a figure.

    Returns:
        The same function in the style.
    """

    @functools.wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _style():
            return draw(*args, **kwargs)

    return in_style


def save(figure: Figure, stem: str | Path) -> tuple[Path, ...]:
    """Writes a picture as SVG, PNG and PDF: each whole or not at all, the same bytes for the same picture.

    Args:
        figure: the picture.
        stem: the path without suffix; its folder is made where it is missing.

    Returns:
        The paths of the SVG, the PNG and the PDF file.

    Raises:
        OSError: the folder cannot be written.
    """
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = tuple(stem.with_name(f"{stem.name}.{kind}") for kind in KINDS)
    with _style(), tempfile.TemporaryDirectory(dir=stem.parent, prefix=".") as folder:
        drafts = [Path(folder, path.name) for path in paths]
        for draft, metadata in zip(drafts, KINDS.values(), strict=True):
            figure.savefig(draft, metadata=dict.fromkeys(metadata))
        with Image.open(drafts[1]) as image:  # a palette of 256 colours: a third of the size
            image.convert("RGB").quantize(dither=Image.Dither.NONE).save(drafts[1], optimize=True)
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    return paths


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty picture in which all lengths are inches.

    Args:
        width: in inches.
        height: in inches.

    Returns:
        The figure, and axes that fill it, y downwards.
    """
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def wrap(text: object, width: int = 44) -> str:
    """Breaks a long name or caption into lines.

    Args:
        text: what is to be written.
        width: most characters in a line.

    Returns:
        The text with line breaks; words longer than a line are broken too.
    """
    return textwrap.fill(str(text), width, break_on_hyphens=False)


def wrap_to(text: str, inches: float) -> str:
    """Breaks a caption into lines.

    Args:
        text: what is to be written.
        inches: width that no line exceeds, unless one word does.

    Returns:
        The text with line breaks.
    """
    width = int(inches / 0.06)
    while width > 20 and text_width(wrap(text, width)) > inches:
        width -= 1
    return wrap(text, width)


def n_lines(text: str) -> int:
    """Counts the lines of a text.

    Args:
        text: what is to be written.

    Returns:
        At least 1.
    """
    return text.count("\n") + 1


def text_width(text: str) -> float:
    """Measures a text in the font of the style.

    Args:
        text: what is to be written, in one line or more.

    Returns:
        Width of the widest line, in inches, with 4 % to spare: fitting glyphs to pixels widens a line.
    """
    points = (text_to_path.get_text_width_height_descent(line, FONT, False)[0] for line in text.split("\n"))
    return 1.04 * float(max(points)) / 72


def p_text(p: float) -> str:
    """Words a p-value for a picture.

    Args:
        p: from 0 to 1.

    Returns:
        Three decimals, or the bound that it is below.
    """
    return f"{p:.3f}" if p >= 0.001 else "<.001" if p >= 0.0001 else "<.0001"
