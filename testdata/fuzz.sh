#!/bin/sh
# Every fuzz target for a while each: fuzz.sh 10s. What fails is written by go
# under testdata/fuzz of its package; commit it there, as a seed, with the fix.
#
# Go before 1.27 sometimes ends a target at the very end of its time with
# "context deadline exceeded" and no input to blame (go.dev/issue/75804). Such
# an end says nothing of our code, so the target starts again, three times at
# most; anything else that fails, fails here.
set -eu
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { # fuzz PACKAGE TARGET, seen as it goes
	{
		go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 20x "$1" 2>&1 && echo passed || echo failed
	} | tee "$log" | sed '$d'
	test "$(tail -n 1 "$log")" = passed
}

deadline_alone() { # the last run failed by Go's own deadline and by nothing else
	grep -q '^    context deadline exceeded$' "$log" && ! grep -qE 'Failing input|panic|_test\.go:' "$log"
}

targets=0
for file in $(grep -rl '^func Fuzz' --include='*_test.go' . | sort); do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file"); do
		echo "$target"
		tries=1
		until fuzz "$(dirname "$file")" "$target"; do
			if [ $tries -ge 3 ] || ! deadline_alone; then
				echo "$target failed" >&2
				exit 1
			fi
			tries=$((tries + 1))
			echo "$target: again, its time ended in go.dev/issue/75804"
		done
		targets=$((targets + 1))
	done
done
echo "ok: $targets fuzz targets, $time each"
