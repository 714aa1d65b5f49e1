"""Random models of every type that is read, as keys of config.json: what the hand-made cases of
reference_cases.py do not combine. See README.md."""

import json
import random

ROPES = {
    "default": {},
    "linear": dict(factor=[2.0, 2.5, 8.0]),
    "llama3": dict(
        factor=[2.0, 4.0],
        original_max_position_embeddings=[16, 32],
        low_freq_factor=[1.0, 2.0],
        high_freq_factor=[4.0, 5.0],
    ),
    "yarn": dict(
        factor=[2.0, 4.0],
        original_max_position_embeddings=[32, 128],
        beta_fast=[4.0, 16.0],
        beta_slow=[0.25, 1.0],
        truncate=[True, False],
    ),
}
YARN_SCALES = [{}, dict(attention_factor=1.3), dict(mscale=1.4, mscale_all_dim=0.6)]

HEAD_SIZES = [4, 6, 8, 10, 12]
EXPERT_SIZES = [3, 5, 7, 8, 12, 16, 23]
DENSE_SIZES = [11, 13, 17, 23]


def draw(choose, **lists):
    """One of each list, by key."""
    return {key: choose(values) for key, values in lists.items()}


def rope(choose):
    kind = choose([*ROPES, "default"])
    keys = draw(choose, rope_theta=[20.0, 100.0, 1e3, 1e4], **ROPES[kind])
    return dict(rope_type=kind) | keys | (choose(YARN_SCALES) if kind == "yarn" else {})


def window(choose):
    return choose([{}, dict(use_sliding_window=True, sliding_window=choose([3, 4]))])


def dense_layers(choose, num_layers):
    """Qwen's two keys, so that experts remain somewhere."""
    step = choose([1, 1, 2])
    dense = [layer for layer in range(num_layers) if choose([True, False, False])]
    sparse = set(range(step - 1, num_layers, step)) - set(dense)
    return dict(decoder_sparse_step=step, mlp_only_layers=dense) if sparse else {}


def layer_types(choose, num_layers):
    kinds = ["sliding_attention", "full_attention"]
    return choose([{}, dict(layer_types=[choose(kinds) for _ in range(num_layers)])])


def mixtral(choose, base):
    return draw(
        choose,
        intermediate_size=EXPERT_SIZES,
        num_local_experts=[base["experts"]],
        head_dim=HEAD_SIZES,
        sliding_window=[None, 3, 7],
    )


def granitemoe(choose, base):
    return draw(
        choose,
        intermediate_size=EXPERT_SIZES,
        num_local_experts=[base["experts"]],
        attention_bias=[False, True],
        attention_multiplier=[0.1, 0.4],
        embedding_multiplier=[1.0, 3.0],
        residual_multiplier=[0.3, 1.0],
        logits_scaling=[1.0, 1.5],
    )


def granitemoeshared(choose, base):
    return granitemoe(choose, base) | draw(choose, shared_intermediate_size=[0, 5, 11])


def qwen(choose, base):
    return (
        window(choose)
        | dense_layers(choose, base["layers"])
        | draw(
            choose,
            intermediate_size=DENSE_SIZES,
            moe_intermediate_size=EXPERT_SIZES,
            num_experts=[base["experts"]],
        )
    )


def qwen2_moe(choose, base):
    more = draw(
        choose,
        qkv_bias=[False, True],
        shared_expert_intermediate_size=[3, 7],
        max_window_layers=[0, 1, 2, 9],
    )
    keys = qwen(choose, base) | more
    return keys | (layer_types(choose, base["layers"]) if "sliding_window" in keys else {})


def qwen3_moe(choose, base):
    return qwen(choose, base) | draw(choose, head_dim=HEAD_SIZES, attention_bias=[False, True])


def olmoe(choose, base):
    return draw(
        choose,
        intermediate_size=EXPERT_SIZES,
        num_experts=[base["experts"]],
        attention_bias=[False, True],
    )


def grouped(choose, base):
    """What DeepSeek's models and GLM have in common."""
    groups = choose([1, 1, 2, 3])
    per_group = choose([2, 3, 4])
    chosen = choose(range(1, groups + 1))
    return dict(
        n_routed_experts=groups * per_group,
        n_group=groups,
        topk_group=chosen,
        num_experts_per_tok=choose(range(1, min(chosen * per_group, 4) + 1)),
    ) | draw(
        choose,
        intermediate_size=DENSE_SIZES,
        moe_intermediate_size=EXPERT_SIZES,
        n_shared_experts=[1, 1, 2],
        first_k_dense_replace=range(base["layers"]),
        routed_scaling_factor=[0.8, 1.0, 2.5],
        attention_bias=[False, True],
    )


