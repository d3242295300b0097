"""Many cells: memory and latency stay as they were."""

import os
import statistics
import time

# The whole test has 200; MAMBASCOPE_CELLS makes it shorter where time is short.
CELLS = int(os.environ.get("MAMBASCOPE_CELLS", "200"))
HEAT = (
    'model.trace("Books describe Vincent van Gogh as a great").subject("Vincent van Gogh")'
    ".restore(..).tokens(SubjectLast).heatmap()?"
)


def memory(kernel):
    """Of the kernel and the process that runs cells, in MiB."""
    processes = [kernel.process, kernel.child()]
    return sum(it.memory_info().rss for it in processes) / 2**20


def test_many_cells_cost_what_few_cost(fresh):
    assert fresh.run("let model = Model::bundled()?;").status == "ok"
    # Four kinds of cells in turn; variables are defined anew, not more and more of them.
    kinds = [HEAT, "let x = vec![1.5, 2.5];", 'println!("{}", x.len());', "x.iter().sum::<f64>()"]

    def round_():
        took = []
        for code in kinds:
            started = time.process_time(), time.monotonic()
            assert fresh.run(code).status == "ok"
            took.append(time.monotonic() - started[1])
        return sum(took)

    for _ in range(5):
        round_()
    rounds, sizes = [], []
    for _ in range(CELLS // len(kinds)):
        rounds.append(round_())
        sizes.append(memory(fresh))
    part = max(3, len(rounds) // 5)
    first, last = (statistics.median(it) for it in (rounds[:part], rounds[-part:]))
    small, large = (statistics.median(it) for it in (sizes[:part], sizes[-part:]))
    print(f"\n{len(rounds) * len(kinds)} cells: a round of {len(kinds)} takes {first:.3f} s at first, {last:.3f} s at last")
    print(f"memory {small:.0f} MiB at first, {large:.0f} MiB at last")
    assert large < 1.2 * small
    assert last < 1.2 * first
