"""What the drivers of this folder share: options, ranks, data, the model of a checkpoint, the loop.

A driver gives `run` a function that spreads the model over the ranks. All drivers train on the
same rows with the same loss and the same update as moebench's engine, so that losses can be
compared.
"""

import argparse
import dataclasses
import importlib.util
import os
import pathlib
import sys

# A launcher that is not torchrun says the places in other words.
_PLACES = {
    "RANK": ("OMPI_COMM_WORLD_RANK", "SLURM_PROCID"),
    "WORLD_SIZE": ("OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS"),
    "LOCAL_RANK": ("OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"),
}


def _set_places():
    for name, others in _PLACES.items():
        found = next((os.environ[other] for other in others if os.environ.get(other)), None)
        if not os.environ.get(name) and found is not None:
            os.environ[name] = found
    defaults = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": os.environ.get("RANK", "0"),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29400"}
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def require(package):
    """Ends the program with a remedy where Python lacks the package."""
    if importlib.util.find_spec(package) is None:
        print(f"{pathlib.Path(sys.argv[0]).name}: error: {sys.executable} has no {package}; "
              "start it with the Python of `tools/setup --trainers`", file=sys.stderr)
        sys.exit(2)


_set_places()
require("torch")
require("transformers")

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch.distributed.tensor import DTensor  # noqa: E402

import moebench_events  # noqa: E402
from token_data import InputError, TokenData  # noqa: E402

# Whose experts Hugging Face computes alike, and whose losses were held against the engine's.
MODEL_TYPES = ("granitemoe", "mixtral", "olmoe", "qwen2_moe", "qwen3_moe")
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclasses.dataclass
class Ranks:
    rank: int
    world_size: int
    device: torch.device


@dataclasses.dataclass
class Group:
    """Parameters that are updated together. `gradient_scale` makes of what backward leaves in .grad
    the gradient of the mean over all ranks' losses."""

    parameters: list
    gradient_scale: float = 1.0


@dataclasses.dataclass
class Spread:
    """The model as it lies on the ranks."""

    model: torch.nn.Module
    groups: list


def parser(description):
    it = argparse.ArgumentParser(description=description)
    it.add_argument("--model-dir", required=True, help="folder of `moebench make-checkpoint`")
    it.add_argument("--tokens-file", required=True, help="little-endian 16-bit token ids")
    it.add_argument("--seq-len", type=int, default=256)
    it.add_argument("--micro-batch", type=int, default=1, help="rows of a rank and micro-step")
    it.add_argument("--grad-accumulation", type=int, default=1)
    it.add_argument("--steps", type=int, default=12, help="all of them, warm-up included")
    it.add_argument("--warmup-steps", type=int, default=0, help="of the steps, the first")
    it.add_argument("--dtype", choices=DTYPES, default="bf16")
    it.add_argument("--learning-rate", type=float, default=5e-5)
    it.add_argument("--adam-beta1", type=float, default=0.9)
    it.add_argument("--adam-beta2", type=float, default=0.999)
    it.add_argument("--adam-epsilon", type=float, default=1e-8)
    it.add_argument("--weight-decay", type=float, default=0.0)
    it.add_argument("--max-grad-norm", type=float, default=1.0, help="0 = no clipping")
    it.add_argument("--seed", type=int, default=0, help="of the order of the rows")
    it.add_argument("--ep-degree", type=int, default=0, help="of expert parallelism; 0 = all ranks")
    it.add_argument("--activation-checkpointing", action="store_true")
    it.add_argument("--packing", action=argparse.BooleanOptionalAction, default=True)
    it.add_argument("--router-aux-loss", choices=("model", "true", "false"), default="model",
                    help="train on the load-balancing loss; model = as its config.json says")
    it.add_argument("--experts", choices=("grouped_mm", "eager"), default="grouped_mm")
    it.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
    it.add_argument("--optimizer", choices=("fused", "foreach"), default="fused")
    it.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    it.add_argument("--onednn-fp32", action="store_true",
                    help="matrix products in fp32 by oneDNN, where it does not round them")
    return it


