"""Reads mutated files with hf2olmo and with the real libraries, and reports where they disagree.

    python fuzz.py HELPER --seconds 600 [--seed N] [--kinds zip,older] [--keep FOLDER] [--case N]

Where both read a file, names, dtypes, shapes and bytes must be the same. A file that only
hf2olmo reads is a fault, unless EXCEPTIONS lists it with the reason. One that only the
library reads is none: hf2olmo may be stricter. The same seed gives the same cases."""

import argparse
import collections
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["RUST_BACKTRACE"] = "0"
import cases
import readers
from values import Dice

# A file of this kind that hf2olmo reads, while the library's refusal matches, and why that is right.
EXCEPTIONS: list[tuple[str, str, str]] = [
    (
        "dcp",
        r"^TypeError: unhashable type",
        "a key that cannot be one, in a part of .metadata that says nothing of tensors",
    ),
]

SECONDS_PER_CASE = 5
MEMORY = 6 << 30  # bytes of address space, torch's own included


class Helper:
    """hf2olmo's readers, in a process that answers."""

    def __init__(self, program: Path):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, kind: str, path: Path, tokens: list[str]) -> dict:
        question = {"Kind": kind, "Path": str(path), "Tokens": tokens}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"hf2olmo's readers ended with status {self.process.wait()}")
        answer = json.loads(line)
        if answer["tensors"]:
            answer["tensors"].sort(key=readers.by_name)
        return answer


def judge(kind: str, ours: dict, theirs: dict) -> str:
    """One word for what the two readings are to each other."""
    if "refused" in ours:
        return "neither" if "refused" in theirs else "theirs alone"
    if "refused" in theirs:
        listed = any(kind == k and re.search(pattern, theirs["refused"]) for k, pattern, _ in EXCEPTIONS)
        return "listed" if listed else "ours alone"
    keys = ("tensors", "value")
    return "same" if [ours.get(k) for k in keys] == [theirs.get(k) for k in keys] else "differ"


def run_case(name: str, rng: Dice, folder: Path, helper: Helper) -> tuple[str, dict, dict]:
    """Makes one case and reads it twice."""
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    kind, path = cases.CASES[name](rng, folder)
    theirs = readers.read(kind, path)
    ours = helper.read(kind, path, theirs.pop("tokens", []))
    return judge(kind, ours, theirs), ours, theirs


def signature(name: str, verdict: str, ours: dict, theirs: dict) -> str:
    """What cases of one cause have in common, more or less."""
    words = " ".join(theirs.get("refused", "").split())
    return f"{name}: {verdict}: " + re.sub(r"[0-9]+|'[^']*'|\"[^\"]*\"|`[^`]*`", "#", words)[:80]


class Report:
    """What was seen, by kind of case; of each signature a few cases are kept."""

    def __init__(self, keep: Path, most: int = 3):
        self.counts = collections.defaultdict(collections.Counter)
        self.faults = collections.Counter()
        self.keep, self.most = keep, most

    def add(self, name: str, verdict: str, what: str) -> None:
        self.counts[name][verdict] += 1
        if verdict in FAULTS:
            self.faults[what] += 1

    def show(self, number: int, what: str, ours: dict, theirs: dict, folder: Path) -> None:
        """Keeps a fault, unless there are enough of its kind."""
        if self.faults[what] >= self.most:
            return
        place = self.keep / f"{what.split(':')[0]}-{number}"
        shutil.copytree(folder, place, dirs_exist_ok=True)
        for side, answer in (("ours", ours), ("theirs", theirs)):
            (place / f"{side}.json").write_text(json.dumps(answer, indent=1))
        print(
            f"{what}\n  {place}\n  ours:   {json.dumps(ours)[:300]}\n  theirs: {json.dumps(theirs)[:300]}", flush=True
        )

    def text(self, seconds: float) -> str:
        lines = []
        for name, count in self.counts.items():
            words = ", ".join(f"{n} {verdict}" for verdict, n in count.most_common())
            lines.append(f"{name:15} {count.total():7} cases: {words}")
        total = sum(count.total() for count in self.counts.values())
        return "\n".join(lines) + f"\n{total} cases in {seconds:.0f} s, {self.faults.total()} faults"


