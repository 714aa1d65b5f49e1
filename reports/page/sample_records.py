"""Made-up records that have everything a page shows: for tests of the page, never for a report."""

import json
import random

PHASES = ["data", "embedding", "attention", "router", "dispatch", "experts", "combine", "loss",
          "loss_backward", "combine_backward", "experts_backward", "dispatch_backward", "router_backward",
          "attention_backward", "embedding_backward", "gather", "reduce", "optimizer", "other"]
KINDS = ["parameters", "gathered", "gradients", "full_gradients", "optimizer", "activations", "dispatch"]
STEPS, RANKS, LAYERS, EXPERTS = 8, 2, 4, 8


def arms(cells):
    """Axes of so many cells: four arms, by sequence length."""
    for i in range(cells):
        parallelism = ("fsdp", "ep")[i // 2 % 2]
        yield {"model": "mixtral-<tiny>", "parallelism": parallelism,
               "ep_degree": "2" if parallelism == "ep" else "1",
               "expert_kernel": ("loop", "grouped")[i % 2], "ranks": "2", "dtype": "bf16",
               "seq_len": str(64 * (i // 4 + 1))}


def record(number, axes, repetition, start, is_profiled):
    noise = random.Random(f"{number} {repetition}")
    length = int(axes["seq_len"])
    speed = (1.7 if axes["expert_kernel"] == "grouped" else 1) * (1.1 if axes["parallelism"] == "ep" else 1)
    step = 3e6 * length / speed
    samples = [round(step * noise.uniform(0.97, 1.04)) for _ in range(STEPS)]
    metrics = {}

    def put(name, unit, value=None, **more):
        metrics[name] = dict({"unit": unit}, **({} if value is None else {"value": value}), **more)

    put("step_time", "ns", sorted(samples)[STEPS // 2], samples=samples, per_rank=[step, 0.98 * step])
    put("runtime", "ns", sum(samples))
    put("first_step_time", "ns", round(2.5 * step), per_rank=[2.5 * step, 2.4 * step])
    put("warmup_step_time", "ns", samples=[round(2.5 * step), round(1.2 * step)])
    put("tokens_per_second", "tokens/s", length * STEPS / (sum(samples) / 1e9))
    peak = (3e7 if axes["parallelism"] == "fsdp" else 2.2e7) + 1e4 * length
    for name, part in [("mem_peak", 1), ("mem_alloc", 0.4), ("mem_peak_load", 0.4),
                       ("mem_peak_first_step", 1), ("mem_peak_steady_step", 0.97)]:
        put(name, "bytes", round(part * peak), per_rank=[round(part * peak), round(0.98 * part * peak)])
    put("gpu_memory_total", "bytes", 1.5e8)
    put("mem_estimate", "bytes", round(1.02 * peak))
    for part, share in [("parameters", 0.1), ("gradients", 0.1), ("optimizer", 0.2), ("gathered", 0.15),
                        ("activations", 0.4), ("update", 0.07)]:
        put("mem_estimate_" + part, "bytes", round(share * peak))
    shares = {phase: noise.uniform(0.5, 1) * (4 if "experts" in phase else 1) for phase in PHASES}
    whole = sum(shares.values())
    for phase in PHASES:
        ns = step * shares[phase] / whole
        put("phase_time_" + phase, "ns", ns, per_rank=[1.02 * ns, 0.98 * ns])
    losses = [6.2 / (1 + 0.02 * i) + number * 1e-6 for i in range(STEPS)]
    put("loss", "1", losses[-1], samples=losses)
    put("grad_norm", "1", 2.0, samples=[3 - 0.1 * i for i in range(STEPS)])
    rows = [[100 + noise.randrange(60) for _ in range(EXPERTS)] for _ in range(LAYERS)]
    put("tokens_per_expert", "rows", samples=[row for layer in rows for row in layer], shape=[LAYERS, EXPERTS])
    imbalance = [max(layer) * EXPERTS / sum(layer) for layer in rows]
    put("expert_imbalance", "1", max(imbalance), samples=imbalance)
    put("rank_imbalance", "1", max(imbalance), samples=[1 + (x - 1) / 2 for x in imbalance])
    put("gemm_flops_per_second", "FLOP/s", 6e10, per_rank=[6e10, 6.1e10])
    put("model_flops_per_second", "FLOP/s", 1e10 * speed)
    put("gemm_share", "1", 1e10 * speed / 6e10)
    put("run_time", "ns", round(3 * sum(samples)))
    put("other_cores", "1", noise.uniform(0, 0.2))
    put("core_clock", "Hz", 3e9 * noise.uniform(0.97, 1))
    put("swap_growth", "bytes", 0)
    if is_profiled:
        profile(put, step, shares, whole, peak)
    minutes, seconds = divmod(start, 60)
    return {"schema_version": 1, "schema_minor": 3, "id": f"{number:012x}", "scenario": "sample & <sons>",
            "workload": f"w{length}", "axes": axes, "repetition": repetition, "disposition": "ok", "message": "",
            "stderr_tail": "", "metrics": metrics,
            "environment": {"measure": "train", "git_sha": "0123abcd", "memory_total_bytes": "25276502016"},
            "warnings": ["</script><script>console.error('not escaped')</script>"],
            "started_at": f"2026-01-02T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"}


def profile(put, step, shares, whole, peak):
    put("profiled_steps", "1", 2)
    for level in ("plain", "phases", "ops"):
        put(f"profile_{level}_step_time", "ns", step, per_rank=[step, step])
    for phase in PHASES:
        ns = step * shares[phase] / whole
        put("profile_phase." + phase, "ns", ns, per_rank=[ns, ns])
        for function, share in [("", 0.2), ("aten::mm", 0.6), ("aten::<copy>", 0.2)]:
            for what, value in [("op_calls", 4), ("op_primitive_calls", 4)]:
                put(f"{what}.{phase}.{function}", "1", value, per_rank=[value / 2] * RANKS)
            for what in ("op_own_time", "op_cumulative_time"):
                put(f"{what}.{phase}.{function}", "ns", 4 * ns * share, per_rank=[2 * ns * share] * RANKS)
        for kind in KINDS:
            bytes_ = peak / len(KINDS) * (1 if "backward" in phase else 0.8)
            put(f"mem_in_phase.{phase}.{kind}", "bytes", bytes_, per_rank=[bytes_, 0.9 * bytes_])
    put("collective_wait", "ns", 0.1 * step, per_rank=[0.15 * step, 0.05 * step])
    put("collective_transfer", "ns", 0.1 * step, per_rank=[0.1 * step, 0.1 * step])
    put("collective_skew", "ns", 0.15 * step, per_rank=[0.05 * step, 0.15 * step])
    for what, share in [("busy", 0.8), ("idle", 0.2), ("unlaunched", 0.15), ("comm", 0.3), ("exposed_comm", 0.1)]:
        put(f"gpu_{what}_time", "ns", share * step, per_rank=[share * step] * RANKS)
    for kind in ("all_gather", "reduce_scatter"):
        for size, count in [("1KiB", 1 << 10), ("1MiB", 1 << 20), ("32MiB", 1 << 25)]:
            for what, unit, value in [("calls", "1", 4), ("bytes", "bytes", 4 * count), ("wire_bytes", "bytes", 2 * count),
                                      ("bus_bytes", "bytes", 2 * count), ("wait", "ns", 1e5),
                                      ("transfer", "ns", 2e4 + 4 * count / 3)]:
                put(f"collective.{kind}.{size}.{what}", unit, value, per_rank=[value / 2] * RANKS)
    put("machine_message_size", "bytes", samples=[1 << power for power in range(10, 27, 4)])
    times = [5e3, 1e4, 1.5e5, 2e6, 2e7]
    put("machine_all_gather_time", "ns", 1.5e5, samples=times, per_rank=[1.5e5, 1.4e5])


def write(path, cells=4, repetitions=3, profiled=True):
    """Writes results.jsonl and returns the records."""
    records = []
    for repetition in range(repetitions):
        for number, axes in enumerate(arms(cells)):
            start = 20 * len(records)
            records.append(record(number, axes, repetition, start, profiled and repetition == 0))
    with open(path, "w", encoding="utf-8") as file:
        for each in records:
            file.write(json.dumps(each) + "\n")
    return records
