//! The stock kernel, evcxr_jupyter, from the crates that this kernel is compiled with anyway: so
//! that notebooks can be run on it, and its latency measured beside ours.

fn main() -> anyhow::Result<()> {
    evcxr_jupyter::main()
}
