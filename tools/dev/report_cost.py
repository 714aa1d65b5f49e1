#!/usr/bin/env python3
"""Shows what reports cost: makes synthetic results of many cells, the same ones each time, and prints
the time and the largest resident memory of `moebench report` in each layout and format.

    tools/dev/report_cost.py build/cpu/bin/moebench               # 10 000 records of 2000 cells
    tools/dev/report_cost.py build/cpu/bin/moebench --cells 20000 --only markdown,csv,json
    tools/dev/report_cost.py --make-only DIR --cells 200

With --max-seconds and --max-mb it exits with 1 where a report takes more of either.
"""

import argparse
import json
import os
import pathlib
import random
import sys
import tempfile
import time

RANKS = 8
STEPS = 5
REPORTS = {
    "markdown": ["--format", "markdown"],
    "terminal": ["--format", "terminal"],
    "csv": ["--format", "csv"],
    "json": ["--format", "json"],
    "fms-table": ["--fms-table", "--format", "markdown"],
    "csv-wide": ["--format", "csv-wide"],
    "latex": ["--format", "latex"],
    "card": ["--format", "card"],
    "html": ["--format", "html"],
}
# Varying axes, the fastest first; their product is more than anyone asks for.
AXES = {
    "parallelism": ["fsdp", "ep"],
    "expert_kernel": ["loop", "grouped"],
    "micro_batch": ["1", "2", "4", "8", "16"],
    "seq_len": ["128", "256", "512", "1024", "2048"],
    "gathers": ["2", "1"],
    "activation_checkpointing": ["false", "true"],
    "optimizer": ["fused", "foreach", "single", "sharded", "split"],
    "dtype": ["bf16", "fp32"],
    "model": [f"mixtral-{size}b" for size in range(1, 101)],
}
# What changes what is computed.
WORKLOAD = ["micro_batch", "seq_len", "dtype", "model"]
CONSTANT_AXES = {"ranks": str(RANKS), "shard_degree": "0", "grad_accumulation": "1",
                 "packing": "false", "prefetch": "0", "sync_each_batch": "true",
                 "keep_gradients": "true", "routing": "learned", "router_aux_loss": "false",
                 "seed": "0", "loader": "direct", "cache": "any", "engine": "moebench"}
PHASES = ["data", "embedding", "attention", "router", "dispatch", "experts", "combine", "loss",
          "loss_backward", "combine_backward", "experts_backward", "dispatch_backward",
          "router_backward", "attention_backward", "embedding_backward", "gather", "reduce",
          "optimizer", "other"]
BYTES = ["mem_alloc", "mem_alloc_load", "mem_peak", "mem_peak_load", "mem_peak_first_step",
         "mem_peak_steady_step", "rss_baseline", "rss_end", "rss_load", "rss_outside_end",
         "rss_peak"]
ESTIMATES = ["mem_estimate", "mem_estimate_activations", "mem_estimate_alloc",
             "mem_estimate_gathered", "mem_estimate_gradients", "mem_estimate_optimizer",
             "mem_estimate_parameters"]
ENVIRONMENT = {"build_type": "RelWithDebInfo", "compiler": "GNU 12.2.0", "cores_allowed": "16",
               "cores_online": "16", "cpu_capability": "AVX512", "cpu_model": "Some CPU",
               "device": "cpu", "driver_cores_allowed": "16", "driver_cpu_model": "Some CPU",
               "driver_git_dirty": "false", "driver_git_sha": "0123456789ab",
               "driver_host": "node", "driver_memory_total_bytes": "137438953472",
               "driver_moebench_version": "0.1.0", "git_dirty": "false",
               "git_sha": "0123456789ab", "hosts": "node", "kernel": "Linux 6.1",
               "launcher": "mpirun", "measure": "train", "memory_total_bytes": "137438953472",
               "moebench_version": "0.1.0", "mpi_version": "Open MPI v4.1.4", "sanitizers": "off",
               "threads_per_rank": "1", "torch_threads": "1", "torch_version": "2.11.0",
               "worker": "moebench-rank", "worker_hash": "0123456789ab",
               "world_size": str(RANKS)}


def axes_of(cell):
    axes = {}
    for name, values in AXES.items():
        axes[name] = values[cell % len(values)]
        cell //= len(values)
    return axes


def metric(unit, value, **more):
    return {"unit": unit, "value": value, **more}


def over_ranks(noise, unit, value):
    values = [round(value * (1 + 0.01 * noise.random())) for _ in range(RANKS)]
    return metric(unit, max(values), per_rank=values)


