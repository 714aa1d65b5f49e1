#!/usr/bin/env python3
"""Shows what one rank of a cell costs beside its measured steps: starts the worker as moebench does,
reads its CPU time whenever it says where it is, and prints the median of each stretch.

    tools/dev/rank_cost.py build/cpu/bin/moebench-rank CELL.yaml
    tools/dev/rank_cost.py build/cpu/bin/moebench-rank CELL.yaml -- --gemm-rate-known

CELL.yaml is the cell.yaml of a repetition of one rank; what follows `--` goes to the worker.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

# What the worker does, in this order; where it is told the GEMM rate, `start` has no `probe` behind
# it and holds what stands in its place. Memory and numerics are passes of their own.
STRETCHES = ["start", "probe", "load", "warm-up", "steps", "memory", "numerics", "end"]


def cpu_seconds(pid):
    """User and system time of a process that runs, of all its threads, to the nanosecond."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def stretch_after(line):
    """What the worker does once it has said this."""
    phase, step, of = (field.split("=")[1] for field in line.split()[1:4])
    is_last = step == of
    if phase == "warmup":
        return "steps" if is_last else "warm-up"
    if phase in ("memory", "numerics"):
        return "end" if is_last else phase
    return phase


def run_once(worker, cell, arguments):
    """CPU seconds by stretch, and of the whole process."""
    times = dict.fromkeys(STRETCHES, 0.0)
    with tempfile.TemporaryDirectory() as out:
        rank = subprocess.Popen(
            [worker, "--cell", cell, "--out", out, *arguments], stdout=subprocess.PIPE, text=True
        )
        stretch, before = "start", 0.0
        for line in rank.stdout:
            if not line.startswith("progress: "):
                continue
            now = cpu_seconds(rank.pid)
            times[stretch] += now - before
            stretch, before = stretch_after(line), now
        _, status, usage = os.wait4(rank.pid, 0)
        if status != 0:
            raise SystemExit(f"the worker ended with status {status}")
    whole = usage.ru_utime + usage.ru_stime
    times[stretch] += whole - before
    return times | {"whole process": whole}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("worker")
    parser.add_argument("cell")
    parser.add_argument("--repeats", type=int, default=9)
    words, arguments = sys.argv[1:], []
    if "--" in words:
        arguments = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    options = parser.parse_args(words)
    runs = [
        run_once(options.worker, options.cell, arguments) for _ in range(options.repeats)
    ]
    print(f"CPU seconds, medians of {options.repeats} runs (smallest to largest)")
    for stretch in [*STRETCHES, "whole process"]:
        values = [run[stretch] for run in runs]
        spread = f"({min(values):.3f} to {max(values):.3f})"
        print(f"  {stretch:15} {statistics.median(values):6.3f}  {spread}")
    passes = ("steps", "memory", "numerics")
    others = [run["whole process"] - sum(run[part] for part in passes) for run in runs]
    print(f"  {'beside passes':15} {statistics.median(others):6.3f}")


if __name__ == "__main__":
    main()
