#pragma once

#include <array>
#include <string_view>

#include "harness/config/model_keys.h"

// What keys a Hugging Face config.json may have, as data of model_keys.cpp. A text is of words with
// a space between them.
namespace moebench::config {

using std::string_view;

// Read of all types.
inline constexpr string_view kRead =
    "model_type hidden_size intermediate_size num_hidden_layers num_experts_per_tok "
    "num_attention_heads num_key_value_heads head_dim vocab_size max_position_embeddings "
    "hidden_act "
    "rms_norm_eps initializer_range tie_word_embeddings rope_theta rope_scaling rope_parameters "
    "original_max_position_embeddings pad_token_id layer_types mlp_layer_types";
inline constexpr string_view kReadOfRouterLoss = "router_aux_loss_coef output_router_logits";

struct TypeKeys {
  ModelType type;
  string_view class_name;  // what "MixtralForCausalLM" begins with
  ExpertKeys experts;
  string_view read;
  string_view irrelevant = "";  // that this class takes no notice of
};
// DeepSeek's and GLM's classes compute no load-balancing loss, and build no layers that predict
// further tokens.
inline constexpr auto kTypes = std::to_array<TypeKeys>({
    {ModelType::kMixtral,
     "Mixtral",
     {"num_local_experts", "num_experts", "intermediate_size"},
     "sliding_window"},
    {ModelType::kGraniteMoe,
     "GraniteMoe",
     {"num_local_experts", "", "intermediate_size"},
     "attention_bias attention_multiplier embedding_multiplier residual_multiplier logits_scaling"},
    {ModelType::kGraniteMoeShared,
     "GraniteMoeShared",
     {"num_local_experts", "", "intermediate_size"},
     "attention_bias attention_multiplier embedding_multiplier residual_multiplier logits_scaling "
     "shared_intermediate_size"},
    {ModelType::kQwen3Moe,
     "Qwen3Moe",
     {"num_experts", "num_local_experts", "moe_intermediate_size"},
     "attention_bias norm_topk_prob decoder_sparse_step mlp_only_layers sliding_window "
     "use_sliding_window"},
    {ModelType::kQwen2Moe,
     "Qwen2Moe",
     {"num_experts", "", "moe_intermediate_size"},
     "qkv_bias norm_topk_prob decoder_sparse_step mlp_only_layers sliding_window "
     "use_sliding_window max_window_layers shared_expert_intermediate_size"},
    {ModelType::kOlmoe,
     "Olmoe",
     {"num_experts", "num_local_experts", "intermediate_size"},
     "attention_bias norm_topk_prob"},
    {ModelType::kGlm4Moe,
     "Glm4Moe",
     {"n_routed_experts", "num_local_experts", "moe_intermediate_size"},
     "attention_bias use_qk_norm partial_rotary_factor norm_topk_prob routed_scaling_factor "
     "n_group "
     "topk_group n_shared_experts first_k_dense_replace",
     "router_aux_loss_coef output_router_logits num_nextn_predict_layers num_mtp_layers"},
    {ModelType::kDeepseekV2,
     "DeepseekV2",
     {"n_routed_experts", "num_experts", "moe_intermediate_size"},
     "attention_bias q_lora_rank kv_lora_rank qk_nope_head_dim qk_rope_head_dim qk_head_dim "
     "v_head_dim topk_method n_group topk_group routed_scaling_factor n_shared_experts "
     "first_k_dense_replace",
     // Its router never divides the chosen scores by their sum.
     "norm_topk_prob router_aux_loss_coef output_router_logits aux_loss_alpha seq_aux ep_size"},
    {ModelType::kDeepseekV3,
     "DeepseekV3",
     {"n_routed_experts", "num_local_experts", "moe_intermediate_size"},
     "attention_bias q_lora_rank kv_lora_rank qk_nope_head_dim qk_rope_head_dim qk_head_dim "
     "v_head_dim rope_interleave norm_topk_prob n_group topk_group routed_scaling_factor "
     "n_shared_experts first_k_dense_replace",
     "router_aux_loss_coef output_router_logits aux_loss_alpha seq_aux ep_size "
     "num_nextn_predict_layers num_mtp_layers"},
    {ModelType::kGptOss,
     "GptOss",
     {"num_local_experts", "num_experts", "intermediate_size"},
     "attention_bias sliding_window swiglu_limit swiglu_alpha",
     "initial_context_length"},
});

// Whatever their values: how the model is stored, loaded, served or generates, and notes.
inline constexpr string_view kIrrelevant =
    // of the file
    "auto_map custom_pipelines dtype torch_dtype use_bfloat16 name_or_path note "
    "notes comment comments description license author name model_name base_model "
    "base_model_name_or_path version transformers.js_config "
    // of the tokenizer
    "tokenizer_class prefix padding_side tokenizer_padding_side tokenizer_model_max_length "
    "model_max_length max_sequence_length chat_template "
    // how, not what, is computed
    "use_cache attn_implementation experts_implementation use_flash_attention use_flash_attn "
    "gradient_checkpointing use_reentrant chunk_size_feed_forward pretraining_tp is_decoder "
    "tf_legacy_loss tie_encoder_decoder cross_attention_hidden_size "
    // what is returned beside the loss
    "return_dict use_return_dict output_hidden_states output_attentions output_scores "
    "output_logits return_dict_in_generate "
    // of heads that classify
    "id2label label2id num_labels problem_type finetuning_task task_specific_params "
    "classifier_dropout summary_type "
    // of sliding windows, where the class takes no notice of it
    "use_sliding_window max_window_layers "
    // of text generation
    "max_length max_new_tokens min_length min_new_tokens early_stopping max_time stop_strings "
    "do_sample num_beams num_beam_groups num_return_sequences cache_implementation cache_config "
    "temperature top_k top_p top_h min_p typical_p epsilon_cutoff eta_cutoff repetition_penalty "
    "diversity_penalty encoder_repetition_penalty length_penalty no_repeat_ngram_size "
    "encoder_no_repeat_ngram_size bad_words_ids force_words_ids renormalize_logits constraints "
    "remove_invalid_values exponential_decay_length_penalty suppress_tokens "
    "begin_suppress_tokens sequence_bias token_healing guidance_scale low_memory "
    "watermarking_config penalty_alpha dola_layers prefill_chunk_size compile_config "
    "disable_compile generation_config prompt_lookup_num_tokens is_assistant "
    "num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold "
    "assistant_early_exit assistant_lookbehind target_lookbehind max_matching_ngram_size";

// Any name that begins or ends so is one of those too.
inline constexpr auto kIrrelevantStarts = std::to_array<string_view>({"_", "unsloth"});
inline constexpr auto kIrrelevantEnds =
    std::to_array<string_view>({"_version", "_token_id", "_token_ids", "_token_index"});

// A feature that the engine does not have, or that models of a type do not, and the JSON of the
// value that leaves it out.
struct Feature {
  string_view key;
  string_view without;
  string_view what;
};
// Of all types that do not read the key.
inline constexpr auto kFeatures = std::to_array<Feature>({
    {"attention_dropout", "0", "dropout of attention scores"},
    {"hidden_dropout", "0", "dropout"},
    {"hidden_dropout_prob", "0", "dropout"},
    {"resid_pdrop", "0", "dropout"},
    {"embd_pdrop", "0", "dropout"},
    {"residual_dropout", "0", "dropout"},
    {"embedding_dropout", "0", "dropout"},
    {"attn_pdrop", "0", "dropout of attention scores"},
    {"emb_pdrop", "0", "dropout"},
    {"activation_dropout", "0", "dropout"},
    {"layerdrop", "0", "dropout of layers"},
    {"router_jitter_noise", "0", "noise before the router"},
    {"input_jitter_noise", "0", "noise before the router"},
    {"moe_jitter_eps", "0", "noise before the router"},
    {"router_z_loss_coef", "0", "a z-loss of the router"},
    {"attention_bias", "false", "biases"},
    {"qkv_bias", "false", "biases"},
    {"mlp_bias", "false", "biases"},
    {"lm_head_bias", "false", "biases"},
    {"use_bias", "false", "biases"},
    {"bias", "false", "biases"},
    {"add_bias_linear", "false", "biases"},
    {"router_bias", "false", "biases of the router"},
    {"use_expert_bias", "false", "biases of the router"},
    {"moe_router_enable_expert_bias", "false", "biases of the router"},
    {"qk_norm", "false", "norms of queries and keys"},
    {"use_qk_norm", "false", "norms of queries and keys"},
    {"qk_layernorm", "false", "norms of queries and keys"},
    {"use_qk_layernorm", "false", "norms of queries and keys"},
    {"use_qkv_norm", "false", "norms of queries and keys"},
    {"q_lora_rank", "0", "latent attention"},
    {"kv_lora_rank", "0", "latent attention"},
    {"qk_nope_head_dim", "0", "latent attention"},
    {"qk_rope_head_dim", "0", "latent attention"},
    {"v_head_dim", "0", "latent attention"},
    {"attn_logit_softcapping", "0", "a cap of attention scores"},
    {"final_logit_softcapping", "0", "a cap of the logits"},
    {"moe_router_logit_softcapping", "0", "a cap of the router's logits"},
    {"partial_rotary_factor", "1", "partial rotary embeddings"},
    {"rope_interleave", "false", "interleaved rotary embeddings"},
    {"rope_interleaved", "false", "interleaved rotary embeddings"},
    {"position_embedding_type", "\"rope\"", "other position embeddings than rotary ones"},
    {"n_shared_experts", "0", "shared experts"},
    {"num_shared_experts", "0", "shared experts"},
    {"moe_num_shared_experts", "0", "shared experts"},
    {"shared_intermediate_size", "0", "shared experts"},
    {"shared_expert_intermediate_size", "0", "shared experts"},
    {"moe_shared_expert_intermediate_size", "0", "shared experts"},
    {"shared_experts_intermediate_size", "0", "shared experts"},
    {"use_shared_expert", "false", "shared experts"},
    {"first_k_dense_replace", "0", "layers without experts"},
    {"num_dense_layers", "0", "layers without experts"},
    {"decoder_sparse_step", "1", "layers without experts"},
    {"moe_layer_freq", "1", "layers without experts"},
    {"moe_layer_interval", "1", "layers without experts"},
    {"interleave_moe_layer_step", "1", "layers without experts"},
    {"mlp_only_layers", "[]", "layers without experts"},
    {"num_mtp_layers", "0", "layers that predict further tokens"},
    {"mtp_num_layers", "0", "layers that predict further tokens"},
    {"num_nextn_predict_layers", "0", "layers that predict further tokens"},
    {"norm_topk_prob", "true", "expert weights that do not add up to 1"},
    {"scoring_func", "\"softmax\"", "another function of the router than softmax"},
    {"routed_scaling_factor", "1", "a factor of the experts' output"},
    {"route_scale", "1", "a factor of the experts' output"},
    {"router_scaling_factor", "1", "a factor of the experts' output"},
    {"moe_routed_scaling_factor", "1", "a factor of the experts' output"},
    {"moe_apply_router_weight_on_input", "false", "router weights before the experts"},
    {"topk_method", "\"greedy\"", "another choice than that of the largest scores"},
    {"n_group", "1", "groups of experts"},
    {"topk_group", "1", "groups of experts"},
    {"is_encoder_decoder", "false", "an encoder"},
    {"add_cross_attention", "false", "cross attention"},
    {"pruned_heads", "{}", "pruned heads"},
    {"per_layer_config", "{}", "layers that differ"},
    {"torchscript", "false", "TorchScript, which unties embeddings,"},
    {"clip_qkv", "null", "clipped queries, keys and values"},
    {"sliding_window", "null", "sliding windows"},
    {"embedding_multiplier", "1", "multipliers"},
    {"residual_multiplier", "1", "multipliers"},
    {"logits_scaling", "1", "multipliers"},
    {"loss_type", "\"ForCausalLM\"", "another loss than that of causal language models"},
});
// Of one type, where it is another value that leaves its models as they are.
struct TypeFeature {
  ModelType type;
  Feature feature;
};
inline constexpr auto kTypeFeatures = std::to_array<TypeFeature>({
    {ModelType::kQwen3Moe, {"use_qk_norm", "true", "queries and keys without norms"}},
    {ModelType::kQwen3Moe, {"qk_norm", "true", "queries and keys without norms"}},
    {ModelType::kOlmoe, {"use_qk_norm", "true", "queries and keys without norms"}},
    {ModelType::kOlmoe, {"qk_norm", "true", "queries and keys without norms"}},
    {ModelType::kDeepseekV2, {"rope_interleave", "true", "rotary embeddings of halves"}},
    {ModelType::kDeepseekV3, {"scoring_func", "\"sigmoid\"", "a router without sigmoid"}},
    {ModelType::kDeepseekV3, {"topk_method", "\"noaux_tc\"", "a choice without correction"}},
    {ModelType::kGlm4Moe, {"scoring_func", "\"sigmoid\"", "a router without sigmoid"}},
    {ModelType::kGlm4Moe, {"topk_method", "\"noaux_tc\"", "a choice without correction"}},
});

// The weights of such a checkpoint are not the ones that its dimensions promise.
inline constexpr string_view kQuantised =
    "quantization_config compression_config quantization sparsity_config";

// What is read under another name.
struct OtherName {
  string_view key;
  enum class What { kSize, kExperts, kTopK } what;
};
inline constexpr auto kOtherNames = std::to_array<OtherName>({
    {"moe_intermediate_size", OtherName::What::kSize},
    {"expert_ffn_hidden_size", OtherName::What::kSize},
    {"num_experts", OtherName::What::kExperts},
    {"num_local_experts", OtherName::What::kExperts},
    {"n_routed_experts", OtherName::What::kExperts},
    {"num_routed_experts", OtherName::What::kExperts},
    {"moe_num_experts", OtherName::What::kExperts},
    {"moe_topk", OtherName::What::kTopK},
    {"moe_top_k", OtherName::What::kTopK},
    {"moe_k", OtherName::What::kTopK},
    {"experts_per_token", OtherName::What::kTopK},
});

}  // namespace moebench::config
