#!/bin/sh
# Creates the Python environment of the interop suite, once per machine, and prints the path of its python.
# It is in a cache folder outside the checkout, named by a hash of its requirements; other versions of some packages are
# beside its python (requirements-beside.txt). Progress goes to stderr.
#
#   HF2OLMO_CACHE   the cache folder (default: $XDG_CACHE_HOME/hf2olmo or ~/.cache/hf2olmo)
#   PYTHON          the python to build with (default: python3)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${HF2OLMO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hf2olmo}
python=${PYTHON:-python3}

say() { echo "interop: $*" >&2; }

# On Debian the venv module and unzip are separate packages.
need_packages() {
    packages=
    command -v "$python" >/dev/null || packages="python3"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
    command -v unzip >/dev/null || packages="$packages unzip"
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "please install:$packages"
        return 0
    fi
    say "installing $packages"
    { apt-get update -q && apt-get install -y -q $packages; } >&2
}

need_packages
version=$("$python" -c 'import platform; print(platform.python_version(), platform.machine())')
hash=$({ cat "$here/requirements.txt" "$here/requirements-nodeps.txt"; echo "$version"; } | sha256sum | cut -c1-12)
env="$cache/interop-$hash"

mkdir -p "$cache"
exec 9>"$cache/interop-$hash.lock"
if ! flock -n 9; then
    say "waiting for another run that creates $env"
    flock 9
fi

if [ ! -x "$env/bin/python" ]; then
    say "creating $env (about 6 GB, once)"
    # Created under another name and renamed when complete. A renamed venv works through its python
    # (-m pytest, -m torch.distributed.run): only the scripts in bin contain the old path.
    trap 'rm -rf "$env.new"' EXIT
    trap 'exit 1' HUP INT TERM
    rm -rf "$env.new"
    "$python" -m venv "$env.new" >&2
    "$env.new/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
        -r "$here/requirements.txt" >&2
    "$env.new/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
        --no-deps -r "$here/requirements-nodeps.txt" >&2
    mv "$env.new" "$env"
    trap - EXIT HUP INT TERM
fi
grep -v '^#' "$here/requirements-beside.txt" | while read -r name requirements; do
    beside="$env/beside/$name"
    [ -d "$beside" ] && continue
    say "installing $requirements beside it"
    rm -rf "$beside.new"
    "$env/bin/python" -m pip install --disable-pip-version-check --progress-bar off --no-deps \
        --target "$beside.new" $requirements >&2
    mv "$beside.new" "$beside"
done

# llama.cpp's converter, out of the sources of llama-cpp-python, which are not built.
llama="$env/beside/llama.cpp-0.3.36"
if [ ! -d "$llama" ]; then
    say "unpacking llama.cpp's converter beside it"
    rm -rf "$llama.new"
    mkdir -p "$llama.new"
    "$env/bin/python" -m pip download --disable-pip-version-check --progress-bar off --no-deps \
        --no-binary llama-cpp-python --dest "$llama.new" llama-cpp-python==0.3.36 >&2
    tar -xzf "$llama.new/llama_cpp_python-0.3.36.tar.gz" -C "$llama.new" --strip-components=3 --wildcards \
        '*/vendor/llama.cpp/convert_hf_to_gguf.py' '*/vendor/llama.cpp/conversion/*' '*/vendor/llama.cpp/gguf-py/gguf/*'
    rm "$llama.new/llama_cpp_python-0.3.36.tar.gz"
    "$env/bin/python" -m pip install --disable-pip-version-check --progress-bar off --no-deps \
        --target "$llama.new/needs" sentencepiece==0.2.1 >&2
    mv "$llama.new" "$llama"
fi
echo "$env/bin/python"
