"""Reads a checkpoint of `moebench make-checkpoint` with the safetensors library, and nothing of ours.

    read_checkpoint.py MOEBENCH [SHA256]

Writes mixtral-tiny into a temporary folder, opens every shard, compares names, shapes and sizes with
the index and the config, and hashes what it read. Exit codes: 0 as expected, 1 not, 77 the library is
not installed.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import safetensors
except ImportError:
    print("skipped: python3 has no safetensors; pip install -r tools/dev/requirements.txt")
    sys.exit(77)


def expected_shapes(config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    head = config.get("head_dim") or hidden // config["num_attention_heads"]
    query, key = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], hidden],
              "lm_head.weight": [config["vocab_size"], hidden], "model.norm.weight": [hidden]}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for name, rows in (("q", query), ("k", key), ("v", key)):
            shapes[f"{prefix}self_attn.{name}_proj.weight"] = [rows, hidden]
        shapes[f"{prefix}self_attn.o_proj.weight"] = [hidden, query]
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{prefix}{norm}.weight"] = [hidden]
        moe = f"{prefix}block_sparse_moe."
        shapes[f"{moe}gate.weight"] = [config["num_local_experts"], hidden]
        for expert in range(config["num_local_experts"]):
            shapes[f"{moe}experts.{expert}.w1.weight"] = [inner, hidden]
            shapes[f"{moe}experts.{expert}.w2.weight"] = [hidden, inner]
            shapes[f"{moe}experts.{expert}.w3.weight"] = [inner, hidden]
    return shapes


def read(folder):
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    assert len(set(index["weight_map"].values())) > 1, "one shard only"
    shapes, total, digest = {}, 0, hashlib.sha256()
    for shard in sorted(set(index["weight_map"].values())):
        for name, tensor in sorted(safetensors.deserialize((folder / shard).read_bytes())):
            assert index["weight_map"][name] == shard, f"{name} lies in {shard}"
            assert tensor["dtype"] == "BF16", f"{name} is {tensor['dtype']}"
            shapes[name] = tensor["shape"]
            total += len(tensor["data"])
            digest.update(name.encode() + bytes(tensor["data"]))
    assert shapes == expected_shapes(config), "names or shapes are not the config's"
    assert total == index["metadata"]["total_size"], "the index promises another size"
    return digest.hexdigest()


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkpoint"
        subprocess.run([sys.argv[1], "make-checkpoint", "--model", "mixtral-tiny", "--seed", "7",
                        "--shard-size", "2MB", "--out", str(folder)], check=True)
        found = read(folder)
    print(found)
    if len(sys.argv) > 2 and found != sys.argv[2]:
        sys.exit(f"expected {sys.argv[2]}: other tensors than those that were read before")


if __name__ == "__main__":
    main()
