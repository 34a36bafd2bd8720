"""Small tokenizers with the normalizers and pre-tokenizers of the families, and texts that they cut in different ways."""

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEXTS = [
    "Hello, world! Don't split incorrectly, it's 12345678 or 9078563412 times as much; we'LL see.",
    "    def f(x):\n        return x + 123456\n\n\n  two  spaces, three   spaces\tand tabs\r\nlines 1 22 333 4444",
    "The quick brown fox jumps over the lazy dog; the other dogs' jumps. a model becomes a folder from which it resumes",
    "é e\u0301 中文 🙂 naïve don't can't I'll we've they're 2024 2025 1999 100 1000 10000",
    "<|endoftext|>a<|padding|>",
    " ",
    "x\n\n\ny",
]
SPECIAL = ["<|endoftext|>", "<|padding|>", "<s>", "</s>", "<unk>"]


def _byte_level(split=None, prefix=False) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=split is None)
    if split is not None:
        level = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(split), "isolated"), level])
    tokenizer.pre_tokenizer = level
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(vocab_size=500, special_tokens=SPECIAL, show_progress=False, initial_alphabet=alphabet))
    return tokenizer


def _pieces(normalizer=None, pre_tokenizer=None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(vocab_size=700, special_tokens=special, show_progress=False))
    return tokenizer


def _begins(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    return tokenizer


_SPACES = normalizers.Replace(" ", "▁")

# Each with the class that its models on the hub name.
KINDS = {
    "olmo": (lambda: _byte_level(), "GPTNeoXTokenizerFast"),
    "dolma2": (lambda: _byte_level(CL100K), "GPT2Tokenizer"),
    "llama2": (lambda: _begins(_pieces(normalizers.Sequence([normalizers.Prepend("▁"), _SPACES]))), "LlamaTokenizer"),
    "llama3": (lambda: _begins(_byte_level(CL100K)), "PreTrainedTokenizerFast"),
    "mistral": (lambda: _begins(_pieces(None, pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False))), "LlamaTokenizerFast"),
    "qwen2": (lambda: _byte_level(CL100K.replace(r"\p{N}{1,3}", r"\p{N}")), "Qwen2Tokenizer"),
    "gemma": (lambda: _begins(_pieces(_SPACES, pre_tokenizers.Split(" ", "merged_with_previous"))), "GemmaTokenizer"),
    "prefix": (lambda: _byte_level(prefix=True), "GPT2TokenizerFast"),
}
# What else such a tokenizer_config.json has.
SETTINGS = {
    "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "<|endoftext|>", "unk_token": "<unk>",
    "chat_template": "{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}", "legacy": True, "use_default_system_prompt": False,
    "added_tokens_decoder": {"0": {"content": "<|endoftext|>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}},
    "clean_up_tokenization_spaces": False, "model_max_length": 1000000000000000019884624838656, "additional_special_tokens": ["<|padding|>"],
}  # fmt: skip


def write(folder, kind: str, settings: bool = True) -> list[list[int]]:
    """tokenizer.json and its tokenizer_config.json, if there is one; the ids of TEXTS."""
    import json

    make, name = KINDS[kind]
    tokenizer = make()
    tokenizer.save(str(folder / "tokenizer.json"))
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps({**SETTINGS, "tokenizer_class": name}))
    return [tokenizer.encode(text).ids for text in TEXTS]
