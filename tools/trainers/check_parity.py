#!/usr/bin/env python3
"""Trains the same rows from the same checkpoint with moebench's engine and with the drivers of this
folder, and prints by how much loss and gradient norm differ. Exit code 1 where one differs by more
than --tolerance, 2 for bad input.

Needs Python alone; the drivers run with the Python of `tools/setup --trainers`.
"""

import argparse
import array
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")

# What each driver is compared with: the driver's file and options, and the engine's axes.
ARMS = {
    "hf_fsdp2": (["hf_fsdp2.py"], {"parallelism": "fsdp"}),
    "hf_fsdp1": (["hf_fsdp2.py", "--fsdp-version", "1"], {"parallelism": "fsdp"}),
    "torch_ep": (["torch_ep.py"], {"parallelism": "ep"}),
    "torchtitan_ep": (["torchtitan_ep.py"], {"parallelism": "ep"}),
}
LEARNING_RATE = 1e-3  # High, so that ten steps change the weights by more than rounding does.
SEED = 3

# Memory that glibc keeps need not be faulted in anew for each tensor; one arena keeps it once.
PEER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "MALLOC_ARENA_MAX": "1",
}


class InputError(Exception):
    pass


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drivers", nargs="*", default=["hf_fsdp2", "torch_ep"], metavar="DRIVER",
                        help=f"of {', '.join(ARMS)}; default hf_fsdp2 torch_ep")
    parser.add_argument("--moebench", type=pathlib.Path,
                        default=FOLDER.parent.parent / "build" / "cpu" / "bin" / "moebench")
    parser.add_argument("--python", type=pathlib.Path,
                        default=CACHE / "moebench" / "trainers" / "bin" / "python")
    parser.add_argument("--model", default="mixtral-tiny")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--ep-degree", type=int, help="of expert parallelism; default all ranks")
    parser.add_argument("--micro-batch", type=int, default=2)
    parser.add_argument("--grad-accumulation", type=int, default=2)
    parser.add_argument("--seq-len", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10, help="compared, after a first one")
    parser.add_argument("--dtype", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--threads", type=int, default=1, help="of a rank")
    parser.add_argument("--no-packing", action="store_true")
    parser.add_argument("--activation-checkpointing", action="store_true")
    parser.add_argument("--onednn-fp32", action="store_true", help="of the drivers")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="relative")
    parser.add_argument("--work", type=pathlib.Path, help="folder for all files; default temporary")
    option = parser.parse_args()
    for name in set(option.drivers) - set(ARMS):
        raise InputError(f"no driver '{name}'; use {', '.join(ARMS)}")
    for path, remedy in ((option.moebench, "build it with tools/build cpu --target programs"),
                         (option.python, "make it with tools/setup --trainers")):
        if not path.exists():
            raise InputError(f"'{path}' is not there; {remedy}, or say where it is")
    return option


def write_inputs(option, work):
    """A checkpoint of the model and random tokens, enough that no row is seen twice."""
    checkpoint = work / "checkpoint"
    if not checkpoint.exists():
        command = [option.moebench, "make-checkpoint", "--model", option.model, "--out", checkpoint]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    vocabulary = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
    rows = (option.steps + 2) * option.ranks * option.micro_batch * option.grad_accumulation
    draw = random.Random(SEED)
    # 5 tokens more than full rows, so that the last row is short.
    count = rows * option.seq_len + 5
    tokens = array.array("H", (draw.randrange(vocabulary) for _ in range(count)))
    if sys.byteorder == "big":
        tokens.byteswap()
    (work / "tokens.bin").write_bytes(tokens.tobytes())


