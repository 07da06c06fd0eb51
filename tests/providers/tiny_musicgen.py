"""A MusicGen of 0.2 million random weights, built from its configuration and saved as a model is."""

from __future__ import annotations

RATE, FRAMES = 32_000, 50
WORDS = "happy calm pop jazz with piano bass and flute etc bpm".split()


def saved(folder, seed=0):
    """Save text encoder, decoder, audio codec and tokenizer in `folder`, and return it."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(seed)
    text = transformers.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    codec = transformers.EncodecConfig(
        target_bandwidths=[1.2], sampling_rate=RATE, audio_channels=1, num_filters=4, upsampling_ratios=[8, 5, 4, 4], hidden_size=16,
        num_lstm_layers=1, codebook_size=64, codebook_dim=16, normalize=False)
    decoder = transformers.MusicgenDecoderConfig(
        vocab_size=64, num_hidden_layers=1, ffn_dim=16, num_attention_heads=2, hidden_size=16, num_codebooks=4, pad_token_id=64,
        bos_token_id=64, audio_channels=1)
    model = transformers.MusicgenForConditionalGeneration(transformers.MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict()))
    for layer in model.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_()  # a new codec's are zeros: every code would sound alike
    for name in ("decoder_start_token_id", "pad_token_id", "bos_token_id"):
        setattr(model.generation_config, name, 64)
    model.save_pretrained(folder, safe_serialization=True)
    places = {word: place for place, word in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
    words = Tokenizer(models.WordLevel(places, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>").save_pretrained(folder)
    return folder
