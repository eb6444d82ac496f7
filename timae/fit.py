"""From a train split to a classifier: pre-train, then fine-tune or probe, as a recipe says."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.archive import Body, tensor
from timae.artefacts import Content, code_version, digest, obtain
from timae.clock import Clock
from timae.config import EncoderConfig, Linear, Recipe, Ridge, Svm
from timae.encoder import n_parameters
from timae.head import LinearHead
from timae.model import Classifier, MaskedAutoencoder, MultiscaleClassifier
from timae.probe import RidgeProbe, SvmProbe, fit_svm
from timae.session import Session
from timae.shares import Shares
from timae.synthetic import synthetic_series
from timae.training import (
    Batches,
    FinetuningTask,
    PretrainingTask,
    balance,
    crop_and_stretch,
    derive_seed,
    train,
)
from timae.views import stretch
from timae.weights import Weights, WeightsError
from ucr.prepare import Prepared

PHASES = {"pretrain": 0, "finetune": 1, "probe": 2}
"""Each phase's place under the seed of a run."""


@dataclass(frozen=True)
class Fitted:
    """A trained Ti-MAE classifier, and what it cost."""

    recipe: Recipe
    model: Classifier | MultiscaleClassifier
    probe: SvmProbe | RidgeProbe | LinearHead | None
    """Of the pooled features of a frozen encoder, or of shares if there are some."""
    shares: Shares | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """By phase: pretrain, finetune."""
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    """Of CPU time, likewise; not known of an encoder from a file."""
    losses: dict[str, list[float]] = field(default_factory=dict)
    """By phase, one a step."""
    pretrained: str = ""
    """Name of the shared pre-training that it builds on, or the SHA-256 of the file, if it does."""
    reconstruction: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Of a few pre-training series (case, time): series, masked, prediction."""

    @property
    def details(self) -> dict[str, Any]:
        """What followed from the train split."""
        found: dict[str, Any] = {"patch_size": self.model.encoder.config.patch_size}
        if isinstance(self.probe, SvmProbe) and isinstance(self.model, Classifier):
            found |= {"pooling": self.model.pooling, "positions": self.model.encoder.config.positions}
        if self.pretrained:
            found["pretrained"] = self.pretrained
        if self.shares is not None:
            found["resolutions"] = len(self.shares.views)
        return found | (self.probe.details if isinstance(self.probe, SvmProbe | RidgeProbe) else {})

    @property
    def n_parameters(self) -> dict[str, int]:
        """Trainable numbers in the encoder, and in all that predicts."""
        encoder = n_parameters(self.model.encoder)
        if isinstance(self.probe, LinearHead):
            return {"encoder": encoder, "total": encoder + n_parameters(self.probe)}
        return {"encoder": encoder, "total": n_parameters(self.model) if self.recipe.finetuning else encoder}

    @property
    def left_out(self) -> NDArray[np.float64] | None:
        """Probabilities (case, class) of each train case without having seen it; None where that cannot be had."""
        return self.probe.left_out if isinstance(self.probe, RidgeProbe) else None

    def predict_proba(self, cases: Prepared, batch_size: int = 256) -> NDArray[np.float64]:
        """Class probabilities (case, class) of prepared series; labels, if any, are not looked at."""
        series = tensor(cases)
        if self.probe is not None:
            if self.shares is not None:
                return np.concatenate([*map(self.probe.predict_proba, self.shares.streamed(series).read())])
            return self.probe.predict_proba(represent(self.model, series, batch_size))
        with torch.inference_mode():
            parts = [self.model(x).double().softmax(dim=1) for x in series.split(batch_size)]
        probabilities: NDArray[np.float64] = torch.cat(parts).numpy()
        return probabilities


class Begun(NamedTuple):
    """A model with the encoder that it starts from."""

    model: Classifier | MultiscaleClassifier
    pretrained: str
    """As in Fitted."""
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    losses: dict[str, list[float]]
    reconstruction: dict[str, NDArray[Any]]


def fit(
    recipe: Recipe,
    cases: Prepared,
    n_classes: int,
    seed: int,
    session: Session | None = None,
    body: Body | None = None,
    weights: Weights | None = None,
) -> Fitted:
    """Train on a prepared train split.

    Args:
        recipe: what to build and how to train it.
        cases: the train split; pre-training gets its series only.
        n_classes: classes to tell apart; some may be absent from cases.
        seed: fixes every random choice.
        session: where it happens; None: on the CPU, and nothing is written.
        body: what to pre-train on in place of the series of cases.
        weights: of an encoder, in place of pre-training.

    Raises:
        FloatingPointError: training diverged.
        Stopped: the session asked for it.
        ValueError: the recipe cannot be built, the series are too short to be masked, or weights are of another
            encoder.
    """
    session = session or Session()
    series = tensor(cases)
    model, name, seconds, cpu, losses, reconstruction = begin(recipe, cases, n_classes, seed, session, body, weights)
    clock = Clock()
    probe: SvmProbe | RidgeProbe | LinearHead | None = None
    shares = None
    learner: Classifier | MultiscaleClassifier | LinearHead = model
    shown, budget = series, recipe.finetuning
    if budget is None:
        session.report("probe", 0, 1, float("nan"))
        if isinstance(recipe.probe, Ridge):
            shares = shares_of(model, series, recipe.probe, seed)
            copies = recipe.probe.copies(len(series))
            cropped = with_crops(series, copies, recipe.probe.crop, seed)
            if isinstance(recipe.probe, Linear):
                shown, budget = torch.from_numpy(shares(cropped)), recipe.probe.head
                learner = probe = LinearHead(shown, n_classes)
            else:
                probe = RidgeProbe(shares.streamed(cropped), cases.labels, n_classes, copies=copies)
        else:
            assert isinstance(recipe.probe, Svm)
            model, probe = read(model, series, cases.labels, n_classes, recipe.probe, seed)
        seconds["finetune"], cpu["finetune"] = clock.seconds(), clock.cpu_seconds()
    if budget is not None:
        labels = torch.from_numpy(np.resize(cases.labels, len(shown)))  # of crops, those of their cases
        batches = Batches(shown, labels, budget, derive_seed(seed, PHASES["finetune"]))
        task = FinetuningTask(learner, budget, balance(labels, n_classes) if budget.balanced else None)
        checkpoint = session.folder and session.folder / "finetune.ckpt"
        losses["finetune"] = train(task, batches, "finetune", session, checkpoint)
        seconds["finetune"] = seconds.get("finetune", 0.0) + task.seconds
        cpu["finetune"] = cpu.get("finetune", 0.0) + task.cpu_seconds
    return Fitted(recipe, model.eval(), probe, shares, seconds, cpu, losses, name, reconstruction)


@dataclass(frozen=True)
class Frozen:
    """A frozen encoder, and how it is read."""

    model: Classifier | MultiscaleClassifier
    shares: Shares | None
    """Where a ridge classifier is to read it."""

    def features(self, cases: Prepared) -> NDArray[np.float32]:
        """Features (case, width) of prepared series; labels, if any, are not looked at."""
        series = tensor(cases)
        return represent(self.model, series) if self.shares is None else self.shares(series)


def freeze(
    recipe: Recipe, cases: Prepared, seed: int, session: Session | None = None, weights: Weights | None = None
) -> Frozen:
    """Make the features that a recipe's probe would read; arguments and errors are those of fit."""
    model = begin(recipe, cases, 2, seed, session or Session(), None, weights).model  # however many classes there are
    ridge = recipe.probe if isinstance(recipe.probe, Ridge) else None
    return Frozen(model.eval(), shares_of(model, tensor(cases), ridge, seed) if ridge else None)


