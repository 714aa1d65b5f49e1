"""Writes the fixtures of harness/train/reference_ranks_test.cpp. See README.md."""

import argparse
import itertools
import pathlib
import shutil
import tempfile

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.core_model_loading import dot_natural_key, revert_weight_conversion
from transformers.utils import logging

from random_cases import random_case, write_older_form
from reference_cases import CASES

# Micro-batches as 1, 2, 3 and 4 ranks can share them.
STEPS, MICRO_BATCHES, ROWS, LENGTH = 4, 12, 2, 10
LOGITS_OF = 4  # micro-batches
# Powers of two and their sums: exact as fp32, which is how they are stored.
SETTINGS = {
    "learning_rate": 2.0**-9,
    "adam_beta1": 0.875,
    "adam_beta2": 0.96875,
    "adam_epsilon": 2.0**-27,
    "weight_decay": 0.125,
    "max_grad_norm": 0.25,
}
# Of a smaller distance between the last one chosen and the next one rounding could decide.
MIN_ROUTING_MARGIN = 1e-4
EXACT = {
    "attn_implementation": "eager",
    "experts_implementation": "eager",
    "dtype": torch.float32,
}


class UnfitSeed(Exception):
    """Rounding could decide a choice, or an expert has no token in the first step."""


def hub_tensors(model, tensors):
    """Tensors by the model's names, as by those of its checkpoint: experts apart where the model
    has them in one."""
    return revert_weight_conversion(model, dict(tensors))


def draw_weights(model, generator, scale):
    """A random checkpoint, matrices and biases of this standard deviation. Modules come in the
    model's order, the tensors of each in that of their names, so that the numbers do not depend on
    which of them the model has in one."""
    known = {name for name, _ in [*model.named_parameters(), *model.named_buffers()]}
    kept = {name: value for name, value in model.state_dict().items() if name in known}
    weights = {}
    for _, names in itertools.groupby(kept, key=lambda name: name.rpartition(".")[0]):
        hub = hub_tensors(model, {name: kept[name] for name in names})
        for name in sorted(hub, key=dot_natural_key):
            noise = torch.randn(hub[name].shape, generator=generator)
            weights[name] = 1 + 0.2 * noise if name.endswith("norm.weight") else scale * noise
    return weights


def save_random_model(config, generator, folder, scale=0.25):
    """Writes config.json and model.safetensors as the model itself saves them, and returns it."""
    empty = AutoModelForCausalLM.from_config(config, **EXACT)
    weights = draw_weights(empty, generator, scale)
    with tempfile.TemporaryDirectory() as drawn:
        config.save_pretrained(drawn)
        save_file(weights, pathlib.Path(drawn) / "model.safetensors", {"format": "pt"})
        model, info = AutoModelForCausalLM.from_pretrained(
            drawn, output_loading_info=True, **EXACT
        )
    assert not any(info.values()), info
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    saved = load_file(folder / "model.safetensors")
    assert saved.keys() == weights.keys()
    assert all(torch.equal(saved[name], value) for name, value in weights.items())
    return model


def make_tokens(case, generator):
    """Token ids, padded on the right with 0, and the rows' lengths. 0 is an ordinary token too."""
    shape = STEPS, MICRO_BATCHES, ROWS
    tokens = torch.randint(case["vocab_size"], (*shape, LENGTH), generator=generator)
    tokens[:, :, :, 1] = 0
    lengths = torch.randint(3, LENGTH + 1, shape, generator=generator)
    tokens[torch.arange(LENGTH) >= lengths[..., None]] = 0
    return tokens, lengths


class MicroBatch:
    def __init__(self, tokens, lengths):
        self.tokens = tokens
        self.mask = (torch.arange(LENGTH) < lengths[:, None]).long()
        self.labels = tokens.masked_fill(self.mask == 0, -100)
        self.loss_tokens = int((lengths - 1).sum())

    def forward(self, model, **more):
        return model(
            input_ids=self.tokens, attention_mask=self.mask, output_router_logits=True, **more
        )


def margin(scores, k):
    """Between the k-th and the next one of each row, the smallest."""
    if k == scores.shape[-1]:
        return float("inf")
    top = scores.topk(k + 1, -1).values
    return float((top[:, k - 1] - top[:, k]).min())


def routing_margin(config, logits, correction):
    """Of a layer's choice of experts, and of groups of them, from router logits [tokens, experts]
    and the correction bias of sigmoid scores."""
    scores = logits.softmax(-1) if correction is None else logits.sigmoid() + correction
    k = config.num_experts_per_tok
    groups = getattr(config, "n_group", None) or 1
    if groups == 1 or getattr(config, "topk_method", None) == "greedy":
        return margin(scores, k)
    by_group = scores.unflatten(-1, (groups, -1))
    group_scores = by_group.topk(1 if correction is None else 2, -1).values.sum(-1)
    chosen = group_scores.topk(config.topk_group, -1).indices
    of_chosen = by_group.take_along_dim(chosen[..., None], 1).flatten(1)
    return min(margin(group_scores, config.topk_group), margin(of_chosen, k))