def run(description, spread, add_options=None):
    """A driver's main. `spread(model, option, ranks)` returns a Spread. Returns the exit code."""
    command = parser(description)
    if add_options:
        add_options(command)
    option = command.parse_args()
    try:
        _train(option, spread)
    except (InputError, moebench_events.EventsError) as error:
        print(f"{pathlib.Path(sys.argv[0]).name}: error: {error}", file=sys.stderr)
        return 2
    return 0


def _train(option, spread):
    _check(option)
    use_onednn(option)
    ranks = _join(option)
    events = moebench_events.Events()
    with events.load():
        model, config = load_model(option)
        data = TokenData(option.tokens_file, option.seq_len, config.vocab_size, option.seed,
                         option.packing)
        spread_model = spread(model.to(ranks.device), option, ranks)
        del model
        loop = Loop(option, ranks, spread_model, config, data)
    if option.warmup_steps:
        with events.warmup():
            for _ in range(option.warmup_steps):
                loop.step(events)
    for _ in range(option.warmup_steps, option.steps):
        loop.step(events)
    events.memory()
    events.close()
    dist.destroy_process_group()


def _check(option):
    for name in ("micro_batch", "grad_accumulation", "steps"):
        if getattr(option, name) < 1:
            word = name.replace("_", "-")
            raise InputError(f"--{word} is {getattr(option, name)}; use 1 or more")
    if not 0 <= option.warmup_steps <= option.steps:
        raise InputError(f"--warmup-steps {option.warmup_steps} is not in 0 .. {option.steps}, "
                         "which is --steps")
    if option.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no GPU; use --device cpu")


def use_onednn(option):
    """torch multiplies fp32 matrices with its default BLAS unless a lower precision is allowed.
    oneDNN then still multiplies in fp32 on processors without AMX; on others it would round."""
    if option.onednn_fp32 and option.dtype == "fp32":
        if torch.cpu._is_amx_tile_supported():
            raise InputError("--onednn-fp32: this processor has AMX, with which oneDNN rounds fp32 "
                             "to bf16; leave the option out")
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"


def _join(option):
    rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if option.device == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
        dist.init_process_group("nccl", rank=rank, world_size=world_size, device_id=device)
    else:
        device = torch.device("cpu")
        dist.init_process_group("gloo", rank=rank, world_size=world_size)
    return Ranks(rank, world_size, device)