# What the two readings are to each other: the same; refused by neither, by the library alone
# (a fault, unless it is listed) or by hf2olmo alone; or read in two ways.
FAULTS = ("ours alone", "differ", "ours crashed")


def late(*_) -> None:
    raise TimeoutError


def child(options, first: int, until: float, report: Report, out) -> None:
    """Runs cases in order. A line reports the start and the end of each."""
    signal.signal(signal.SIGALRM, late)
    os.dup2(os.open(options.keep / "stderr.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)  # libraries panic there
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    helper, number, kinds = Helper(options.helper), first, options.kinds.split(",")
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        folder = Path(folder)
        while time.monotonic() < until:
            name = kinds[number % len(kinds)]
            print("start", number, name, file=out, flush=True)
            ours = theirs = {}
            signal.alarm(SECONDS_PER_CASE)
            try:
                verdict, ours, theirs = run_case(name, Dice(f"{options.seed}/{number}"), folder, helper)
            except TimeoutError:
                verdict, helper = "too slow", Helper(options.helper)
            except EOFError as error:
                verdict, helper, ours = "ours crashed", Helper(options.helper), {"refused": str(error)}
            signal.alarm(0)
            what = signature(name, verdict, ours, theirs)
            if verdict in FAULTS:
                report.show(number, what, ours, theirs, folder)
                report.faults[what] += 1
            print("done", name, verdict, what, sep="\t", file=out, flush=True)
            number += 1
            if options.case is not None:
                print(json.dumps({"ours": ours, "theirs": theirs}, indent=1), flush=True)
                break


def run(options) -> Report:
    """Runs until the time is over. A library may crash on a file: then the next case is another process's."""
    report, number, until = Report(options.keep), options.case or 0, time.monotonic() + options.seconds
    while time.monotonic() < until:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(reading)
                child(options, number, until, report, os.fdopen(writing, "w", errors="backslashreplace"))
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        name = "?"
        with os.fdopen(reading) as lines:
            for line in lines:
                word, *rest = line.rstrip("\n").split("\t") if line.startswith("done") else line.split()
                if word == "start":
                    number, name = int(rest[0]) + 1, rest[1]
                else:
                    report.add(*rest)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            print((options.keep / "stderr.txt").read_text(errors="replace")[-2000:])
            raise SystemExit(f"case {number - 1} ({name}) of seed {options.seed}: the comparison itself failed")
        if os.WIFSIGNALED(status):
            report.add(name, "theirs crashed", "")
        if options.case is not None:
            break
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("helper", type=Path, help="the program built from this folder's main.go")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", default=time.strftime("%Y-%m-%d"))
    parser.add_argument("--kinds", default=",".join(cases.CASES))
    parser.add_argument("--keep", type=Path, help="where faults are kept")
    parser.add_argument("--least", type=int, default=0, help="how many cases of each kind both must have read")
    parser.add_argument("--case", type=int, help="one case alone, with both answers")
    options = parser.parse_args()
    memory = Path("/dev/shm")
    options.scratch = memory if os.access(memory, os.W_OK) else None
    options.keep = options.keep or Path(tempfile.mkdtemp(prefix="differential-"))
    options.keep.mkdir(parents=True, exist_ok=True)
    print(f"seed {options.seed}, faults are kept in {options.keep}", flush=True)
    start = time.monotonic()
    report = run(options)
    print(report.text(time.monotonic() - start))
    seen = min(count["same"] for count in report.counts.values())
    if seen < options.least:
        print(f"only {seen} cases of one kind were read by both: that proves little")
    return 1 if report.faults or seen < options.least else 0


if __name__ == "__main__":
    sys.exit(main())
