"""Pre-train an encoder on the train series of many data sets, for a file: ``python -m timae.pretrain DATASETS``."""

import argparse
import math
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from timae.architectures import ARCHITECTURES, shared
from timae.presets import PRESETS
from timae.session import Session, Stopped, stopped_by_signals
from timae.weights import Weights, write
from ucr.archive import UcrError
from ucr.load import fingerprint
from ucr.plain import plain_output
from ucr.selectors import select

SHARING = tuple(name for name, architecture in ARCHITECTURES.items() if architecture.model == "multiscale")
"""Architectures that bring the series of all data sets to the same lengths."""


def main(arguments: list[str] | None = None) -> int:
    """Make a file and its card; returns the exit code, 2 where the request is wrong."""
    plain_output()
    options = _parser().parse_args(arguments)
    what = options.out, options.architecture, options.preset, options.seed, options.root, options.device
    try:
        names = select(options.datasets, options.root)
        with stopped_by_signals() as stop:
            made = pretrain(names, *what, stop=stop)
    except (UcrError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (Stopped, KeyboardInterrupt):
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(
        f"{made.path}: {made.path.stat().st_size / 1e6:.2f} MB, {len(names)} data sets, {made.seconds:.0f} s; "
        f"its card is {made.path.with_suffix('.md')}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m timae.pretrain",
        description="Pre-train an encoder on the train series of data sets, without their labels, and write it to a "
        "file, with a card that says what it saw.",
    )
    parser.add_argument(
        "datasets", metavar="DATASETS", help="names, globs, groups or conditions: python -m ucr list --help"
    )
    parser.add_argument("--out", type=_file, default=Path("encoder.safetensors"), metavar="FILE.safetensors")
    parser.add_argument("--architecture", choices=SHARING, default="timae-ms")
    parser.add_argument("--preset", choices=PRESETS, default="quick", help="its steps of a shared pre-training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", help="folder of the archive; default: UCR_ROOT")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    return parser


def _file(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".safetensors":
        raise argparse.ArgumentTypeError(f"expected a name that ends with .safetensors, got {text!r}")
    return path


def pretrain(
    names: Sequence[str],
    path: Path,
    architecture: str = "timae-ms",
    preset: str = "quick",
    seed: int = 0,
    root: str | None = None,
    device: str = "cpu",
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Weights:
    """Pre-train an encoder, as the shared pre-training of a contest of these data sets would, and write it.

    Interrupted, the same call goes on: what there is so far lies beside path.

    Args:
        names: data sets whose train series are learnt from; none that is a test series of any of them.
        path: the file to make; its card, for a reader, lies beside it.
        architecture: one of SHARING.
        preset: price, and how series are prepared.
        seed: fixes every random choice.
        root: folder of the archive; None: UCR_ROOT.
        device: cpu or cuda.
        stop: asked after every step, whether to end early.

    Raises:
        UcrError: a data set is not there.
        OSError: a file cannot be written.
        FloatingPointError: training diverged.
        Stopped: stop said so; what there is so far is written.
    """
    from timae.archive import PER_SET, Body, Splits, gather, learnable
    from timae.artefacts import digest
    from timae.card import text
    from timae.files import written_whole
    from timae.fit import pretrain as train

    price = PRESETS[preset]
    recipe = ARCHITECTURES[architecture].recipe(price, [shared])
    assert recipe.pretraining is not None
    work = path.with_name(f".{path.stem}")
    work.mkdir(parents=True, exist_ok=True)  # before the work is done: it can be written there
    seen = {name: fingerprint(name, root) for name in names}
    key = {"seen": [*seen.items()], "preparation": asdict(price.preparation), "per_set": PER_SET}
    splits = [Splits.load(name, root, price.preparation) for name in tqdm(names, "loading", unit=" data sets")]
    series = learnable(splits)
    left_out = {name: len(s.train) - len(kept) for name, s, kept in zip(names, splits, series, strict=True)}
    body = Body(key, lambda: gather(series, PER_SET, seed))
    identity = digest({**key, "encoder": asdict(recipe.encoder), "pretraining": asdict(recipe.pretraining)})
    with tqdm(total=recipe.pretraining.steps, desc="pre-training", unit=" steps") as bar:

        def report(_phase: str, step: int, _steps: int, loss: float) -> None:
            bar.set_postfix({} if math.isnan(loss) else {"loss": f"{loss:.3f}"}, refresh=False)
            bar.update(step - bar.n)

        session = Session(device=device, folder=work, identity=f"{identity} {seed} {device}", stop=stop, report=report)
        made, _ = train(recipe, recipe.encoder, body, seed, session)
    losses = made["losses"]
    some = max(len(losses) // 100, 1)
    card = {
        "architecture": architecture,
        "preset": preset,
        "encoder": asdict(recipe.encoder),
        "pretraining": asdict(recipe.pretraining),
        "preparation": asdict(price.preparation),
        "seen": seen,
        "left_out": {name: n for name, n in left_out.items() if n},
        "per_set": PER_SET,
        "series": sum(min(len(kept), PER_SET) for kept in series),
        "parameters": sum(tensor.numel() for tensor in made["encoder"].values()),
        "seed": seed,
        "seconds": made["seconds"],
        "device": device,
        "losses": [losses[:some].mean().item(), losses[-some:].mean().item()],
        "versions": {name: version(name) for name in ("timae-bench", "torch", "numpy")},
    }
    weights = write(path, {name: tensor.numpy() for name, tensor in made["encoder"].items()}, card)
    with written_whole(path.with_suffix(".md")) as file:
        file.write(text(replace(weights, path=Path(path.name))).encode())
    shutil.rmtree(work)
    return weights


if __name__ == "__main__":
    sys.exit(main())
