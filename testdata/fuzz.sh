#!/bin/sh
# fuzz.sh 10s: runs every fuzz target for this time. Go writes an input that fails to
# testdata/fuzz of the package: commit it there, as a seed, along with the fix.
#
# Go before 1.27 sometimes ends a target at the very end of its time with "context
# deadline exceeded" and no failing input (go.dev/issue/75804). That is not a fault of
# this code, so the target runs again, at most three times. Any other failure counts.
set -eu
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { # fuzz PACKAGE TARGET: shows the output as it comes
	{
		go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 20x "$1" 2>&1 && echo passed || echo failed
	} | tee "$log" | sed '$d'
	test "$(tail -n 1 "$log")" = passed
}

deadline_alone() { # the last run failed only because of Go's deadline
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
