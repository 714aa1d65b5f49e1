#!/usr/bin/env python3
"""Stands in for a training program in tests: writes events as one would, and fails as one might.

It computes nothing. Losses are a function of --seed and the step alone, equal on all ranks.
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import moebench_events  # noqa: E402

OUT_OF_MEMORY = """Traceback (most recent call last):
  File "train.py", line 61, in <module>
    loss.backward()
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity \
of 79.11 GiB of which 1.02 GiB is free. Process 4242 has 78.08 GiB memory in use. Of the allocated \
memory 75.90 GiB is allocated by PyTorch, and 1.13 GiB is reserved by PyTorch but unallocated.
"""


class SimulatedTime:
    """Passes while it sleeps and never else, so that a step takes the same on every machine."""

    def __init__(self):
        self._ns = 0

    def sleep(self, seconds):
        self._ns += round(seconds * 1e9)

    def monotonic_ns(self):
        return self._ns


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup-steps", type=int, default=0, help="of the steps, the first")
    parser.add_argument("--step-ms", type=float, default=10)
    parser.add_argument("--simulate-time", action="store_true", help="sleeps in the events alone")
    parser.add_argument("--tokens", type=int, default=1024, help="of a rank and step")
    parser.add_argument("--padding-tokens", type=int, default=0)
    parser.add_argument("--loss-start", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-rank", type=int, help="the rank that fails; all, if left out")
    for failure in ("crash", "hang", "oom", "nan"):
        parser.add_argument(f"--{failure}-at-step", type=int, default=0, metavar="N")
    parser.add_argument("--tear-last-line", action="store_true", help="as a killed process does")
    parser.add_argument("--missing-steps", type=int, default=0, metavar="K", help="ends K early")
    parser.add_argument("--exit-code", type=int, default=0)
    parser.add_argument("--spawn-ranks", type=int, default=0, metavar="N", help="starts N copies")
    return parser.parse_args()


def spawn_ranks(count):
    """As torchrun: N copies with their places in the environment; the first that fails ends all."""
    words = [sys.executable, __file__, *sys.argv[1:], "--spawn-ranks", "0"]
    ranks = []
    for rank in range(count):
        place = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=count, LOCAL_WORLD_SIZE=count)
        environment = {**os.environ, **{name: str(value) for name, value in place.items()}}
        ranks.append(subprocess.Popen(words, env=environment))
    # Who ends torchrun ends its ranks, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    code = 0
    try:
        while code == 0 and any(rank.poll() is None for rank in ranks):
            time.sleep(0.01)
            code = next((rank.returncode for rank in ranks if rank.poll()), 0)
        code = code or next((rank.returncode for rank in ranks if rank.returncode), 0)
    finally:
        for rank in ranks:
            if rank.poll() is None:
                rank.kill()
            rank.wait()
    return code if code >= 0 else 128 - code


def loss_of(option, step):
    noise = random.Random(f"{option.seed} {step}").uniform(-0.01, 0.01)
    return option.loss_start / (1 + 0.05 * (step - 1)) + noise


def fail_where_told(option, step):
    if step == option.crash_at_step:
        raise RuntimeError(f"told to crash at step {step}")
    if step == option.oom_at_step:
        sys.stderr.write(OUT_OF_MEMORY)
        sys.stderr.flush()
        os._exit(1)  # Without the end of the run, as after an exception.
    if step == option.hang_at_step:
        time.sleep(86400)


def train_step(option, events, step, fails, clock):
    with events.step() as span:
        for name, share in (("forward", 0.3), ("backward", 0.6), ("optimizer", 0.1)):
            with events.phase(name):
                clock.sleep(option.step_ms / 1000 * share)
        if fails:
            fail_where_told(option, step)
        loss = float("nan") if step == option.nan_at_step else loss_of(option, step)
        span.done(option.tokens, option.padding_tokens, loss, 1 + 0.1 * loss)
    print(f"step {step} loss {loss:.6f}", flush=True)


def train(option):
    clock = time
    if option.simulate_time:
        moebench_events.time = clock = SimulatedTime()
    events = moebench_events.Events()
    fails = option.only_rank is None or str(option.only_rank) == os.environ.get("RANK", "0")
    with events.load():
        clock.sleep(0.001)
    if option.warmup_steps > 0:
        with events.warmup():
            for step in range(1, option.warmup_steps + 1):
                train_step(option, events, step, fails, clock)
    for step in range(option.warmup_steps + 1, option.steps - option.missing_steps + 1):
        train_step(option, events, step, fails, clock)
    events.memory()
    return events


def tear_last_line():
    path = os.environ.get(moebench_events.VARIABLE, "")
    path = path.replace("{rank}", os.environ.get("RANK", "0"))
    if path:
        with open(path, "a", encoding="ascii") as file:
            file.write('{"event": "begin", "time_')


def main():
    option = options()
    if option.spawn_ranks:
        return spawn_ranks(option.spawn_ranks)
    events = train(option)
    if option.tear_last_line:
        tear_last_line()
        os._exit(option.exit_code)
    events.close()
    return option.exit_code


if __name__ == "__main__":
    sys.exit(main())
