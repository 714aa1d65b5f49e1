"""Measures moebench's loaders against the same work written with torch, in turns.

Writes a table of the ratios that matter: direct and slice against concat, concat against fms-acceleration's
steps in torch (it must not be slow on purpose), direct against safetensors' get_tensor and, where that is
installed, fastsafetensors, against a memcpy and against the disk. Every measurement is a process of its own.
See README.md.
"""

import argparse
import functools
import importlib.util
import json
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MATRICES = ("w1", "w2", "w3")
HERE = Path(__file__).resolve()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path, help="folder that moebench make-checkpoint wrote")
    parser.add_argument("--moebench", type=Path, default=HERE.parents[2] / "build/cpu/bin/moebench")
    parser.add_argument("--ep-degree", type=int, default=8)
    parser.add_argument("--one-rank", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--all-ranks", action="store_true", help="all ranks at once, without torch")
    parser.add_argument("--worker", choices=("concat", "get_tensor", "fastsafetensors"),
                        help=argparse.SUPPRESS)
    return parser.parse_args()


# What a worker process does: the steps that fms-acceleration takes, or the local experts alone.


def tensor_name(layer, expert, matrix):
    return f"model.layers.{layer}.block_sparse_moe.experts.{expert}.{matrix}.weight"


def open_shards(folder, index, names):
    from safetensors import safe_open

    shards = {index[name] for name in names}
    files = {shard: safe_open(folder / shard, framework="pt", device="cpu") for shard in shards}
    return lambda name: files[index[name]].get_tensor(name)


def open_by_fastsafetensors(folder, index):
    """Reads whole files, as it does: those of all layers at once, through the page cache."""
    from fastsafetensors import fastsafe_open

    paths = [str(folder / shard) for shard in sorted(set(index.values()))]
    return fastsafe_open(paths, device="cpu", nogds=True).__enter__().get_tensor


def load_layer_by_concat(folder, index, layer, config, args, kept):
    """Concatenates all experts, keeps this rank's: distribute_tensor without the other ranks."""
    import torch

    experts = range(config["num_local_experts"])
    router = f"model.layers.{layer}.block_sparse_moe.gate.weight"
    names = [router] + [tensor_name(layer, e, m) for m in MATRICES for e in experts]
    get = open_shards(folder, index, names)
    kept.append(torch.concat([get(router)], dim=0))
    for matrix in MATRICES:
        parts = [get(tensor_name(layer, e, matrix)) for e in experts]
        if matrix == "w2":
            parts = [part.t() for part in parts]
        whole = torch.concat(parts, dim=0).to(torch.bfloat16)
        kept.append(whole.chunk(args.ep_degree)[args.one_rank].clone())


def load_layer_by_get_tensor(folder, index, layer, config, args, kept, get=None):
    """Reads this rank's experts, stacks them. Opens the layer's shards where `get` is not given."""
    import torch

    count = config["num_local_experts"] // args.ep_degree
    experts = range(args.one_rank * count, (args.one_rank + 1) * count)
    router = f"model.layers.{layer}.block_sparse_moe.gate.weight"
    get = get or open_shards(
        folder, index, [router] + [tensor_name(layer, e, m) for m in MATRICES for e in experts])
    kept.append(get(router).clone())
    for matrix in MATRICES:
        parts = [get(tensor_name(layer, e, matrix)) for e in experts]
        if matrix == "w2":
            parts = [part.t() for part in parts]
        kept.append(torch.stack(parts).contiguous())


def run_worker(args):
    import torch
    import safetensors  # noqa: F401  its import is no part of a load

    if args.worker == "fastsafetensors":
        import fastsafetensors  # noqa: F401
    torch.set_num_threads(args.threads)
    torch.concat([torch.ones(200_000).bfloat16()] * 2)  # starts torch's threads
    load_layer = load_layer_by_concat if args.worker == "concat" else load_layer_by_get_tensor
    kept = []
    start = time.perf_counter()
    config = json.loads((args.checkpoint / "config.json").read_text())
    index = json.loads((args.checkpoint / "model.safetensors.index.json").read_text())["weight_map"]
    if args.worker == "fastsafetensors":
        load_layer = functools.partial(load_layer, get=open_by_fastsafetensors(args.checkpoint, index))
    for layer in range(config["num_hidden_layers"]):
        load_layer(args.checkpoint, index, layer, config, args, kept)
    print(time.perf_counter() - start)


# The measurements.


def set_page_cache(checkpoint, cache):
    for path in sorted(checkpoint.glob("*.safetensors")):
        with open(path, "rb") as file:
            if cache == "cold":
                os.fdatasync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while file.read(1 << 24):
                    pass


def touch_free_memory():
    """A virtual machine's host may have taken free memory back; the next one to use it would pay."""
    with mmap.mmap(-1, 2 << 30) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        memory[::4096] = bytes(len(memory) // 4096)


def measure_torch(args, way, cache):
    touch_free_memory()
    set_page_cache(args.checkpoint, cache)
    command = [sys.executable, str(HERE), str(args.checkpoint), "--worker", way,
               "--ep-degree", str(args.ep_degree), "--one-rank", str(args.one_rank),
               "--threads", str(args.threads)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return {"load_time": float(run.stdout)}


def measure_moebench(args, loader, cache):
    touch_free_memory()
    with tempfile.TemporaryDirectory() as out:
        command = [str(args.moebench), "load", str(args.checkpoint), "--loader", loader,
                   "--ep-degree", str(args.ep_degree), "--cache", cache, "--repeats", "1",
                   "--format", "json", "--out", out]
        if args.all_ranks:
            command += ["--threads", "1"]
        else:
            command += ["--one-rank", str(args.one_rank), "--threads", str(args.threads)]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    metrics = json.loads(run.stdout)["records"][0]["metrics"]
    values = {name: metric["value"] for name, metric in metrics.items() if "value" in metric}
    return {**values, "load_time": values["load_time"] / 1e9}


def torch_ways():
    has_fast = importlib.util.find_spec("fastsafetensors") is not None
    return ["concat", "get_tensor"] + ["fastsafetensors"] * has_fast


def measure_all(args):
    """name, cache -> the measurements of all repetitions, taken in turns."""
    ways = {("concat", c): lambda c=c: measure_moebench(args, "concat", c) for c in ("warm", "cold")}
    for loader in ("slice", "direct"):
        for cache in ("warm", "cold"):
            ways[loader, cache] = lambda l=loader, c=cache: measure_moebench(args, l, c)
    if not args.all_ranks:
        for way in torch_ways():
            ways[f"torch {way}", "warm"] = lambda w=way: measure_torch(args, w, "warm")
    results = {key: [] for key in ways}
    for _ in range(args.repeats):
        for key, measure in ways.items():
            results[key].append(measure())
    return results


def main():
    args = parse_arguments()
    if args.worker:
        return run_worker(args)
    results = measure_all(args)

    def median(name, cache, value=lambda r: r["load_time"]):
        return statistics.median(value(r) for r in results[name, cache])

    print("| way | cache | median (s) | min..max (s) |\n| --- | --- | ---: | ---: |")
    for (name, cache), runs in results.items():
        times = [run["load_time"] for run in runs]
        print(f"| {name} | {cache} | {median(name, cache):.4f} | {min(times):.4f}..{max(times):.4f} |")

    def share_of_disk(run):
        return run["load_bytes_needed"] / run["load_time"] / run["disk_read_rate"]

    ratios = [
        ("concat / direct, warm", median("concat", "warm") / median("direct", "warm")),
        ("concat / direct, cold", median("concat", "cold") / median("direct", "cold")),
        ("concat / slice, warm", median("concat", "warm") / median("slice", "warm")),
        ("direct / memcpy, warm", median("direct", "warm", lambda r: r["load_time"] * 1e9 / r["copy_time"])),
        ("direct's share of the disk's rate, cold", median("direct", "cold", share_of_disk)),
        ("direct's peak RSS / kept, warm",
         median("direct", "warm", lambda r: r["load_rss_peak"] / r["load_bytes_kept"])),
        ("concat's peak RSS / kept, warm",
         median("concat", "warm", lambda r: r["load_rss_peak"] / r["load_bytes_kept"])),
    ]
    if not args.all_ranks:
        ratios += [
            *((f"torch {way} / direct, warm", median(f"torch {way}", "warm") / median("direct", "warm"))
              for way in torch_ways()[1:]),
            ("concat / torch concat, warm", median("concat", "warm") / median("torch concat", "warm")),
        ]
    print("\n| ratio | |\n| --- | ---: |")
    for name, value in ratios:
        print(f"| {name} | {value:.2f} |")


if __name__ == "__main__":
    main()
