# What continuous integration does for the kernel. To be sourced; `kernel` builds it, gets what its
# tests need, and tests it as Jupyter sees it. Quick where all is there already.

# Where tools that stay are, shared with the notebooks' tests.
kernel_tools() {
    realpath -m "${MAMBASCOPE_CI_TOOLS:-${CARGO_TARGET_DIR:-target}/ci-tools}"
}

# The source of the standard library, from Debian where the toolchain has none. Sets RUST_SRC_PATH.
kernel_rust_source() {
    local own folder
    own=$(rustc --print sysroot)/lib/rustlib/src/rust/library
    if [ -e "${RUST_SRC_PATH:-/nowhere}/core/src/lib.rs" ] || [ -e "$own/core/src/lib.rs" ]; then
        return 0
    fi
    folder=$(kernel_tools)/rust-src
    if ! ls "$folder"/usr/src/*/library/core/src/lib.rs > /dev/null 2>&1; then
        command -v apt-get > /dev/null || {
            echo 'the source of the standard library is missing: rustup component add rust-src'
            return 1
        }
        # Unpacked, not installed: the package cannot stand beside a Rust from Debian.
        mkdir -p "$folder"
        # Lists of packages may be old; where they cannot be renewed, the old ones may still do.
        apt-get update -qq || true
        (cd "$folder" && apt-get download -qq rust-web-src && dpkg -x rust-web-src_*.deb . && rm rust-web-src_*.deb)
    fi
    RUST_SRC_PATH=$(echo "$folder"/usr/src/*/library)
    export RUST_SRC_PATH
}

# The library in a folder of CI's own, so that a user's stays as it is.
kernel_environment() {
    mkdir -p "$(kernel_tools)"
    kernel_rust_source
    MAMBASCOPE_DATA=${MAMBASCOPE_DATA:-$(kernel_tools)/data}
    export MAMBASCOPE_DATA
}

# Builds the library that cells are linked to; says something only where that fails.
kernel_library() {
    local said
    said=$(kernel_tools)/library.log
    "${CARGO_TARGET_DIR:-target}/release/examples/library" > "$said" 2>&1 || {
        tr '\r' '\n' < "$said" | tail -n 40
        return 1
    }
}

# Builds the program and the library, and tests both.
kernel() {
    kernel_environment
    # All of the workspace, because cargo compiles rust-analyzer again for a package by itself.
    cargo build --workspace --all-targets --release --locked --quiet
    kernel_library
    MAMBASCOPE_CELLS=${MAMBASCOPE_CELLS:-60} tests/kernel/run -q
}
