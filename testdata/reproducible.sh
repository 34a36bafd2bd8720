#!/bin/sh
# Builds the committed source in two folders with two build caches, and compares the binaries.
set -eu
root=$(git rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
for folder in one two/deeper; do
	mkdir -p "$work/$folder"
	git -C "$root" archive HEAD | tar -x -C "$work/$folder"
	GOCACHE="$work/cache-$(basename $folder)" make -s -C "$work/$folder" build
done
cmp "$work/one/bin/hf2olmo" "$work/two/deeper/bin/hf2olmo"
if ldd "$work/one/bin/hf2olmo" >/dev/null 2>&1; then
	echo "not a static binary" >&2
	exit 1
fi
sha256sum "$work/one/bin/hf2olmo" | cut -d' ' -f1
