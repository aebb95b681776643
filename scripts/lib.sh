# Shared by the scripts here: prerequisites and stage times. Sourced, not run.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# need PROGRAM PACKAGE: makes sure a program is there, installing its Debian package when root.
need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing Debian package $2 (for $1)" >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
    fi
    command -v "$1" >/dev/null 2>&1 && return 0
    echo "missing: $1. Install it (Debian package: $2) and run this again." >&2
    exit 2
}

need_rust() {
    command -v cargo >/dev/null 2>&1 && return 0
    echo "missing: cargo. Install Rust with rustup; rust-toolchain.toml names the version." >&2
    exit 2
}

target=${CARGO_TARGET_DIR:-target}
stages=""

# stage NAME COMMAND...: runs a stage and remembers its time; a failing stage ends the script.
stage() {
    local name=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@"
    local status=$? took=$((SECONDS - start))
    stages+=$(printf '%-28s %5d s' "$name" "$took")$'\n'
    if [ $status -ne 0 ]; then
        printf '\n== FAILED in stage "%s"\n%s' "$name" "$stages"
        exit $status
    fi
}

summary() {
    printf '\n== time by stage\n%s' "$stages"
}