def shares_of(model: Classifier | MultiscaleClassifier, series: Tensor, ridge: Ridge, seed: int) -> Shares:
    """What a ridge classifier reads of a frozen encoder."""
    return Shares(model.encoder, series, ridge, derive_seed(seed, PHASES["probe"]))


def with_crops(series: Tensor, copies: int, crop: float, seed: int) -> Tensor:
    """Series (case, time, 1), and behind them random crops of all, stretched back, until each is there copies times."""
    torch.manual_seed(derive_seed(seed, PHASES["probe"], 0))
    return torch.cat([series, *(crop_and_stretch(series, crop) for _ in range(copies - 1))])


def begin(
    recipe: Recipe,
    cases: Prepared,
    n_classes: int,
    seed: int,
    session: Session,
    body: Body | None,
    weights: Weights | None,
) -> Begun:
    """Build a recipe's model and give it the encoder that it starts from; arguments and errors are those of fit."""
    torch.manual_seed(derive_seed(seed, PHASES["finetune"]))
    model = build(recipe, cases.series.shape[1], n_classes)
    if weights is not None:
        weights.require(model.encoder.config, "this model")
        try:
            model.encoder.load_state_dict({name: torch.from_numpy(x) for name, x in weights.arrays().items()})
        except RuntimeError as error:
            raise WeightsError(f"{weights.path}: its weights are not those that its card describes") from error
        return Begun(model, weights.sha256, {"pretrain": weights.seconds}, {}, {}, {})
    if recipe.pretraining is None:
        return Begun(model, "", {}, {}, {}, {})
    made, name = pretrain(recipe, model.encoder.config, body or Body.of(cases), seed, session)
    model.encoder.load_state_dict(made["encoder"])
    reconstruction = {what: tensor.numpy() for what, tensor in made["reconstruction"].items()}
    losses = {"pretrain": made["losses"].tolist()}
    return Begun(model, name, {"pretrain": made["seconds"]}, {"pretrain": made["cpu_seconds"]}, losses, reconstruction)


