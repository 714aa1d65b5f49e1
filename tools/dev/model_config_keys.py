"""Writes what transformers' configuration classes know of the model types that moebench reads: the
defaults as a config.json, and all names of keys. See README.md."""

import argparse
import dataclasses
import json
import pathlib

from transformers import CONFIG_MAPPING, GenerationConfig

TYPES = (
    "mixtral granitemoe qwen3_moe qwen2_moe olmoe granitemoeshared glm4_moe deepseek_v2 deepseek_v3 "
    "gpt_oss"
)
# What PreTrainedConfig takes of older files, beside its attributes.
OLDER_KEYS = (
    "torch_dtype name_or_path num_labels output_attentions attn_implementation "
    "experts_implementation per_layer_config rope_scaling rope_theta partial_rotary_factor"
)


def keys_of(config):
    names = {field.name for field in dataclasses.fields(config)}
    names |= set(config.to_dict()) | set(config.attribute_map) | set(OLDER_KEYS.split())
    names |= set(GenerationConfig._get_default_generation_params())
    return " ".join(sorted(names))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path)
    models = {}
    for name in TYPES.split():
        config = CONFIG_MAPPING[name]()
        models[name] = {"config": config.to_dict(), "keys": keys_of(config)}
    text = json.dumps(models, indent=1, sort_keys=True)
    parser.parse_args().file.write_text(text + "\n")


if __name__ == "__main__":
    main()