def check_margin(model, batch, router_logits):
    corrections = [
        buffer for name, buffer in model.named_buffers() if name.endswith("e_score_correction_bias")
    ]
    layers = itertools.zip_longest(router_logits, corrections)
    for logits, correction in layers:
        real = logits.detach()[batch.mask.flatten() == 1]
        if routing_margin(model.config, real, correction) < MIN_ROUTING_MARGIN:
            raise UnfitSeed()


def auxiliary_coefficient(model):
    return getattr(model.config, "router_aux_loss_coef", 0.0)


def auxiliary_loss(output):
    """The model's own; 0 where its class has none."""
    loss = getattr(output, "aux_loss", None)
    return torch.zeros(()) if loss is None else loss


def check_own_loss(model, batch, output, cross_entropy):
    """Our sum of parts is what the model itself calls its loss."""
    own = batch.forward(model, labels=batch.labels).loss
    parts = cross_entropy + auxiliary_coefficient(model) * auxiliary_loss(output)
    torch.testing.assert_close(own, parts, rtol=1e-6, atol=0)


def backward(model, batches):
    """Gradients of a step's loss: cross entropy over all loss tokens, auxiliary loss of the mean
    micro-batch. Returns cross entropy and auxiliary loss."""
    total = sum(batch.loss_tokens for batch in batches)
    sums = torch.zeros(2, dtype=torch.float64)
    for batch in batches:
        output = batch.forward(model)
        check_margin(model, batch, output.router_logits)

        def cross_entropy(num_items):
            return model.loss_function(
                output.logits, batch.labels, model.config.vocab_size, num_items_in_batch=num_items
            )

        check_own_loss(model, batch, output, cross_entropy(batch.loss_tokens))
        parts = cross_entropy(total), auxiliary_loss(output) / len(batches)
        (parts[0] + auxiliary_coefficient(model) * parts[1]).backward()
        sums += torch.stack(parts).detach().double()
    return sums


def train(model, steps):
    """Losses and gradient norms of the steps, and what is kept of the first one."""
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=SETTINGS["learning_rate"],
        betas=(SETTINGS["adam_beta1"], SETTINGS["adam_beta2"]),
        eps=SETTINGS["adam_epsilon"],
        weight_decay=SETTINGS["weight_decay"],
    )
    losses, norms, first = [], [], {}
    for i, batches in enumerate(steps):
        optimizer.zero_grad()
        cross_entropy, auxiliary = backward(model, batches)
        losses.append(cross_entropy + auxiliary_coefficient(model) * auxiliary)
        if i == 0:
            first["loss_without_auxiliary"] = cross_entropy.reshape(1)
            gradients = {name: value.grad for name, value in model.named_parameters()}
            for name, gradient in hub_tensors(model, gradients).items():
                if not gradient.any():
                    raise UnfitSeed()
                first[f"gradient.{name}"] = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["max_grad_norm"])
        assert norm > SETTINGS["max_grad_norm"], "clipping is not active"
        norms.append(norm)
        optimizer.step()
    return first | {"losses": torch.stack(losses), "grad_norms": torch.stack(norms)}


def make_fixture(case, seed, folder):
    generator = torch.Generator().manual_seed(seed)
    model = save_random_model(AutoConfig.for_model(**case), generator, folder)
    tokens, lengths = make_tokens(case, generator)
    steps = [[MicroBatch(*pair) for pair in zip(*step)] for step in zip(tokens, lengths)]
    with torch.no_grad():
        logits = torch.stack([batch.forward(model).logits for batch in steps[0][:LOGITS_OF]])
    reference = {"tokens": tokens, "lengths": lengths, "logits": logits} | train(model, steps)
    reference |= {f"setting.{name}": torch.tensor([value]) for name, value in SETTINGS.items()}
    reference = {name: value.float().contiguous() for name, value in reference.items()}
    save_file(reference, folder / "reference.safetensors")
    return reference


def first_fixture(case, folder, seeds):
    """Of the first seed that fits; None where none does."""
    for seed in seeds:
        try:
            return seed, make_fixture(case, seed, folder)
        except UnfitSeed:
            pass
    shutil.rmtree(folder, ignore_errors=True)
    return None


def make_random_fixtures(first, count, folder):
    # Of gradients that are nearly zero AdamW would make steps of whole learning rates, in directions
    # that rounding decides.
    SETTINGS["adam_epsilon"] = 2.0**-10
    for number in range(first, first + count):
        case = random_case(number)
        here = folder / f"{case['model_type']}_{number}"
        if first_fixture(case, here, range(20)) is None:
            print(f"{here.name}: no seed of 20 fits")
            continue
        if number % 2 == 0:
            write_older_form(here / "config.json")
        print(f"{here.name}: {case}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="harness/train/fixtures")
    parser.add_argument("cases", nargs="*", help="of reference_cases.py; without: all of them")
    parser.add_argument("--random", type=int, metavar="N", help="N random models instead")
    parser.add_argument("--first", type=int, default=0, help="with --random: the first one's number")
    arguments = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if arguments.random:
        make_random_fixtures(arguments.first, arguments.random, arguments.folder)
        return
    for name in arguments.cases or CASES:
        folder = arguments.folder / name
        seed, reference = first_fixture(CASES[name], folder, itertools.count())
        print(f"{name}: seed {seed}, losses {reference['losses'].tolist()}")
        print(f"{name}: gradient norms {reference['grad_norms'].tolist()}")


if __name__ == "__main__":
    main()
