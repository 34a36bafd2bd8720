"""Settings of the interop suite: the real libraries, offline, on the CPU, two threads."""

import os
import shutil
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", WANDB_MODE="disabled")
os.environ.setdefault("OMP_NUM_THREADS", "2")

import cli  # noqa: E402
import gated_delta_net  # noqa: E402, F401
import pytest  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

torch.set_num_threads(2)
transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()


# Every conversion is synced to disk, some 900 of them: in memory, where there is room, this costs nothing.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_sessionstart(session):
    if not cli.binary().is_file():
        pytest.exit(f"no {cli.binary()}: run make build, or set HF2OLMO", returncode=2)


def pytest_collection_modifyitems(config, items):
    """Without HF2OLMO_FULL=1 (make interop-full) the tests marked "full" are left out."""
    if os.environ.get("HF2OLMO_FULL") == "1":
        return
    breadth = [item for item in items if item.get_closest_marker("full")]
    if breadth:
        config.hook.pytest_deselected(items=breadth)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


def pytest_report_header(config):
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    return f"hf2olmo: {cli.binary()}; {versions}"


@pytest.fixture
def one_thread():
    """Such small products take longer to share than to compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
