# Shared by the scripts in this folder; sourced, not run.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Tests and benchmarks that want the optional data look here and skip when it is not there.
export TRAILWARDEN_SHARED=${TRAILWARDEN_SHARED:-$root/../shared}

say() { printf '== %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

usage_error() {
    printf '%s: %s (see --help)\n' "$(basename "$0")" "$*" >&2
    exit 2
}

# --help prints the comment that begins the script.
show_help() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
}

# alone NAME: waits until no other process here does what NAME stands for, and keeps others waiting
# until this one has ended.
alone() {
    local lock
    mkdir -p "$root/build"
    exec {lock}>"$root/build/.$1.lock"
    flock "$lock"
}

# compile DIR COMPILER [cmake options]: configures once, builds, and is quiet unless something fails.
compile() {
    local dir=$1 compiler=$2 log
    shift 2
    log=$dir/build.log
    mkdir -p "$dir"
    if ! { cmake -S "$root" -B "$dir" -G Ninja -DCMAKE_C_COMPILER="$compiler" "$@" &&
        ninja -C "$dir"; } >"$log" 2>&1; then
        grep -vE '^(--|\[[0-9]+/[0-9]+\] (Building|Linking|Re-checking))' "$log" >&2 || true
        die "the build in ${dir#"$root"/} failed (whole log: $log)"
    fi
}

# The Python of the tests, with exactly what tests/requirements.txt pins; made once, then left alone.
venv() {
    local dir=$root/build/venv want
    want=$(sha256sum <"$root/tests/requirements.txt")
    if [ "$(cat "$dir/.requirements" 2>/dev/null)" != "$want" ]; then
        say "installing the tests' Python packages into build/venv"
        rm -rf "$dir"
        python3 -m venv "$dir"
        "$dir/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/requirements.txt"
        printf '%s\n' "$want" >"$dir/.requirements"
    fi
}
