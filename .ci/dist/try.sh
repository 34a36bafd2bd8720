#!/bin/sh
# Makes the files of a release twice and compares them; installs the wheel into a fresh virtual environment and the
# Debian package into the system, and converts a model with each. Needs root, python3 with venv, and dpkg.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run .ci/dist/*.go
cp dist/SHA256SUMS "$work/first"
go run .ci/dist/*.go
cmp "$work/first" dist/SHA256SUMS
(cd dist && sha256sum --quiet -c SHA256SUMS)

version=$(cat cmd/hf2olmo/version.txt)
machine=$(go env GOARCH)
model=$PWD/testdata/models/olmo2
convert() { # convert HF2OLMO: with the program of this path
	test "$("$1" version --json | sed 's/.*"version":"\([^"]*\)".*/\1/')" = "$version"
	rm -rf "$work/out-unsharded"
	"$1" convert --quiet --output "$work/out" "$model"
	"$1" verify --quiet "$model" "$work/out-unsharded"
}

python3 -m venv "$work/environment"
"$work/environment/bin/pip" install --quiet --no-index --find-links dist hf2olmo
convert "$work/environment/bin/hf2olmo"
test -s "$work/environment/share/man/man1/hf2olmo.1"

mkdir "$work/archive"
tar -xzf "dist/hf2olmo-$version-linux-$machine.tar.gz" -C "$work/archive" --strip-components 1
convert "$work/archive/hf2olmo"

dpkg --install "dist/hf2olmo_${version}_$machine.deb"
test "$(dpkg-query --show --showformat '${Version}' hf2olmo)" = "$version"
convert /usr/bin/hf2olmo
gzip -dc /usr/share/man/man1/hf2olmo.1.gz | grep -q '^.SS hf2olmo convert MODEL'
dpkg --remove hf2olmo
echo "$version: wheel, archive and Debian package convert, and two runs make the same bytes"
