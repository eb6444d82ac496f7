"""The command line ``python train.py fit|validate|test|predict --model NAME …``; may import the rest of timae.

The models stand here by name, because saved configurations call them so: ``class_path: timae.cli.TiMAE``.
"""

from timae.cli.mamba import TiMAEMamba, TiMAEMambaForPretraining
from timae.cli.transformer import TiMAE, TiMAEForPretraining

__all__ = ["TiMAE", "TiMAEForPretraining", "TiMAEMamba", "TiMAEMambaForPretraining"]
