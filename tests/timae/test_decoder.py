import pytest
import torch
from torch import Tensor

from timae.config import DecoderConfig, EncoderConfig, Mamba, Transformer
from timae.decoder import CrossDecoder, Decoder, build_decoder
from timae.encoder import Encoder, Features
from timae.masking import Masking, random_masking

BLOCK = Transformer(num_heads=2, intermediate_dim=16)
ENCODER = EncoderConfig(emb_size=8, block=BLOCK, cls_embed=True)
SELF = DecoderConfig(emb_size=8, block=BLOCK)
CROSS = DecoderConfig("cross", emb_size=8, block=BLOCK)


def encode(series: Tensor, config: EncoderConfig = ENCODER) -> tuple[Features, Masking]:
    masking = random_masking(len(series), series.shape[1], 0.5)
    return Encoder(config)(series, masking), masking


@pytest.mark.parametrize("config", [SELF, CROSS], ids=["self", "cross"])
def test_every_hidden_token_is_predicted_in_evaluation(config: DecoderConfig) -> None:
    features, masking = encode(torch.randn(3, 20, 1))
    prediction = build_decoder(config, ENCODER).eval()(features, masking)
    assert prediction.values.shape == (3, 20, 1)
    assert torch.equal(prediction.predicted, masking.hidden)


def test_mask_tokens_start_as_zeros() -> None:
    assert not build_decoder(SELF, ENCODER).mask_token.any()
    assert not build_decoder(CROSS, ENCODER).mask_token.any()


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0])
def test_cross_predicts_its_share_of_the_hidden_tokens_in_training(ratio: float) -> None:
    features, masking = encode(torch.randn(3, 40, 1))
    decoder = build_decoder(DecoderConfig("cross", 8, block=BLOCK, predicted_ratio=ratio), ENCODER)
    predicted = decoder(features, masking).predicted
    assert predicted.sum(dim=1).tolist() == [round(20 * ratio)] * 3
    assert not (predicted & ~masking.hidden).any()


def test_cross_predictions_do_not_depend_on_one_another() -> None:
    features, masking = encode(torch.randn(3, 40, 1))
    decoder = CrossDecoder(DecoderConfig("cross", 8, block=BLOCK, predicted_ratio=0.3), ENCODER)
    few = decoder(features, masking)
    every = decoder.eval()(features, masking)
    torch.testing.assert_close(few.values[few.predicted], every.values[few.predicted])


def test_cross_reads_every_layer_of_the_encoder_through_its_mixture() -> None:
    features, masking = encode(torch.randn(3, 40, 1))
    decoder = CrossDecoder(CROSS, ENCODER)
    assert decoder.mixture.shape == (CROSS.num_layers, ENCODER.num_layers + 1)
    decoder(features, masking).values.square().sum().backward()
    assert decoder.mixture.grad is not None
    assert (decoder.mixture.grad != 0).all()


def test_cross_mixture_starts_as_wide_as_its_source_says() -> None:
    torch.manual_seed(0)
    encoder = EncoderConfig(emb_size=8, block=BLOCK, num_layers=3)
    mixture = CrossDecoder(DecoderConfig("cross", 8, num_layers=500, block=BLOCK), encoder).mixture
    assert mixture.std().item() == pytest.approx(4**-0.5, rel=0.05)


def test_cls_lets_a_causal_decoder_know_what_is_visible_later() -> None:
    config = EncoderConfig(emb_size=8, block=Mamba(num_heads=2, ssm_state_size=8), cls_embed=True)
    encoder, decoder = Encoder(config), Decoder(DecoderConfig(emb_size=8, block=config.block), config)
    hidden = torch.tensor([[True, True, False, False]])
    series = torch.randn(1, 4, 1, requires_grad=True)
    masking = Masking(torch.tensor([[2, 3]]), None, hidden)
    values = decoder(encoder(series, masking), masking).values
    values[0, 0].sum().backward()
    assert series.grad is not None
    assert (series.grad[0, 2:] != 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "cross", "block": Mamba()}, "a cross decoder needs a transformer block, got 'mamba'"),
        ({"predicted_ratio": 0.0}, r"predicted_ratio must lie in \(0, 1\], got 0.0"),
        ({"emb_size": 30}, "num_heads must divide the width: got num_heads 4, width 30"),
        ({"num_layers": 0}, "num_layers of the decoder must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DecoderConfig(**changes)  # type: ignore[arg-type]