def metrics_of(noise, axes, workload):
    work = int(axes["micro_batch"]) * int(axes["seq_len"])
    factor = 1 if axes["expert_kernel"] == "loop" else 0.6
    factor *= 1 if axes["parallelism"] == "fsdp" else 0.8
    step_ns = 1e5 * work * factor * (1 + 0.02 * noise.random())
    tokens = work * STEPS
    metrics = {f"phase_time_{phase}": over_ranks(noise, "ns", step_ns / len(PHASES))
               for phase in PHASES}
    metrics |= {name: over_ranks(noise, "bytes", 1e9 * factor + 1e4 * work) for name in BYTES}
    metrics |= {name: metric("bytes", round(1e9 * factor + 1e4 * work)) for name in ESTIMATES}
    metrics["step_time"] = over_ranks(noise, "ns", step_ns) | {
        "samples": [round(step_ns * (1 + 0.01 * noise.random())) for _ in range(STEPS)]}
    metrics["runtime"] = metric("ns", round(step_ns * STEPS))
    metrics["tokens_per_second"] = metric("tokens/s", tokens / step_ns / STEPS * 1e9)
    metrics["first_step_time"] = over_ranks(noise, "ns", 3 * step_ns)
    metrics["load_time"] = over_ranks(noise, "ns", 1e8)
    metrics["gemm_flops_per_second"] = over_ranks(noise, "FLOP/s", 5e10)
    for name in ("model_flops_per_second", "hardware_flops_per_second"):
        metrics[name] = metric("FLOP/s", 2e10 / factor)
    metrics["gemm_share"] = metric("1", 0.4 / factor)
    for name, number in (("real_tokens", tokens), ("padding_tokens", 0), ("loss_tokens", tokens)):
        metrics[name] = over_ranks(noise, "tokens", number)
    for name, number in (("other_cores", 0.1), ("core_clock", 3e9), ("swap_growth", 0)):
        metrics[name] = metric({"other_cores": "1", "core_clock": "Hz"}.get(name, "bytes"), number)
    for name in ("expert_imbalance", "rank_imbalance", "expert_load_cv"):
        metrics[name] = metric("1", 1.5, samples=[round(1.5 + 0.01 * step, 2) for step in range(STEPS)])
    # Arms of one workload compute the same.
    same = random.Random(workload)
    for name, first in (("loss", 8), ("grad_norm", 2)):
        samples = [round(first - 0.1 * step + 0.01 * same.random(), 6) for step in range(STEPS)]
        metrics[name] = metric("1", samples[-1], samples=samples)
    projections = [round(same.gauss(0, 1), 6) for _ in range(64)]
    metrics["token_loss_projections"] = metric("1", 1, samples=projections, shape=[2, 32])
    metrics["layer_grad_norms"] = metric("1", 1, samples=[2 + same.random() for _ in range(8)],
                                         shape=[2, 4])
    metrics["first_losses"] = metric("1", 8, samples=[8 + same.random(), 7 + same.random()])
    for name in ("token_loss_noise", "layer_grad_noise"):
        metrics[name] = metric("1", 1e-3, samples=[1e-3, 1e-3])
    return metrics


def record_of(cell, repetition):
    axes = axes_of(cell)
    workload = " ".join(axes[name] for name in WORKLOAD)
    noise = random.Random(f"{cell} {repetition}")
    environment = dict(ENVIRONMENT)
    environment["driver_load_average_at_start"] = f"{noise.random():.2f}"
    return {"schema_version": 1, "schema_minor": 3, "id": f"{cell:012x}", "scenario": "synthetic",
            "workload": workload, "axes": axes | CONSTANT_AXES | {
                "ep_degree": str(RANKS) if axes["parallelism"] == "ep" else "1"},
            "repetition": repetition, "disposition": "ok", "message": "", "stderr_tail": "",
            "metrics": metrics_of(noise, axes, workload), "environment": environment,
            "warnings": [], "started_at": "2024-01-02T03:04:05Z",
            "scenarios": [{"name": "synthetic", "file": "/scenarios/synthetic.yaml"}]}


def make(folder, cells, repetitions):
    """Repetition by repetition, as rounds are run."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "results.jsonl", "w", encoding="utf-8") as out:
        for repetition in range(repetitions):
            for cell in range(cells):
                out.write(json.dumps(record_of(cell, repetition), separators=(",", ":")) + "\n")


def measure(words):
    """Runs a program with its output thrown away: seconds, and MB of the largest resident memory."""
    started = time.monotonic()
    pid = os.posix_spawn(words[0], words, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(words)} failed with exit code {os.waitstatus_to_exitcode(status)}")
    return (time.monotonic() - started, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024 / 1e6)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", help="moebench; not needed with --make-only")
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--only", default=",".join(REPORTS), help="default: %(default)s")
    parser.add_argument("--folder", type=pathlib.Path,
                        help="where the results are, or are made and kept; default: a temporary one")
    parser.add_argument("--make-only", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--max-seconds", type=float, help="of CPU")
    parser.add_argument("--max-mb", type=float)
    arguments = parser.parse_args()
    unknown = set(arguments.only.split(",")) - set(REPORTS)
    if unknown:
        parser.error(f"no report {', '.join(sorted(unknown))}; there are {', '.join(REPORTS)}")
    if not arguments.program and not arguments.make_only:
        parser.error("name the program moebench")
    return arguments


def show(arguments, folder):
    size = (folder / "results.jsonl").stat().st_size
    print(f"{arguments.cells * arguments.repetitions} records of {arguments.cells} cells, "
          f"{size / 1e6:.0f} MB")
    print(f"{'report':<12} {'wall s':>8} {'CPU s':>8} {'RSS MB':>8}")
    too_much = []
    for name in arguments.only.split(","):
        words = [arguments.program, "report", str(folder), *REPORTS[name]]
        wall, cpu, mb = measure(words)
        print(f"{name:<12} {wall:8.2f} {cpu:8.2f} {mb:8.0f}", flush=True)
        if cpu > (arguments.max_seconds or cpu) or mb > (arguments.max_mb or mb):
            too_much.append(name)
    if too_much:
        sys.exit(f"too much time or memory: {', '.join(too_much)}")


def main():
    arguments = parse_arguments()
    if arguments.make_only:
        make(arguments.make_only, arguments.cells, arguments.repetitions)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or pathlib.Path(temporary)
        if not (folder / "results.jsonl").exists():
            make(folder, arguments.cells, arguments.repetitions)
        show(arguments, folder)


if __name__ == "__main__":
    main()
