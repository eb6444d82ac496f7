"""Lightning's command line over the four models.

A model here is one of the two training tasks under the flags that its users know; the flags describe values of
timae.config, and everything is built from those. Files that cannot be used and flags that do not fit end in one
line and exit code 2.
"""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from timae.cli.checkpoints import read_checkpoint
from timae.cli.data import UCRData
from timae.cli.tasks import FlagModel
from timae.cli.usage import UsageError
from ucr.archive import UcrError


class CommandLine(LightningCLI):
    """Lightning's command line, with what data and model know of each other linked."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the classes that are counted in the data to the model."""
        for name in ("num_classes", "class_weights"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse; look at the checkpoint, if one is named, before anything else does."""
        super().parse_arguments(parser, args)
        options = self.config[self.config["subcommand"]]
        options["weights_only"] = True
        if options["ckpt_path"] not in (None, "best", "last", "hpc"):
            read_checkpoint(Path(options["ckpt_path"]), "--ckpt_path")

    def instantiate_classes(self) -> None:
        """Build data, model and trainer; what a flag's value makes impossible is an error of usage."""
        try:
            super().instantiate_classes()
        except ValueError as error:
            cause: BaseException = error  # the parser wraps it, with all that it had tried
            while not isinstance(cause, UsageError | UcrError) and (cause.__cause__ or cause.__context__):
                cause = cause.__cause__ or cause.__context__ or cause
            raise UsageError(cause) from error


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line on args, by default the program's own."""
    # cases lie in memory, so the loader's advice to start processes is wrong
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    warnings.filterwarnings("ignore", message=".*LeafSpec")  # Lightning's own to mend
    try:
        CommandLine(
            FlagModel,
            UCRData,
            subclass_mode_model=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            args=None if args is None else list(args),
        )
    except (UsageError, UcrError) as error:
        print(f"train.py: {error}", file=sys.stderr)  # noqa: T201 (a command line prints)
        raise SystemExit(2) from None
