"""A small real BPE tokenizer: 85 entries in its vocabulary, special ones among them, and 6 added tokens beside it."""

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

_TEXT = """
the quick brown fox jumps over the lazy dog and then the other dogs jump over the fox
a model that somebody has already downloaded becomes a folder from which the trainer resumes
0 1 2 3 4 5 6 7 8 9 , . ; : ? ! ( ) a checkpoint is the same bits out as in
"""


def train() -> Tokenizer:
    """The tokenizer. Its true size, 91, is below every model's number of embedding rows."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=85, special_tokens=["<|endoftext|>", "<|padding|>", "<unk>"], show_progress=False
    )
    tokenizer.train_from_iterator(_TEXT.strip().splitlines(), trainer)
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ("    ", "  ", "\n\n", "hf2olmo")])
    assert tokenizer.get_vocab_size() == 91, tokenizer.get_vocab_size()
    return tokenizer
