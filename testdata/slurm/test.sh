#!/usr/bin/env bash
# test.sh HF2OLMO: README.md's Slurm array on a real Slurm, as root. Of eight models two are requeued in the middle, one
# is cancelled and submitted again, one passes its time limit, and one is broken. Takes about three minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
bash "$here/slurm.sh" start
trap 'scancel --name=hf2olmo --user=root 2>/dev/null || true; bash "$here/slurm.sh" stop; rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/models" && ln -s "$bin" "$work/bin/hf2olmo"
export PATH=$work/bin:$PATH
cd "$work"
fail() { echo "slurm: $*" >&2; tail -n 5 native/log/*.json slurm-*.out >&2 || true; exit 1; }

# The script is the second block under "Many models".
awk '/^## /{inside = /Many models/} inside && /^```bash$/{n++; next} /^```$/{if (n == 2) exit} n == 2' \
	"$here/../../README.md" >array.sh
grep -q SLURM_ARRAY_TASK_ID array.sh || fail "no script in README.md"

# Small models, and large ones of zeros, which take seconds to copy.
for n in 1 2 8; do cp -r "$here/../models/olmo2" "models/m$n"; done
cp -r "$here/../models/llama" models/m7 && truncate -s 20000 models/m7/model.safetensors
for n in 3 4 5 6; do python3 "$here/large.py" "models/m$n"; done
{ for n in 1 2 3 4 5 6 7; do echo "models/m$n"; done; printf models/m8; } >models.txt

status() { sed -n 's/.*"status":"\([a-z]*\)".*/\1/p' "native/log/$1.json" 2>/dev/null || true; }
copying() { # copying N: waits until task N writes
	for _ in $(seq 1500); do [ -e "native/.m$1-unsharded.partial/model.pt" ] && return; sleep 0.1; done
	fail "task $1 did not start"
}
settled() { # waits until no task is left; a requeued one would wait two minutes
	for _ in $(seq 600); do
		[ -n "$(squeue --noheader --name=hf2olmo)" ] || return 0
		for id in $(squeue --noheader --array --name=hf2olmo --states=PENDING --format=%i); do
			scontrol update "JobId=$id" StartTime=now 2>/dev/null || true
		done
		sleep 0.5
	done
	fail "tasks are left: $(squeue --noheader --array --name=hf2olmo)"
}
submit() { sbatch --parsable "$@" array.sh; }

first=$(submit --array=1-5,7-8)
for n in 3 4; do copying $n; scontrol requeue "${first}_$n"; done
copying 5; scancel "${first}_5"
settled
for n in 1 2 3 4 8; do [ "$(status $n)" = converted ] || fail "task $n is $(status $n)"; done
for n in 5 7; do [ "$(status $n)" = failed ] || fail "task $n is $(status $n)"; done
grep -q 'stopped by SIGTERM' native/log/5.json || fail "task 5 was not stopped"

# Paused until its time limit: Slurm continues it with SIGTERM, and it cleans up.
limited=$(submit --array=6 --time=1)
copying 6
kill -STOP "$(pgrep -f "^hf2olmo convert --json --into native models/m6$")"
settled
[ "$(status 6)" = failed ] && grep -q 'stopped by SIGTERM' native/log/6.json || fail "task 6 of $limited is $(status 6)"
[ -z "$(find native -name '.*')" ] || fail "left: $(find native -name '.*')"

# What failed is submitted again; then everything, which does nothing.
[ "$(grep -LE '"status":"(converted|unchanged)"' native/log/*.json | tr '\n' ' ')" = \
	"native/log/5.json native/log/6.json native/log/7.json " ] || fail "the README's line lists something else"
submit --array=5,6 >/dev/null
settled
for n in 5 6; do [ "$(status $n)" = converted ] || fail "task $n is $(status $n)"; done
before=$(stat -c '%i %Y' native/*/model.pt)
submit --array=1-9 >/dev/null
settled
for n in 1 2 3 4 5 6 8; do [ "$(status $n)" = unchanged ] || fail "task $n is $(status $n)"; done
[ "$(status 7)" = failed ] || fail "the broken model is $(status 7)"
[ "$before" = "$(stat -c '%i %Y' native/*/model.pt)" ] || fail "something was done twice"
[ -z "$(find native -name '.*')" ] || fail "left: $(find native -name '.*')"
for n in 1 5 8; do hf2olmo verify --quiet "models/m$n" "native/m$n-unsharded" || fail "task $n wrote something else"; done
echo "slurm: two requeued, one cancelled, one past its time limit, one broken: all statuses right, nothing left"
