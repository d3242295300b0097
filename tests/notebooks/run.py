#!/usr/bin/env python3
"""Runs notebooks and compares what their cells show with what they were committed with.

    run.py [--kernel NAME] [--before CODE] [--update] NOTEBOOK...

Exits with 1 when a cell fails, or shows something else: another text (numbers with a fraction may differ a little), another
number of outputs, other MIME types. `--before` runs code ahead of the first cell, such as the `:dep` that evcxr_jupyter needs.
`--update` writes what was shown into the notebooks.
"""

import argparse
import copy
import pathlib
import sys
import time

import nbclient
import nbformat

from compare import differences, meaningful

# A first cell may wait for the library to be built.
CELL_SECONDS = 1800
START_SECONDS = 180


def run(notebook, folder, kernel, before):
    """Executes a copy of a notebook, from its own folder."""
    executed = copy.deepcopy(notebook)
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if before:
        executed.cells.insert(0, nbformat.v4.new_code_cell(before))
    client = nbclient.NotebookClient(
        executed,
        kernel_name=kernel or notebook.metadata.kernelspec.name,
        timeout=CELL_SECONDS,
        startup_timeout=START_SECONDS,
        record_timing=False,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    if before:
        executed.cells.pop(0)
    return executed


def judge(found, expected):
    """What is wrong, cell by cell, in words."""
    wrong = []
    for number, (one, other) in enumerate(zip(found.cells, expected.cells, strict=True)):
        if one.cell_type != "code":
            continue
        outputs = [out for out in one.outputs if not (is_error(out) and "raises-exception" in tags(one))]
        wrong += [f"cell {number}: {what}" for what in differences(outputs, other.outputs)]
    return wrong


def is_error(output):
    return output.output_type == "error"


def tags(cell):
    return cell.metadata.get("tags", [])


def update(path, notebook, executed):
    count = 0
    for cell, done in zip(notebook.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            count += 1
            outputs = [nbformat.from_dict(output) for output in meaningful(done.outputs)]
            cell.outputs, cell.execution_count = outputs, count
            for output in cell.outputs:
                output.pop("transient", None)
                if output.output_type == "execute_result":
                    output.execution_count = count
    nbformat.write(notebook, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=pathlib.Path)
    parser.add_argument("--kernel", default="")
    parser.add_argument("--before", default="")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    failed = 0
    for path in arguments.notebooks:
        notebook, began = nbformat.read(path, as_version=4), time.monotonic()
        executed = run(notebook, path.parent, arguments.kernel, arguments.before)
        wrong = judge(executed, notebook if not arguments.update else executed)
        if arguments.update and not wrong:
            update(path, notebook, executed)
        print(f"{'failed' if wrong else 'ok':6} {path.name} in {time.monotonic() - began:.1f} s")
        for what in wrong:
            print("  " + what.replace("\n", "\n    "))
        failed += bool(wrong)
    print(f"{len(arguments.notebooks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