def glm4_moe(choose, base):
    keys = grouped(choose, base) | draw(choose, head_dim=[8, 12], use_qk_norm=[False, True])
    # Of both head sizes an even number of dimensions.
    return keys | dict(num_nextn_predict_layers=0, partial_rotary_factor=choose([0.5, 1.0]))


def latent(choose, base):
    return grouped(choose, base) | draw(
        choose,
        num_key_value_heads=[base["heads"]],
        kv_lora_rank=[6, 10],
        qk_nope_head_dim=[4, 6],
        qk_rope_head_dim=[4, 8],
        v_head_dim=[5, 8, 14],
        q_lora_rank=[None, 9],
    )


def deepseek_v2(choose, base):
    keys = latent(choose, base)
    limited = keys["n_group"] > 1 and choose([True, True, False])
    return keys | dict(topk_method="group_limited_greedy" if limited else "greedy")


def deepseek_v3(choose, base):
    keys = latent(choose, base) | draw(choose, rope_interleave=[False, True])
    return keys | dict(num_nextn_predict_layers=0)


def gpt_oss(choose, base):
    return layer_types(choose, base["layers"]) | draw(
        choose,
        head_dim=HEAD_SIZES,
        intermediate_size=EXPERT_SIZES,
        num_local_experts=[base["experts"]],
        sliding_window=[3, 4, 6],
        swiglu_limit=[0.75, 2.0],
        swiglu_alpha=[1.0, 1.702],
        attention_bias=[False, True],
    )


TYPES = [
    *(mixtral, granitemoe, granitemoeshared, qwen2_moe, qwen3_moe, olmoe),
    *(glm4_moe, deepseek_v2, deepseek_v3, gpt_oss),
]
WITHOUT_AUXILIARY_LOSS = [glm4_moe, deepseek_v2, deepseek_v3]
ALWAYS_NORMALISE = [mixtral, granitemoe, granitemoeshared, gpt_oss]
MAY_NORMALISE = [qwen2_moe, qwen3_moe, olmoe, glm4_moe, deepseek_v3]


def random_case(seed):
    choose = random.Random(seed).choice
    keys_of = choose(TYPES)
    # Normalised, the weight of an only expert is 1, and its gradient what rounding leaves.
    least = 2 if keys_of in ALWAYS_NORMALISE else 1
    kv_heads = choose([1, 2, 3])
    heads = kv_heads * choose([1, 2, 3])
    base = dict(heads=heads, layers=choose([1, 2, 3, 4]), experts=choose([2, 3, 4, 5, 6, 8, 9]))
    case = dict(
        model_type=keys_of.__name__,
        num_hidden_layers=base["layers"],
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        hidden_size=heads * choose([4, 6, 8]),
        num_experts_per_tok=choose(range(least, min(base["experts"], 5) + 1)),
        initializer_range=0.25,
    ) | draw(
        choose,
        vocab_size=[37, 61, 64],
        max_position_embeddings=[32, 128, 256],
        rms_norm_eps=[1e-5, 1e-2, 0.03],
        tie_word_embeddings=[False, False, True],
        pad_token_id=[None, None, 0, 5],
    )
    if keys_of not in WITHOUT_AUXILIARY_LOSS:
        case["router_aux_loss_coef"] = choose([0.0, 0.05, 0.3])
    case |= keys_of(choose, base)
    if keys_of in MAY_NORMALISE:
        case["norm_topk_prob"] = case["num_experts_per_tok"] > 1 and choose([False, True])
    case["rope_parameters"] = rope(choose)
    if partial := case.pop("partial_rotary_factor", None):
        case["rope_parameters"]["partial_rotary_factor"] = partial
    return case


def write_older_form(path):
    """config.json as releases of transformers before 5 wrote it, and most repositories have it."""
    config = json.loads(path.read_text())
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    if "partial_rotary_factor" in parameters:
        config["partial_rotary_factor"] = parameters.pop("partial_rotary_factor")
    kind = parameters.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind} | parameters
    path.write_text(json.dumps(config, indent=2) + "\n")
