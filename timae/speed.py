"""How fast the models are on a CPU, against something real, in one run: python -m timae.speed mamba.

Both sides take one thread, are warmed up and timed in turn, so that a busy machine slows both; what counts is the
ratio of the medians.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from timae.mamba import Mamba2


def in_turn(sides: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2) -> dict[str, float]:
    """Median seconds of each side, all of them once a round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_ in range(warm_up + rounds):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            if round_ >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _forward_and_backward(layer: nn.Module, batch: int, length: int, width: int) -> Callable[[], None]:
    u = torch.randn(batch, length, width, requires_grad=True)

    def step() -> None:
        layer.zero_grad()
        u.grad = None
        out: Tensor = layer(u)
        out.square().mean().backward()

    return step


def mamba(rounds: int) -> bool:
    """Time Mamba2 against transformers' Mamba2Mixer at its best chunk size, and its growth with length."""
    import transformers
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    transformers.logging.set_verbosity_error()

    def theirs(chunk_size: int) -> nn.Module:
        config = transformers.Mamba2Config(
            num_heads=16, head_dim=8, hidden_size=64, state_size=64, expand=2, n_groups=1, conv_kernel=4,
            chunk_size=chunk_size, use_bias=False, use_conv_bias=True, num_hidden_layers=1,
        )  # fmt: skip
        return Mamba2Mixer(config, 0)

    ours = Mamba2(64, d_state=64, headdim=8)
    sizes = (16, 20, 28, 35, 70)
    trial = in_turn({str(q): _forward_and_backward(theirs(q), 64, 140, 64) for q in sizes}, rounds=2, warm_up=1)
    best = min(trial, key=trial.__getitem__)
    sides = {
        "ours": _forward_and_backward(ours, 64, 140, 64),
        "theirs": _forward_and_backward(theirs(int(best)), 64, 140, 64),
    }
    medians = in_turn(sides, rounds)
    ratio = medians["theirs"] / medians["ours"]
    print("forward + backward, batch 64, length 140, width 64, state 64, one thread")
    print(
        f"transformers' Mamba2Mixer, chunk size {best} (its best of {', '.join(map(str, sizes))}): "
        f"{1000 * medians['theirs']:.0f} ms"
    )
    print(f"timae.mamba.Mamba2: {1000 * medians['ours']:.0f} ms: {ratio:.1f} times as fast (goal: 2.5)")
    growth = in_turn({str(n): _forward_and_backward(ours, 16, n, 64) for n in (512, 1024)}, 3 * rounds)
    factor = growth["1024"] / growth["512"]
    print(
        f"length 512: {1000 * growth['512']:.0f} ms, length 1024: {1000 * growth['1024']:.0f} ms: "
        f"{factor:.2f} times as long (goal: under 2.3)"
    )
    return ratio >= 2.5 and factor < 2.3


def main(arguments: Sequence[str] | None = None) -> int:
    """Time what was asked for; returns 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m timae.speed", description=__doc__)
    parser.add_argument("what", choices=("mamba",))
    parser.add_argument("--rounds", type=int, default=7, help="timings of each side")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return 0 if mamba(options.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