def run_engine(option, work, arm):
    """Loss and gradient norm of each measured step of moebench's own engine."""
    axes = {"model": "checkpoint", "expert_kernel": "grouped", "ranks": option.ranks,
            "micro_batch": option.micro_batch, "grad_accumulation": option.grad_accumulation,
            "seq_len": option.seq_len, "packing": not option.no_packing, "dtype": option.dtype,
            "activation_checkpointing": option.activation_checkpointing, "seed": SEED, **arm}
    if option.ep_degree and arm["parallelism"] == "ep":
        axes["ep_degree"] = option.ep_degree
    settings = {"steps": option.steps, "warmup_steps": 1, "learning_rate": LEARNING_RATE,
                "threads_per_rank": option.threads, "load_from": "checkpoint",
                "check_numerics": False, "data": {"source": "tokens", "files": "tokens.bin"}}
    # JSON is YAML.
    scenario = {"scenarios": [{"name": "parity", "axes": axes, "settings": settings}]}
    (work / "parity.yaml").write_text(json.dumps(scenario))
    results = work / "results"
    command = [option.moebench, "run", work / "parity.yaml", "--out", results, "--fresh"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    record = json.loads((results / "results.jsonl").read_text().splitlines()[-1])
    if record["disposition"] != "ok":
        raise InputError(f"the engine's run is {record['disposition']}: {record['message']}")
    return [record["metrics"][name]["samples"] for name in ("loss", "grad_norm")]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run_driver(option, work, words):
    """The same of a driver, from the events of rank 0, without the first step."""
    words = [option.python, FOLDER / words[0], *words[1:], "--model-dir", work / "checkpoint",
             "--tokens-file", work / "tokens.bin", "--seq-len", option.seq_len,
             "--micro-batch", option.micro_batch, "--grad-accumulation", option.grad_accumulation,
             "--steps", option.steps + 1, "--warmup-steps", 1, "--dtype", option.dtype,
             "--learning-rate", LEARNING_RATE, "--seed", SEED]
    if option.no_packing:
        words.append("--no-packing")
    if option.activation_checkpointing:
        words.append("--activation-checkpointing")
    if option.onednn_fp32:
        words.append("--onednn-fp32")
    if option.ep_degree:
        words += ["--ep-degree", option.ep_degree]
    port, ranks = free_port(), []
    for rank in range(option.ranks):
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": option.ranks,
                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
                 "OMP_NUM_THREADS": option.threads, "MOEBENCH_EVENTS": work / "events_{rank}.jsonl"}
        environment = {**os.environ, **PEER_ENVIRONMENT,
                       **{name: str(value) for name, value in place.items()}}
        ranks.append(subprocess.Popen([str(word) for word in words], env=environment,
                                      stdout=subprocess.DEVNULL))
    codes = [rank.wait() for rank in ranks]
    if any(codes):
        raise InputError(f"{words[1].name} ended with the exit codes {codes}")
    events = [json.loads(line) for line in (work / "events_0.jsonl").read_text().splitlines()]
    ends = [e for e in events if e["event"] == "end" and e.get("span") == "step" and e["step"] > 1]
    return [[float(end[name]) for end in ends] for name in ("loss", "grad_norm")]


def relative_differences(ours, theirs):
    if len(ours) != len(theirs):
        raise InputError(f"{len(ours)} steps of the engine, {len(theirs)} of the driver")
    return [abs(a - b) / abs(a) for a, b in zip(ours, theirs)]


def compare(option, work, name):
    words, axes = ARMS[name]
    engine, driver = run_engine(option, work, axes), run_driver(option, work, words)
    print(f"{name} and moebench's {axes['parallelism']}:")
    print("  step  loss (moebench)  difference  grad_norm (moebench)  difference")
    differences = [relative_differences(*pair) for pair in zip(engine, driver)]
    for i, (loss, loss_off, norm, norm_off) in enumerate(
            zip(engine[0], differences[0], engine[1], differences[1])):
        print(f"  {i + 2:4}  {loss:15.8f}  {loss_off:10.2e}  {norm:20.8f}  {norm_off:10.2e}")
    agrees = all(off <= option.tolerance for pair in differences for off in pair)
    print(f"  largest: loss {max(differences[0]):.2e}, grad_norm {max(differences[1]):.2e}: "
          f"{'within' if agrees else 'NOT within'} {option.tolerance:g}", flush=True)
    return agrees


def main():
    try:
        option = options()
        with tempfile.TemporaryDirectory() as temporary:
            work = option.work or pathlib.Path(temporary)
            work.mkdir(parents=True, exist_ok=True)
            write_inputs(option, work)
            return 0 if all([compare(option, work, name) for name in option.drivers]) else 1
    except InputError as error:
        print(f"check_parity: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