def load_model(option):
    """Hugging Face's model of the folder, whole, on every rank."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = pathlib.Path(option.model_dir)
    if not (folder / "config.json").is_file():
        raise InputError(f"--model-dir '{folder}' has no config.json; write it with "
                         "`moebench make-checkpoint --model NAME --out FOLDER`")
    model_type = AutoConfig.from_pretrained(folder, local_files_only=True).model_type
    if model_type not in MODEL_TYPES:
        raise InputError(f"--model-dir '{folder}' is a model of type '{model_type}'; these drivers "
                         f"know {', '.join(MODEL_TYPES)}")
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=DTYPES[option.dtype], attn_implementation=option.attention,
        experts_implementation=option.experts, local_files_only=True)
    return model.train(), model.config


def sparse_blocks(model):
    """The blocks of the layers that have experts, as `.experts`."""
    return [module for layer in model.model.layers for module in layer.modules()
            if hasattr(module, "experts")]


def checkpoint_layers(model):
    """Keeps only the layers' inputs for backward. Below the sharding, so that nothing is gathered
    a third time."""
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    for i, layer in enumerate(model.model.layers):
        model.model.layers[i] = checkpoint_wrapper(layer)


def local(tensor):
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


class Loop:
    """Steps over micro-batches: loss and gradient are those of the mean over the loss tokens of the
    global batch, as moebench's engine defines them."""

    def __init__(self, option, ranks, spread, config, data):
        self.option, self.ranks, self.spread, self.data = option, ranks, spread, data
        wants = {"model": config.output_router_logits, "true": True, "false": False}
        self.aux_weight = config.router_aux_loss_coef if wants[option.router_aux_loss] else 0
        self.num_steps = 0
        self.optimizer = torch.optim.AdamW(
            [{"params": group.parameters} for group in spread.groups], lr=option.learning_rate,
            betas=(option.adam_beta1, option.adam_beta2), eps=option.adam_epsilon,
            weight_decay=option.weight_decay, **{option.optimizer: True})

    def step(self, events):
        batches = self._batches()
        with events.step() as span:
            loss_tokens = self._sum(sum(batch.loss_tokens for batch in batches))
            sums = torch.zeros(2, dtype=torch.float64, device=self.ranks.device)
            for batch in batches:
                with events.phase("forward"):
                    scaled, parts = self._loss(batch, loss_tokens)
                with events.phase("backward"):
                    scaled.backward()
                sums += parts
            with events.phase("optimizer"):
                grad_norm = self._update(sums)
            loss = sums[0].item() / loss_tokens + self._aux_share() * sums[1].item()
            span.done(tokens=sum(batch.real_tokens for batch in batches),
                      padding_tokens=sum(batch.padding_tokens for batch in batches),
                      loss=loss, grad_norm=grad_norm)
        self.num_steps += 1
        if self.ranks.rank == 0:
            print(f"step {self.num_steps} loss {loss:.6f} grad_norm {grad_norm:.6f}", flush=True)

    def _batches(self):
        """This rank's rows of a step: micro-batch i of all ranks, then i + 1 of all ranks."""
        o, ranks = self.option, self.ranks
        first = self.num_steps * o.grad_accumulation
        places = [(first + i) * ranks.world_size + ranks.rank for i in range(o.grad_accumulation)]
        return [self.data.rows(place * o.micro_batch, o.micro_batch) for place in places]

    def _aux_share(self):
        return self.aux_weight / (self.ranks.world_size * self.option.grad_accumulation)

    def _sum(self, number):
        total = torch.tensor(number, device=self.ranks.device)
        dist.all_reduce(total)
        return total.item()

    def _loss(self, batch, loss_tokens):
        """The micro-batch's part of the loss, times the ranks, over which gradients are averaged;
        and its sum of cross entropies and load-balancing loss."""
        device = self.ranks.device
        ids = torch.tensor(batch.rows, device=device)
        lengths = torch.tensor(batch.lengths, device=device)
        is_real = torch.arange(ids.shape[1], device=device) < lengths[:, None]
        output = self.spread.model(
            input_ids=ids, attention_mask=is_real.long() if batch.padding_tokens else None,
            use_cache=False, output_router_logits=bool(self.aux_weight))
        labels = ids.masked_fill(~is_real, -100)[:, 1:]
        cross_entropy = F.cross_entropy(output.logits[:, :-1].float().flatten(0, 1),
                                        labels.flatten(), reduction="sum")
        loss = cross_entropy / loss_tokens
        aux = torch.zeros((), device=device)
        if self.aux_weight:
            aux = output.aux_loss
            loss = loss + self._aux_share() * aux
        return loss * self.ranks.world_size, torch.stack((cross_entropy, aux)).detach().double()

    def _update(self, sums):
        """Clips, updates, and adds up `sums` over the ranks. Returns the norm before clipping."""
        grads = [[local(parameter.grad) for parameter in group.parameters
                  if parameter.grad is not None] for group in self.spread.groups]
        square = torch.zeros(1, dtype=torch.float64, device=sums.device)
        for group, tensors in zip(self.spread.groups, grads):
            norms = torch.stack(torch._foreach_norm(tensors)).double()
            square += (norms * group.gradient_scale).square().sum()
        totals = torch.cat((sums, square))
        dist.all_reduce(totals)
        sums.copy_(totals[:2])
        grad_norm = totals[2].sqrt().item()
        clip = 1.0
        if self.option.max_grad_norm > 0:
            clip = min(1.0, self.option.max_grad_norm / (grad_norm + 1e-6))
        for group, tensors in zip(self.spread.groups, grads):
            if clip * group.gradient_scale != 1:
                torch._foreach_mul_(tensors, clip * group.gradient_scale)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return grad_norm
