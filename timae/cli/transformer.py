"""The flags of Ti-MAE's transformer, as a masked autoencoder and as a classifier."""

from collections.abc import Sequence
from typing import Any, Literal

from timae.cli.tasks import ClassificationFlags, PretrainingFlags
from timae.config import DecoderConfig, EncoderConfig, Pooling, Transformer

Activation = Literal["gelu", "relu", "silu"]


class TiMAE(ClassificationFlags):
    """Ti-MAE's transformer as a classifier (arXiv:2301.08871, Section 3)."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        num_classes: int = 2,
        input_dim: int = 1,
        num_heads: int = 4,
        num_layers: int = 2,
        emb_size: int = 64,
        intermediate_dim: int = 256,
        cls_embed: bool = True,
        pooling: Pooling | None = None,
        max_len: int = 100,
        qkv_bias: bool = False,
        attn_dropout_prob: float = 0.1,
        ffn_dropout_prob: float = 0.1,
        layer_norm_eps: float = 1e-5,
        act_func: Activation = "gelu",
        encoder_ckpt_path: str | None = None,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        """Build it with fresh weights, or with the encoder of a checkpoint.

        Args:
            lr: the highest learning rate of the cycle.
            num_classes: set from the data.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: attention heads; must divide emb_size.
            num_layers: transformer blocks.
            emb_size: width of a token.
            intermediate_dim: width between the two layers of a block's MLP.
            cls_embed: whether a CLS token goes along.
            pooling: what of the tokens is classified; by default the CLS token, without one the mean.
            max_len: most time steps a series may have; a CLS token does not count.
            qkv_bias: whether queries, keys and values have a bias.
            attn_dropout_prob: dropout of attention weights; costly on a CPU, give 0 there.
            ffn_dropout_prob: dropout after the MLP.
            layer_norm_eps: added to variances.
            act_func: between the two layers of the MLP.
            encoder_ckpt_path: checkpoint of either task, of whose encoder to take the weights.
            class_weights: weight of each class in the loss, set from the data.

        Raises:
            ValueError: widths that do not divide, sizes below 1.
            UsageError: the checkpoint cannot be used.
        """
        block = Transformer(
            num_heads=num_heads,
            intermediate_dim=intermediate_dim,
            out_proj=False,
            qkv_bias=qkv_bias,
            dropout=ffn_dropout_prob,
            attention_dropout=attn_dropout_prob,
            layer_norm_eps=layer_norm_eps,
            activation=act_func,
        )
        encoder = EncoderConfig(input_dim, emb_size, num_layers, block, cls_embed=cls_embed)
        super().__init__(encoder, lr, num_classes, pooling, encoder_ckpt_path, class_weights)
        self.max_len = max_len


class TiMAEForPretraining(PretrainingFlags):
    """Ti-MAE's transformer as a masked autoencoder (arXiv:2301.08871, Section 3)."""

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        *,
        lr: float = 1e-3,
        input_dim: int = 1,
        num_heads: int = 4,
        num_decoder_heads: int = 4,
        num_layers: int = 2,
        num_decoder_layers: int = 2,
        emb_size: int = 64,
        decoder_emb_size: int = 32,
        intermediate_dim: int = 256,
        decoder_intermediate_dim: int = 128,
        cls_embed: bool = True,
        max_len: int = 100,
        seq_len: int = 100,
        mask_ratio: float = 0.75,
        qkv_bias: bool = False,
        attn_dropout_prob: float = 0.1,
        ffn_dropout_prob: float = 0.1,
        layer_norm_eps: float = 1e-5,
        act_func: Activation = "gelu",
    ) -> None:
        """Build it with fresh weights.

        Args:
            lr: the highest learning rate of the cycle.
            input_dim: channels of a series, 1 throughout the archive.
            num_heads: attention heads; must divide emb_size.
            num_decoder_heads: likewise in the decoder; must divide decoder_emb_size.
            num_layers: transformer blocks.
            num_decoder_layers: likewise in the decoder.
            emb_size: width of a token.
            decoder_emb_size: likewise in the decoder.
            intermediate_dim: width between the two layers of a block's MLP.
            decoder_intermediate_dim: likewise in the decoder.
            cls_embed: whether a CLS token goes along.
            max_len: most time steps a series may have; a CLS token does not count.
            seq_len: most time steps a series, or its crop, may have in training.
            mask_ratio: share of the time steps to hide, in (0, 1).
            qkv_bias: whether queries, keys and values have a bias.
            attn_dropout_prob: dropout of attention weights; costly on a CPU, give 0 there.
            ffn_dropout_prob: dropout after the MLP.
            layer_norm_eps: added to variances.
            act_func: between the two layers of the MLP.

        Raises:
            ValueError: widths that do not divide, sizes below 1, mask_ratio outside (0, 1).
        """
        shared: dict[str, Any] = {
            "out_proj": False,
            "qkv_bias": qkv_bias,
            "dropout": ffn_dropout_prob,
            "attention_dropout": attn_dropout_prob,
            "layer_norm_eps": layer_norm_eps,
            "activation": act_func,
        }
        block = Transformer(num_heads=num_heads, intermediate_dim=intermediate_dim, **shared)
        encoder = EncoderConfig(input_dim, emb_size, num_layers, block, cls_embed=cls_embed)
        block = Transformer(num_heads=num_decoder_heads, intermediate_dim=decoder_intermediate_dim, **shared)
        decoder = DecoderConfig("self", decoder_emb_size, num_decoder_layers, block)
        super().__init__(encoder, decoder, lr, mask_ratio)
        self.max_len, self.seq_len = max_len, seq_len
