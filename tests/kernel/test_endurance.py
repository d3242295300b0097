"""Many cells: memory and latency stay as they were.

Latency is compared as time of the processor: how long a cell takes by the clock depends on what else
the machine is doing. Both are printed.
"""

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


def worked(kernel):
    """Seconds that the kernel, its compilers and the process that runs cells have computed."""
    own, child = kernel.process.cpu_times(), kernel.child().cpu_times()
    return own.user + own.system + own.children_user + own.children_system + child.user + child.system


def test_many_cells_cost_what_few_cost(fresh):
    assert fresh.run("let model = Model::bundled()?;").status == "ok"
    # Four kinds of cells in turn; variables are defined anew, not more and more of them.
    kinds = [HEAT, "let x = vec![1.5, 2.5];", 'println!("{}", x.len());', "x.iter().sum::<f64>()"]

    def round_():
        started, before = time.monotonic(), worked(fresh)
        for code in kinds:
            assert fresh.run(code).status == "ok"
        return time.monotonic() - started, worked(fresh) - before

    for _ in range(5):
        round_()
    rounds, sizes = [], []
    for _ in range(CELLS // len(kinds)):
        rounds.append(round_())
        sizes.append(memory(fresh))
    part = max(3, len(rounds) // 5)

    def first_and_last(values):
        return statistics.median(values[:part]), statistics.median(values[-part:])

    small, large = first_and_last(sizes)
    quick, slow = first_and_last([wall for wall, _ in rounds])
    little, much = first_and_last([work for _, work in rounds])
    print(f"\n{len(rounds) * len(kinds)} cells, a round of {len(kinds)}, at first and at last:")
    print(f"{quick:.3f} s and {slow:.3f} s, {little:.3f} s and {much:.3f} s of the processor")
    print(f"{small:.0f} MiB and {large:.0f} MiB")
    assert large < 1.2 * small
    assert much < 1.2 * little
