"""What every converted folder must pass."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import containers
import logits
import mapping
import torch
import yaml
from olmo.config import ModelConfig, TrainConfig
from olmo.model import OLMo
from olmo.tokenizer import Tokenizer


def check_all(source: Path, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Bits, the torch file, config, tokenizer, and the logits of the real OLMo."""
    expected = mapping.native_tensors(source, containers.read(source))
    if dtype is not None:
        expected = {name: tensor.to(dtype) for name, tensor in expected.items()}
    check_bits(expected, folder)
    check_zip(folder / "model.pt")
    check_model_config(source, folder)
    check_train_config(folder)
    check_trainer_state(folder)
    if (folder / "tokenizer.json").exists():
        check_tokenizer(source, folder)
    check_logits(source, folder, exact=dtype is None)


def check_bits(expected: dict, folder: Path) -> None:
    """model.pt loads in every manner and holds exactly the expected tensors, bit for bit."""
    plain = torch.load(folder / "model.pt", weights_only=True)
    mapped = torch.load(folder / "model.pt", weights_only=True, mmap=True)
    unsafe = torch.load(folder / "model.pt", weights_only=False)
    want = mapping.fingerprints(expected)
    for loaded in (plain, mapped, unsafe):
        assert isinstance(loaded, dict)
        assert mapping.fingerprints(loaded) == want
        assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in loaded.values())


def check_zip(path: Path) -> None:
    """A sound zip: CRCs, stored entries, torch's records, data on 64-byte boundaries or, if large, on 8-byte ones."""
    if shutil.which("unzip"):
        done = subprocess.run(["unzip", "-tq", str(path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        roots = {name.split("/")[0] for name in archive.namelist()}
        assert len(roots) == 1, roots
        root = roots.pop()
        assert archive.read(f"{root}/byteorder") == b"little"
        assert archive.read(f"{root}/version") == b"3\n"
        assert archive.read(f"{root}/data.pkl")[:2] == b"\x80\x02"
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED, entry
            if entry.filename.startswith(f"{root}/data/"):
                name, extra = (int.from_bytes(data[entry.header_offset + at :][:2], "little") for at in (26, 28))
                boundary = 8 if entry.file_size >= 64 << 10 else 64
                assert (entry.header_offset + 30 + name + extra) % boundary == 0, entry


def check_model_config(source: Path, folder: Path) -> None:
    """The model section: what decides the computation as expected, and every field that others index directly."""
    config = ModelConfig.load(folder / "config.yaml", key="model", validate_paths=False)
    got, want = mapping.resolved(config), mapping.resolved(mapping.native_config(source))
    assert got == want, {key: (got[key], want[key]) for key in want if got[key] != want[key]}
    section = yaml.safe_load((folder / "config.yaml").read_text())["model"]
    written = set(section)
    assert not set(mapping.COMPARED) - written, f"left to defaults: {set(mapping.COMPARED) - written}"
    assert isinstance(section["layer_norm_eps"], float) and isinstance(section["rope_theta"], int)
    assert want["vocab_size"] <= want["embedding_size"]


def check_train_config(folder: Path) -> None:
    """A complete training config, from which the trainer starts unchanged."""
    config = TrainConfig.load(folder / "config.yaml")
    assert config.load_path == str(folder.resolve())
    assert config.reset_optimizer_state and config.reset_trainer_state
    assert config.run_name
    assert config.optimizer.name == "adamw" and config.optimizer.learning_rate == 3e-5
    assert config.optimizer.betas == (0.9, 0.95) and config.optimizer.eps == 1e-8
    assert config.optimizer.weight_decay == 0.1
    assert config.scheduler.name == "linear_with_warmup"
    assert config.precision == "amp_bf16"
    assert config.fsdp is not None and config.fsdp.precision == "mixed"
    assert config.fsdp.sharding_strategy.name == "SHARD_GRAD_OP"
    assert config.activation_checkpointing is not None
    assert config.global_train_batch_size % config.device_train_microbatch_size == 0
    assert config.model.vocab_size <= 65536 or config.data.memmap_dtype == "uint32"


def check_trainer_state(folder: Path) -> None:
    """train.pt in the trainer's terms, at step 0, without random states."""
    state = torch.load(folder / "train.pt", weights_only=True)
    assert state == {
        "checkpoints": [], "unsharded_checkpoints": [], "ephemeral_checkpoints": [], "epoch": 0, "global_step": 0,
        "global_train_examples_seen_this_epoch": 0, "global_train_tokens_seen": 0, "world_size": 1,
    }  # fmt: skip


def check_tokenizer(source: Path, folder: Path) -> None:
    """The tokenizer, by both of OLMo's ways to it; from_train_config refuses a wrong vocab_size."""
    assert (folder / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()
    config = TrainConfig.load(folder / "config.yaml")
    assert config.tokenizer.identifier == str(folder.resolve() / "tokenizer.json")
    for tokenizer in (Tokenizer.from_checkpoint(folder), Tokenizer.from_train_config(config)):
        assert tokenizer.vocab_size == config.model.vocab_size
        assert tokenizer.encode("the fox", add_special_tokens=True)[-1] == config.model.eos_token_id


def check_logits(source: Path, folder: Path, exact: bool = True) -> None:
    """OLMo.from_checkpoint: strict keys, and logits equal to the source's."""
    native = OLMo.from_checkpoint(folder).float()
    stored = torch.load(folder / "model.pt", weights_only=True)
    assert set(native.state_dict()) == set(stored)
    if exact:
        logits.assert_equal(containers.reference(source), native)
