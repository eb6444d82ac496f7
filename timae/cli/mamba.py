"""The flags of Ti-MAE with Mamba-2, as a masked autoencoder and as a classifier."""

from collections.abc import Sequence
from typing import Any

from timae.cli.tasks import ClassificationFlags, PretrainingFlags
from timae.config import DecoderConfig, EncoderConfig, Mamba, Pooling


class TiMAEMamba(ClassificationFlags):
    """Ti-MAE with one Mamba-2 block (arXiv:2405.21060) in place of the transformer, as a classifier."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        num_classes: int = 2,
        input_dim: int = 1,
        num_heads: int = 8,
        emb_size: int = 64,
        cls_embed: bool = True,
        pooling: Pooling | None = None,
        expand_factor: int = 2,
        ssm_state_size: int = 128,
        conv_size: int = 4,
        bias: bool = False,
        conv_bias: bool = True,
        encoder_ckpt_path: str | None = None,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        """Build it with fresh weights, or with the encoder of a checkpoint.

        Args:
            lr: the highest learning rate of the cycle.
            num_classes: set from the data.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: a state-space head is ssm_state_size / num_heads wide; must divide.
            emb_size: width of a token.
            cls_embed: whether a CLS token goes along, behind all others.
            pooling: what of the tokens is classified; by default the CLS token, without one the mean.
            expand_factor: inner width over emb_size.
            ssm_state_size: size of a head's state.
            conv_size: width of the causal convolution, in time steps.
            bias: whether the projections have a bias.
            conv_bias: whether the convolution has one.
            encoder_ckpt_path: checkpoint of either task, of whose encoder to take the weights.
            class_weights: weight of each class in the loss, set from the data.

        Raises:
            ValueError: widths that do not divide, sizes below 1.
            UsageError: the checkpoint cannot be used.
        """
        block = Mamba(
            num_heads=num_heads,
            ssm_state_size=ssm_state_size,
            expand_factor=expand_factor,
            conv_size=conv_size,
            bias=bias,
            conv_bias=conv_bias,
        )
        encoder = EncoderConfig(input_dim, emb_size, 1, block, cls_embed=cls_embed)
        super().__init__(encoder, lr, num_classes, pooling, encoder_ckpt_path, class_weights)


class TiMAEMambaForPretraining(PretrainingFlags):
    """Ti-MAE with one Mamba-2 block (arXiv:2405.21060) in place of each transformer, as a masked autoencoder."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        input_dim: int = 1,
        num_heads: int = 8,
        num_decoder_heads: int = 8,
        emb_size: int = 64,
        decoder_emb_size: int = 32,
        cls_embed: bool = True,
        expand_factor: int = 2,
        decoder_expand_factor: int = 2,
        ssm_state_size: int = 128,
        decoder_ssm_state_size: int = 128,
        conv_size: int = 4,
        decoder_conv_size: int = 4,
        bias: bool = False,
        conv_bias: bool = True,
        seq_len: int = 100,
        mask_ratio: float = 0.75,
    ) -> None:
        """Build it with fresh weights.

        Args:
            lr: the highest learning rate of the cycle.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: a state-space head is ssm_state_size / num_heads wide; must divide.
            num_decoder_heads: likewise in the decoder.
            emb_size: width of a token.
            decoder_emb_size: likewise in the decoder.
            cls_embed: whether a CLS token goes along, behind all others; before them in the decoder.
            expand_factor: inner width over emb_size.
            decoder_expand_factor: likewise in the decoder.
            ssm_state_size: size of a head's state.
            decoder_ssm_state_size: likewise in the decoder.
            conv_size: width of the causal convolution, in tokens.
            decoder_conv_size: likewise in the decoder.
            bias: whether the projections have a bias.
            conv_bias: whether the convolutions have one.
            seq_len: most time steps a series, or its crop, may have in training.
            mask_ratio: share of the time steps to hide, in (0, 1).

        Raises:
            ValueError: widths that do not divide, sizes below 1, mask_ratio outside (0, 1).
        """
        shared: dict[str, Any] = {"bias": bias, "conv_bias": conv_bias}
        block = Mamba(
            num_heads=num_heads,
            ssm_state_size=ssm_state_size,
            expand_factor=expand_factor,
            conv_size=conv_size,
            **shared,
        )
        encoder = EncoderConfig(input_dim, emb_size, 1, block, cls_embed=cls_embed)
        block = Mamba(
            num_heads=num_decoder_heads,
            ssm_state_size=decoder_ssm_state_size,
            expand_factor=decoder_expand_factor,
            conv_size=decoder_conv_size,
            **shared,
        )
        decoder = DecoderConfig("self", decoder_emb_size, 1, block)
        super().__init__(encoder, decoder, lr, mask_ratio)
        self.seq_len = seq_len
