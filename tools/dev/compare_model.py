"""Compares the loss of a config.json's model in moebench with Hugging Face's, from random weights.

Any config that both know, of a size that fits this machine in fp32. See README.md.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from transformers import AutoConfig
from transformers.utils import logging

from make_reference import auxiliary_coefficient, auxiliary_loss, save_random_model

BOUND = 1e-5  # relative, as harness/train/reference_ranks_test.cpp has it
SETTINGS = {"learning_rate": 1e-3, "max_grad_norm": 1.0}


def loss_of(model, tokens):
    """What moebench calls the loss: with the auxiliary one, where the class has it."""
    output = model(input_ids=tokens, labels=tokens, output_router_logits=True)
    cross_entropy = model.loss_function(output.logits, tokens, model.config.vocab_size)
    loss = cross_entropy + auxiliary_coefficient(model) * auxiliary_loss(output)
    torch.testing.assert_close(output.loss, loss)
    return loss


def reference_loss(model, tokens):
    """After one update, so that gradients take part."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=SETTINGS["learning_rate"], weight_decay=0.0
    )
    loss_of(model, tokens).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["max_grad_norm"])
    optimizer.step()
    return float(loss_of(model, tokens).detach())


def scenario(arguments, has_auxiliary_loss, checkpoint, token_file):
    """The model is of the file itself, not of what transformers makes of it."""
    model = str(arguments.config.resolve())
    if arguments.layers:
        model = {"base": model, "num_hidden_layers": arguments.layers}
    axes = {
        "model": model,
        "expert_kernel": ["loop", "grouped"],
        "micro_batch": arguments.rows,
        "seq_len": arguments.length,
        "dtype": "fp32",
    }
    if has_auxiliary_loss:
        axes["router_aux_loss"] = True
    data = {"source": "tokens", "files": str(token_file), "token_dtype": "uint32"}
    settings = {"steps": 1, "warmup_steps": 1, "load_from": str(checkpoint), "data": data}
    return {"scenarios": [{"name": "compare", "axes": axes, "settings": settings | SETTINGS}]}


def moebench_losses(arguments, has_auxiliary_loss, checkpoint, tokens):
    """By expert kernel, of the step after the first. All tokens are one step, so that their order
    does not matter."""
    folder = checkpoint.parent
    token_file, file, results = folder / "tokens", folder / "compare.yaml", folder / "results"
    tokens.numpy().astype(numpy.dtype("<u4")).tofile(token_file)
    text = scenario(arguments, has_auxiliary_loss, checkpoint, token_file)
    file.write_text(json.dumps(text))
    command = [arguments.moebench, "run", file, "--out", results, "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    records = [json.loads(line) for line in (results / "results.jsonl").read_text().splitlines()]
    return {
        record["axes"]["expert_kernel"]: record["metrics"]["loss"]["value"] for record in records
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("config", type=pathlib.Path, help="config.json, by any name")
    parser.add_argument("moebench", type=pathlib.Path, help="build/cpu/bin/moebench")
    parser.add_argument("--layers", type=int, help="instead of the config's")
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--length", type=int, default=64)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()

    text = json.loads(arguments.config.read_text())
    if arguments.layers:
        text["num_hidden_layers"] = arguments.layers
    config = AutoConfig.for_model(**text)
    generator = torch.Generator().manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = pathlib.Path(folder) / "model"
        checkpoint.mkdir()
        scale = config.hidden_size**-0.5
        model = save_random_model(config, generator, checkpoint, scale)
        shape = (arguments.rows, arguments.length)
        tokens = torch.randint(config.vocab_size, shape, generator=generator)
        want = reference_loss(model, tokens)
        has_auxiliary_loss = auxiliary_coefficient(model) > 0
        got = moebench_losses(arguments, has_auxiliary_loss, checkpoint, tokens)
    for kernel, loss in got.items():
        print(f"{kernel}: {loss:.7f}, reference {want:.7f}, off by {abs(loss - want) / want:.1e}")
    sys.exit(any(abs(loss - want) > BOUND * want for loss in got.values()))


if __name__ == "__main__":
    main()
