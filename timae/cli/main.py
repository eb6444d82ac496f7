"""Lightning's command line over the four models.

A model here is one of the two training tasks under the flags that its users know; the flags describe values of
timae.config, and everything is built from those. Whatever a user can get wrong ends in one line and exit code 2; a
training that diverges in one line and exit code 1.
"""

import difflib
import re
import sys
import warnings
from collections.abc import Sequence
from inspect import signature
from typing import Any, NoReturn

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

import timae.cli
from timae.cli.checkpoints import check_flags, flags_in, flags_to_keep, remembered, require_kept
from timae.cli.data import UCRData
from timae.cli.predictions import Predictions
from timae.cli.tasks import FlagModel
from timae.cli.usage import Diverged, UsageError
from ucr.archive import UcrError

DESCRIPTION = (
    "Ti-MAE, a masked autoencoder for time series (arXiv:2301.08871): pre-train it, fine-tune it, test it and predict "
    "with it, on one data set in the UCR archive's tsv form. Models: " + ", ".join(timae.cli.__all__) + "."
)
UNKNOWN = (
    (re.compile(r"unrecognized arguments: (--[\w.]+)"), "{}"),
    (re.compile(r"Option '(\w+)' is not accepted"), "--model.{}"),
    (re.compile(r"Expected a dot import path string: (\w+)"), "--model {}"),
)
"""How the parser words that it does not know a flag, or a model; and what that is on the command line."""


class Parser(LightningArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """End the program with a message of the parser, and the flag that is nearest to an unknown one."""
        line = " ".join(message.split())
        if inner := re.search(r"there is no --.*?see train\.py --help", line, re.IGNORECASE):  # an inner parser said it
            raise UsageError(inner[0]) from ex
        for words, form in UNKNOWN:
            if found := words.search(line):
                name = form.format(found[1])
                if owners := [model for model in timae.cli.__all__ if name in _flags(model)]:
                    line = f"there is no {name} for this model, only for {', '.join(owners)}"
                else:
                    near = difflib.get_close_matches(name, self._known(), n=1)
                    line = f"there is no {name}" + (f"; did you mean {near[0]}?" if near else "")
                break
        more = " See" if line.endswith("?") else "; see"
        raise UsageError(f"{line}{more} train.py --help" if len(line) < 300 else f"{line[:300]} …") from ex

    def _known(self) -> list[str]:
        """All flags: this parser's own, its subcommands', and those of the models."""
        parsers = [self, *(self._subcommands_action._name_parser_map.values() if self._subcommands_action else ())]
        known = {flag for parser in parsers for flag in parser._option_string_actions}
        known |= {flag for model in timae.cli.__all__ for flag in (f"--model {model}", *_flags(model))}
        return sorted(known)


def _flags(model: str) -> list[str]:
    """The flags of a model."""
    return [f"--model.{name}" for name in signature(getattr(timae.cli, model)).parameters]


class CommandLine(LightningCLI):
    """Lightning's command line, with what data, model and checkpoint know of each other linked."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the classes that are counted in the data to the model."""
        for name in ("num_classes", "class_weights"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, with the flags of the checkpoint that is named, if one is, where the command line gives none."""
        words = list(sys.argv[1:] if args is None else args)
        before, kept, where = remembered(words)
        at = next((i for i, word in enumerate(words) if word in self.subcommands()), len(words))
        words[at + 1 : at + 1] = before
        self.config = parser.parse_args(words)
        options = self.config[self.config["subcommand"]]
        options["weights_only"] = True
        path = options["ckpt_path"]
        require_kept(path)
        if path not in (None, "last") and not where.endswith(f" {path}"):  # a configuration file names it
            kept, where = flags_in(path, "--ckpt_path"), f"--ckpt_path {path}"
        model = options["model"]
        check_flags(kept, flags_to_keep(model["class_path"].rpartition(".")[2], vars(model["init_args"])), where)

    def instantiate_classes(self) -> None:
        """Build data, model and trainer; what a flag's value makes impossible is an error of usage."""
        try:
            super().instantiate_classes()
        except ValueError as error:
            cause: BaseException = error  # the parser wraps it, with all that it had tried
            while not isinstance(cause, UsageError | UcrError) and (cause.__cause__ or cause.__context__):
                cause = cause.__cause__ or cause.__context__ or cause
            raise UsageError(cause) from error
        given = vars(self.config[self.subcommand]["model"]["init_args"])
        self.model.flags = flags_to_keep(type(self.model).__name__, given)

    def instantiate_trainer(self, **kwargs: Any) -> Any:
        """Build the trainer; a device that is not there is an error of usage."""
        try:
            return super().instantiate_trainer(**kwargs)
        except (MisconfigurationException, ModuleNotFoundError) as error:
            asked, line = self.config[self.subcommand]["trainer"]["accelerator"], " ".join(str(error).split())
            if asked not in ("auto", "cpu"):
                line += f" (--trainer.accelerator {asked}: auto takes what there is)"
            raise UsageError(line) from error


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line on args, by default the program's own."""
    # cases lie in memory, so the loader's advice to start processes is wrong
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    warnings.filterwarnings("ignore", message=".*LeafSpec")  # Lightning's own to mend
    warnings.filterwarnings("ignore", message=".*Couldn't infer the batch indices")  # cases come in their order
    try:
        CommandLine(
            FlagModel,
            UCRData,
            subclass_mode_model=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            parser_class=Parser,
            parser_kwargs={"description": DESCRIPTION},
            trainer_defaults={"callbacks": [Predictions()]},
            save_config_kwargs={"overwrite": True},  # without a logger there is one folder for all commands
            args=None if args is None else list(args),
        )
    except (UsageError, UcrError, MisconfigurationException) as error:
        _end(error, 2)
    except Diverged as error:
        _end(error, 1)


def _end(error: Exception, code: int) -> NoReturn:
    print(f"train.py: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201 (a command line prints)
    raise SystemExit(code) from None
