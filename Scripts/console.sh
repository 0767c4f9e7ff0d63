# How the scripts talk to a person; sourced by each of them.

# A step begins: `say "Building Viaduct"`.
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# The script ends here; the sentence says what to do.
fail() {
    printf '\033[1;31m==>\033[0m %s\n' "$*" >&2
    exit 1
}

# Colours only where a person looks.
if [[ ! -t 1 ]]; then
    say() { printf '==> %s\n' "$*"; }
    fail() { printf '==> %s\n' "$*" >&2; exit 1; }
fi

# Runs a command whose output nobody reads unless it fails: `quietly LOG command…`.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null && return
    tail -n 20 "$log" >&2
    return 1
}
