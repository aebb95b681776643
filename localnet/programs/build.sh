#!/bin/sh
# Rebuilds localnet's programs: C by Debian's clang, then our own linker (link.rs).
#   build.sh          writes elf/*.so and elf/SHA256SUMS
#   build.sh DIR      writes there instead (the test compares with what is committed)
# Output is a function of sources and compiler version: the committed files are of clang 19.1.7.
# Without clang-19 it is installed when run as root.
set -eu
if [ -z "$(command -v clang-19)" ]; then
    [ "$(id -u)" = 0 ] || { echo "clang-19 is missing: install it (Debian: apt-get install clang-19)" >&2; exit 2; }
    apt-get install -y --no-install-recommends clang-19
fi
cd "$(dirname "$0")"
out=${1:-elf}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rustc --edition 2024 -O -o "$work/link" link.rs
for source in src/*.c; do
    name=$(basename "$source" .c)
    clang-19 -target bpf -mcpu=v2 -Os -std=c11 -ffreestanding -fno-builtin -fno-ident -Wall -Wextra -Werror \
        -Wno-unused-function -Wno-unused-const-variable -mllvm -bpf-stack-size=4096 -c "$source" -o "$work/$name.o"
    "$work/link" "$work/$name.o" "$out/$name.so"
done
cd "$out"
sha256sum ./*.so >SHA256SUMS