def build(recipe: Recipe, n_timepoints: int, n_classes: int) -> Classifier | MultiscaleClassifier:
    """Make the classifier that a recipe describes, with fresh weights."""
    if recipe.resolutions:
        return MultiscaleClassifier(recipe.encoder, n_classes, recipe.resolutions, recipe.pooling)
    return Classifier(recipe.encoder_for(n_timepoints), n_classes, recipe.pooling)


def read(
    model: Classifier | MultiscaleClassifier,
    series: Tensor,
    labels: NDArray[np.int64],
    n_classes: int,
    svm: Svm,
    seed: int,
) -> tuple[Classifier | MultiscaleClassifier, SvmProbe]:
    """Train the machine on features of a frozen encoder, and choose how to read them, where there is a choice.

    Returns:
        What reads, with the same encoder weights, and the machine that has the best score by cross-validation inside
        the train split; of equals the first.
    """
    if isinstance(model, MultiscaleClassifier) or not (svm.poolings or svm.positions):
        return model, fit_svm(represent(model, series), labels, n_classes, svm, seed)
    found = []
    for positions in svm.positions or (model.encoder.config.positions,):
        for pooling in svm.poolings or (model.pooling,):
            reader = Classifier(replace(model.encoder.config, positions=positions), n_classes, pooling)
            reader.encoder.load_state_dict(model.encoder.state_dict())  # fixed positions have no weights
            found.append((reader, fit_svm(represent(reader, series), labels, n_classes, svm, seed)))
    return max(found, key=lambda one: one[1].score)


def pretrain(recipe: Recipe, config: EncoderConfig, body: Body, seed: int, session: Session) -> tuple[Content, str]:
    """Pre-train a masked autoencoder on a body of series, or take what another run made of it.

    Args:
        recipe: how to train.
        config: the encoder.
        body: what to train on.
        seed: fixes every random choice.
        session: where it happens, and where shared pre-trainings lie.

    Returns:
        encoder (its state), losses (step,), seconds and CPU seconds that it cost; and its name among the session's
        shared pre-trainings, or "" where none are shared.
    """
    pretraining = recipe.pretraining
    assert pretraining is not None

    def make(checkpoint: Path | None, session: Session) -> Content:
        series = body.read()
        clock = Clock()
        if n := pretraining.synthetic:
            drawn = synthetic_series(n, series.shape[1], derive_seed(seed, PHASES["pretrain"]))
            series = torch.cat([series, drawn])
        drawing = clock.seconds(), clock.cpu_seconds()
        torch.manual_seed(derive_seed(seed, PHASES["pretrain"]))
        model = MaskedAutoencoder(config, pretraining)
        batches = Batches(series, None, pretraining, derive_seed(seed, PHASES["pretrain"]))
        task = PretrainingTask(model, pretraining)
        losses = train(task, batches, "pretrain", session, checkpoint)
        return {
            "encoder": model.encoder.state_dict(),
            "losses": torch.tensor(losses),
            "seconds": drawing[0] + task.seconds,
            "cpu_seconds": drawing[1] + task.cpu_seconds,
            "reconstruction": reconstruct(model, _some(series, pretraining.resolutions)),
        }

    if session.pretrained is None:
        return make(session.folder and session.folder / "pretrain.ckpt", session), ""
    key = {
        "body": body.key,
        "seed": seed,
        "encoder": asdict(config),
        "pretraining": asdict(pretraining),
        "device": session.device,
        "code": code_version(),
    }
    shared = replace(session, identity=digest(key))  # whoever gets the lock goes on from the others' checkpoint
    return obtain(session.pretrained, key, lambda checkpoint: make(checkpoint, shared), session)


def reconstruct(model: MaskedAutoencoder, series: Tensor) -> Content:
    """What a trained autoencoder predicts of hidden values, for a reader to see: series, masked, prediction."""
    torch.manual_seed(0)
    with torch.inference_mode():
        found = model(series)
    return {"series": series[..., 0], "masked": found.predicted, "prediction": found.values[..., 0].clone()}


def _some(series: Tensor, resolutions: tuple[int, ...]) -> Tensor:
    """Three series from all over a body, as pre-training shows them."""
    few = series[:: -(-len(series) // 3)]
    return stretch(few, max(resolutions)) if resolutions else few


def represent(model: Classifier | MultiscaleClassifier, series: Tensor, batch_size: int = 256) -> NDArray[np.float32]:
    """Pooled features (case, width) of series, as the frozen encoder gives them."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model.represent(x) for x in series.split(batch_size)]).numpy()
