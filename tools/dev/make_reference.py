"""Writes the fixtures of harness/train/reference_ranks_test.cpp. See README.md."""

import argparse
import itertools
import pathlib

import torch
from safetensors.torch import save_file
from transformers import GraniteMoeConfig, GraniteMoeForCausalLM, MixtralConfig, MixtralForCausalLM

STEPS, MICRO_BATCHES, ROWS, LENGTH = 4, 4, 2, 10
VOCABULARY = 61
# Powers of two and their sums: exact as fp32, which is how they are stored.
SETTINGS = {
    "learning_rate": 2.0**-9,
    "adam_beta1": 0.875,
    "adam_beta2": 0.96875,
    "adam_epsilon": 2.0**-27,
    "weight_decay": 0.125,
    "max_grad_norm": 0.25,
}
# Of a smaller distance between the last chosen expert and the next one rounding could decide.
MIN_ROUTING_MARGIN = 1e-4


class RoutingTooClose(Exception):
    pass


SHARED = dict(
    vocab_size=VOCABULARY,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=32,
    initializer_range=0.25,
    attn_implementation="eager",
)


def mixtral():
    # head_dim is not hidden_size / heads.
    return MixtralForCausalLM(
        MixtralConfig(
            **SHARED,
            intermediate_size=20,
            head_dim=8,
            num_local_experts=4,
            num_experts_per_tok=2,
            rms_norm_eps=0.01,  # large enough to show in the results
            rope_theta=1e4,
            router_aux_loss_coef=0.05,
        )
    )


def granitemoe():
    return GraniteMoeForCausalLM(
        GraniteMoeConfig(
            **SHARED,
            intermediate_size=12,
            num_local_experts=8,
            num_experts_per_tok=3,
            rms_norm_eps=0.003,
            rope_theta=1e3,
            router_aux_loss_coef=0.05,
            attention_multiplier=0.3,
            embedding_multiplier=3.0,
            residual_multiplier=0.6,
            logits_scaling=1.5,
            tie_word_embeddings=True,
            pad_token_id=0,
        )
    )


def randomise(model, generator):
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        value = 1 + 0.2 * noise if name.endswith("norm.weight") else 0.25 * noise
        parameter.data.copy_(value)


def make_tokens(generator):
    """Token ids, padded on the right with 0, and the rows' lengths. 0 is an ordinary token too."""
    tokens = torch.randint(VOCABULARY, (STEPS, MICRO_BATCHES, ROWS, LENGTH), generator=generator)
    tokens[:, :, :, 1] = 0
    lengths = torch.randint(3, LENGTH + 1, (STEPS, MICRO_BATCHES, ROWS), generator=generator)
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


def check_margin(model, batch, router_logits):
    k = model.config.num_experts_per_tok
    for logits in router_logits:
        real = logits.detach()[batch.mask.flatten() == 1].softmax(-1)
        top = real.topk(k + 1, -1).values
        margin = float((top[:, k - 1] - top[:, k]).min())
        if margin < MIN_ROUTING_MARGIN:
            raise RoutingTooClose()


def check_own_loss(model, batch, output, cross_entropy):
    """Our sum of parts is what the model itself calls its loss."""
    own = batch.forward(model, labels=batch.labels).loss
    parts = cross_entropy + model.config.router_aux_loss_coef * output.aux_loss
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
                output.logits, batch.labels, VOCABULARY, num_items_in_batch=num_items
            )

        check_own_loss(model, batch, output, cross_entropy(batch.loss_tokens))
        parts = cross_entropy(total), output.aux_loss / len(batches)
        (parts[0] + model.config.router_aux_loss_coef * parts[1]).backward()
        sums += torch.stack(parts).detach().double()
    return sums


def make_reference(model, seed):
    generator = torch.Generator().manual_seed(seed)
    randomise(model, generator)
    tokens, lengths = make_tokens(generator)
    steps = [[MicroBatch(*pair) for pair in zip(*step)] for step in zip(tokens, lengths)]
    with torch.no_grad():
        logits = torch.stack([batch.forward(model).logits for batch in steps[0]])
    reference = {"tokens": tokens, "lengths": lengths, "logits": logits}
    initial = {name: value.clone() for name, value in model.state_dict().items()}

    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=SETTINGS["learning_rate"],
        betas=(SETTINGS["adam_beta1"], SETTINGS["adam_beta2"]),
        eps=SETTINGS["adam_epsilon"],
        weight_decay=SETTINGS["weight_decay"],
    )
    losses, norms = [], []
    for i, batches in enumerate(steps):
        optimizer.zero_grad()
        cross_entropy, auxiliary = backward(model, batches)
        losses.append(cross_entropy + model.config.router_aux_loss_coef * auxiliary)
        if i == 0:
            reference["loss_without_auxiliary"] = cross_entropy.reshape(1)
            for name, parameter in model.named_parameters():
                reference[f"gradient.{name}"] = parameter.grad.clone()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["max_grad_norm"])
        assert norm > SETTINGS["max_grad_norm"], "clipping is not active"
        norms.append(norm)
        optimizer.step()
    reference |= {"losses": torch.stack(losses), "grad_norms": torch.stack(norms)}
    reference |= {f"setting.{name}": torch.tensor([value]) for name, value in SETTINGS.items()}
    model.load_state_dict(initial)
    return {name: value.float().contiguous() for name, value in reference.items()}


def first_reference(make):
    for seed in itertools.count():
        try:
            model = make()
            return model, make_reference(model, seed)
        except RoutingTooClose:
            pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="harness/train/fixtures")
    folder = parser.parse_args().folder
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for name, make in [("mixtral", mixtral), ("granitemoe", granitemoe)]:
        model, reference = first_reference(make)
        model.save_pretrained(folder / name)
        (folder / name / "generation_config.json").unlink(missing_ok=True)
        save_file(reference, folder / name / "reference.safetensors")
        print(f"{name}: losses {reference['losses'].tolist()}")
        print(f"{name}: gradient norms {reference['grad_norms'].tolist()}")


if __name__ == "__main__":
    main()
