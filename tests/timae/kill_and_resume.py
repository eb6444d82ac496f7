"""A script: trains in child processes that are killed (-9) at random moments, then compares with an undisturbed one.

Children are forked from a process that has imported everything and trained nothing, so that a kill costs
milliseconds. Prints a line of JSON.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bench.methods.table import get_method
from timae.fit import fit
from timae.session import Session
from ucr.prepare import Prepared

KILLS = 10


def train(folder: Path, out: Path) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    cases = Prepared(rng.normal(size=(16, 24)).astype(np.float32), None, rng.integers(0, 2, 16))
    recipe = get_method("timae", "smoke").config
    recipe = replace(
        recipe,
        pretraining=replace(recipe.pretraining, steps=120),
        finetuning=replace(recipe.finetuning, steps=120, batch_size=8),
    )
    session = Session(folder=folder, pretrained=folder, identity="one", checkpoint_seconds=0.03)
    fitted = fit(recipe, cases, 2, 0, session)
    torch.save({"weights": fitted.model.state_dict(), "losses": fitted.losses}, out)


def start(folder: Path, out: Path) -> int:
    child = os.fork()
    if child == 0:
        train(folder, out)
        os._exit(0)
    return child


def main(folder: Path) -> None:
    began = time.monotonic()
    os.waitpid(start(folder / "undisturbed", folder / "undisturbed.pt"), 0)
    whole = time.monotonic() - began
    where = []
    while len(where) < KILLS:
        child = start(folder / "killed", folder / "killed.pt")
        time.sleep(random.uniform(0.05, 0.5) * whole)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            where.append("finetune" if list((folder / "killed").glob("*.pt")) else "pretrain")
        else:  # it was faster than the kill: from the start again
            shutil.rmtree(folder / "killed")
    os.waitpid(start(folder / "killed", folder / "killed.pt"), 0)
    expected, got = torch.load(folder / "undisturbed.pt"), torch.load(folder / "killed.pt")
    same_weights = all(torch.equal(value, got["weights"][name]) for name, value in expected["weights"].items())
    same_losses = expected["losses"] == got["losses"]
    sys.stdout.write(json.dumps({"where": where, "weights": same_weights, "losses": same_losses}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
