#include "harness/config/model_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "harness/base/words.h"

namespace moebench::config {

namespace {

using std::string_view;

// What load_model_config() reads, of either type.
constexpr string_view kRead =
    "model_type hidden_size intermediate_size num_hidden_layers num_local_experts "
    "num_experts_per_tok num_attention_heads num_key_value_heads head_dim vocab_size "
    "max_position_embeddings hidden_act rms_norm_eps initializer_range router_aux_loss_coef "
    "output_router_logits tie_word_embeddings sliding_window rope_theta rope_scaling "
    "rope_parameters pad_token_id";
// Of GraniteMoe alone, and of Mixtral alone: another name of num_local_experts.
constexpr string_view kMultipliers =
    "attention_multiplier embedding_multiplier residual_multiplier logits_scaling";
constexpr string_view kMixtralExperts = "num_experts";

// Whatever their values: how the model is stored, loaded, served or generates, and notes.
constexpr string_view kIrrelevant =
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
    // sliding windows: no cell has a seq_len above sliding_window, so that none ever slides
    "use_sliding_window max_window_layers original_max_position_embeddings "
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
constexpr auto kIrrelevantStarts = std::to_array<string_view>({"_", "unsloth"});
constexpr auto kIrrelevantEnds =
    std::to_array<string_view>({"_version", "_token_id", "_token_ids", "_token_index"});

// A feature that the engine does not have, and the JSON of the value that leaves it out.
struct Feature {
  string_view key;
  string_view without;
  string_view what;
};
constexpr auto kFeatures = std::to_array<Feature>({
    {"attention_dropout", "0", "dropout of attention scores is"},
    {"hidden_dropout", "0", "dropout is"},
    {"hidden_dropout_prob", "0", "dropout is"},
    {"resid_pdrop", "0", "dropout is"},
    {"embd_pdrop", "0", "dropout is"},
    {"residual_dropout", "0", "dropout is"},
    {"embedding_dropout", "0", "dropout is"},
    {"attn_pdrop", "0", "dropout of attention scores is"},
    {"emb_pdrop", "0", "dropout is"},
    {"activation_dropout", "0", "dropout is"},
    {"layerdrop", "0", "dropout of layers is"},
    {"router_jitter_noise", "0", "noise before the router is"},
    {"input_jitter_noise", "0", "noise before the router is"},
    {"moe_jitter_eps", "0", "noise before the router is"},
    {"router_z_loss_coef", "0", "a z-loss of the router is"},
    {"attention_bias", "false", "biases are"},
    {"qkv_bias", "false", "biases are"},
    {"mlp_bias", "false", "biases are"},
    {"lm_head_bias", "false", "biases are"},
    {"use_bias", "false", "biases are"},
    {"bias", "false", "biases are"},
    {"add_bias_linear", "false", "biases are"},
    {"router_bias", "false", "biases of the router are"},
    {"use_expert_bias", "false", "biases of the router are"},
    {"moe_router_enable_expert_bias", "false", "biases of the router are"},
    {"qk_norm", "false", "norms of queries and keys are"},
    {"use_qk_norm", "false", "norms of queries and keys are"},
    {"qk_layernorm", "false", "norms of queries and keys are"},
    {"use_qk_layernorm", "false", "norms of queries and keys are"},
    {"use_qkv_norm", "false", "norms of queries and keys are"},
    {"q_lora_rank", "0", "latent attention is"},
    {"kv_lora_rank", "0", "latent attention is"},
    {"qk_nope_head_dim", "0", "latent attention is"},
    {"qk_rope_head_dim", "0", "latent attention is"},
    {"v_head_dim", "0", "latent attention is"},
    {"attn_logit_softcapping", "0", "a cap of attention scores is"},
    {"final_logit_softcapping", "0", "a cap of the logits is"},
    {"moe_router_logit_softcapping", "0", "a cap of the router's logits is"},
    {"partial_rotary_factor", "1", "partial rotary embeddings are"},
    {"rope_interleave", "false", "interleaved rotary embeddings are"},
    {"rope_interleaved", "false", "interleaved rotary embeddings are"},
    {"position_embedding_type", "\"rope\"", "other position embeddings than rotary ones are"},
    {"n_shared_experts", "0", "shared experts are"},
    {"num_shared_experts", "0", "shared experts are"},
    {"moe_num_shared_experts", "0", "shared experts are"},
    {"shared_intermediate_size", "0", "shared experts are"},
    {"shared_expert_intermediate_size", "0", "shared experts are"},
    {"moe_shared_expert_intermediate_size", "0", "shared experts are"},
    {"shared_experts_intermediate_size", "0", "shared experts are"},
    {"use_shared_expert", "false", "shared experts are"},
    {"first_k_dense_replace", "0", "layers without experts are"},
    {"num_dense_layers", "0", "layers without experts are"},
    {"decoder_sparse_step", "1", "layers without experts are"},
    {"moe_layer_freq", "1", "layers without experts are"},
    {"moe_layer_interval", "1", "layers without experts are"},
    {"interleave_moe_layer_step", "1", "layers without experts are"},
    {"mlp_only_layers", "[]", "layers without experts are"},
    {"num_mtp_layers", "0", "layers that predict further tokens are"},
    {"mtp_num_layers", "0", "layers that predict further tokens are"},
    {"num_nextn_predict_layers", "0", "layers that predict further tokens are"},
    {"norm_topk_prob", "true", "expert weights that do not add up to 1 are"},
    {"scoring_func", "\"softmax\"", "another function of the router than softmax is"},
    {"routed_scaling_factor", "1", "a factor of the experts' output is"},
    {"route_scale", "1", "a factor of the experts' output is"},
    {"router_scaling_factor", "1", "a factor of the experts' output is"},
    {"moe_routed_scaling_factor", "1", "a factor of the experts' output is"},
    {"moe_apply_router_weight_on_input", "false", "router weights before the experts are"},
    {"topk_method", "\"greedy\"", "another choice than that of the largest scores is"},
    {"n_group", "1", "groups of experts are"},
    {"topk_group", "1", "groups of experts are"},
    {"is_encoder_decoder", "false", "an encoder is"},
    {"add_cross_attention", "false", "cross attention is"},
    {"pruned_heads", "{}", "pruned heads are"},
    {"per_layer_config", "{}", "layers that differ are"},
    {"torchscript", "false", "TorchScript, which unties embeddings, is"},
    {"loss_type", "\"ForCausalLM\"", "another loss than that of causal language models is"},
});
// What Mixtral's class has not, in addition.
constexpr auto kMixtralFeatures =
    std::to_array<Feature>({{"embedding_multiplier", "1", "multipliers of a mixtral model are"},
                            {"residual_multiplier", "1", "multipliers of a mixtral model are"},
                            {"logits_scaling", "1", "multipliers of a mixtral model are"}});

// The weights of such a model are not the ones that its dimensions promise.
constexpr string_view kQuantised =
    "quantization_config compression_config quantization sparsity_config";

// Of a text of words with a space between them.
std::vector<std::string> words_in(string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

bool is_in(string_view text, const std::string& key) {
  return std::ranges::count(words_in(text), key) > 0;
}

bool is_irrelevant(const std::string& key) {
  return is_in(kIrrelevant, key) ||
         std::ranges::any_of(kIrrelevantStarts, [&](auto s) { return key.starts_with(s); }) ||
         std::ranges::any_of(kIrrelevantEnds, [&](auto s) { return key.ends_with(s); });
}

bool is_read(const std::string& key, ModelType type) {
  if (is_in(kRead, key)) return true;
  switch (type) {
    case ModelType::kMixtral:
      return key == kMixtralExperts;
    case ModelType::kGraniteMoe:
      return is_in(kMultipliers, key);
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
    case ModelType::kOlmoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
    case ModelType::kGptOss:
      return false;
  }
  return false;
}

const Feature* find_feature(string_view key, ModelType type) {
  const auto own = std::ranges::find(kMixtralFeatures, key, &Feature::key);
  if (type == ModelType::kMixtral && own != kMixtralFeatures.end()) return &*own;
  const auto found = std::ranges::find(kFeatures, key, &Feature::key);
  return found == kFeatures.end() ? nullptr : &*found;
}

// What is read under another name here.
struct OtherName {
  string_view key;
  const char* own;
  string_view what;
};
constexpr auto kOtherNames = std::to_array<OtherName>({
    {"moe_intermediate_size", "intermediate_size", "an expert's size"},
    {"expert_ffn_hidden_size", "intermediate_size", "an expert's size"},
    {"n_routed_experts", "num_local_experts", "the number of experts"},
    {"num_routed_experts", "num_local_experts", "the number of experts"},
    {"moe_num_experts", "num_local_experts", "the number of experts"},
    {"moe_topk", "num_experts_per_tok", "the number of a token's experts"},
    {"moe_top_k", "num_experts_per_tok", "the number of a token's experts"},
    {"moe_k", "num_experts_per_tok", "the number of a token's experts"},
});

// Both names with one value are no contradiction.
void check_other_name(const JsonObject& config, const OtherName& other) {
  const JsonValue& value = config.at(std::string(other.key));
  const JsonValue* own = config.find(other.own);
  if (own != nullptr && own->json() == value.json()) return;
  value.fail(fmt::format("{} is {} here, {}; give both the value that it has, or remove this one",
                         other.what, other.own,
                         own == nullptr ? "which is missing" : own->shown()));
}

// Layers are all alike. Attention is full in each of them: no cell's seq_len exceeds a sliding
// window.
void check_layer_types(const JsonValue& types) {
  const std::vector<std::string> known =
      types.key() == "layer_types" ? std::vector<std::string>{"full_attention", "sliding_attention"}
                                   : std::vector<std::string>{"sparse"};
  const nlohmann::json& list = types.json();
  const bool ok =
      list.is_array() && std::ranges::all_of(list, [&](const nlohmann::json& type) {
        return type.is_string() && std::ranges::count(known, type.get<std::string>()) > 0;
      });
  if (!ok) types.fail(fmt::format("only \"{}\" is supported", fmt::join(known, "\" and \"")));
}

// What the class is called whose name "MixtralForCausalLM" begins with.
string_view class_of(ModelType type) {
  switch (type) {
    case ModelType::kMixtral:
      return "Mixtral";
    case ModelType::kGraniteMoe:
      return "GraniteMoe";
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
    case ModelType::kOlmoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
    case ModelType::kGptOss:
      return "";
  }
  return "";
}

// A file whose model_type alone was changed has the class of another model here.
void check_architectures(const JsonValue& names, ModelType type) {
  const string_view own = class_of(type);
  for (const nlohmann::json& name : names.json()) {
    const std::string text = name.is_string() ? name.get<std::string>() : "";
    const string_view rest = string_view(text).substr(std::min(own.size(), text.size()));
    if (text.starts_with(own) && (rest.starts_with("For") || rest == "Model")) continue;
    names.fail(
        fmt::format("{} is no class of a {} model, such as {}ForCausalLM; set model_type to "
                    "what the file is of, or remove this key",
                    names.shown(), to_string(type), own));
  }
}

// False where nothing is known of the key.
bool check_key(const JsonObject& config, const std::string& key, ModelType type) {
  const JsonValue& value = config.at(key);
  if (const Feature* feature = find_feature(key, type)) {
    if (!value.is(feature->without)) {
      value.fail(
          fmt::format("{} not supported; set it to {}, or remove it, where the model has none",
                      feature->what, feature->without));
    }
  } else if (is_in(kQuantised, key)) {
    value.fail(
        "the weights are quantised or compressed; save the model without, and remove the key");
  } else if (key == "architectures") {
    check_architectures(value, type);
  } else if (key == "transformers_weights") {
    value.fail(
        "names the file of the weights, which is not looked up; rename the file to "
        "model.safetensors and remove the key");
  } else if (const auto other = std::ranges::find(kOtherNames, key, &OtherName::key);
             other != kOtherNames.end()) {
    check_other_name(config, *other);
  } else if (key == "layer_types" || key == "mlp_layer_types") {
    check_layer_types(value);
  } else {
    return is_read(key, type) || is_irrelevant(key);
  }
  return true;
}

// Whether check_key() has a rule for it.
bool is_model_key(const std::string& key, ModelType type) {
  return is_read(key, type) || find_feature(key, type) != nullptr || is_in(kQuantised, key) ||
         is_in("architectures transformers_weights layer_types mlp_layer_types", key) ||
         std::ranges::count(kOtherNames, key, &OtherName::key) > 0;
}

// "; did you mean 'x'?" where a key that is read looks so.
std::string near_key(const std::string& key) {
  const std::string text = suggestion(key, words_in(kRead));
  return text.starts_with("did you mean") ? "; " + text : "";
}

}  // namespace

void check_model_keys(const JsonObject& config, ModelType type) {
  std::vector<std::string> unknown;
  for (const std::string& key : config.keys()) {
    if (config.is_null(key)) continue;  // absent
    if (!check_key(config, key, type)) unknown.push_back(key);
  }
  if (unknown.empty()) return;
  config.at(unknown.front())
      .fail_at_place(
          fmt::format("unknown key{} '{}'{}; it may make another model than {} is: remove it where "
                      "it does not, or begin its name with _",
                      unknown.size() == 1 ? "" : "s", fmt::join(unknown, "', '"),
                      near_key(unknown.front()), to_string(type)));
}

void check_model_override(const JsonValue& value, ModelType type) {
  const std::string& key = value.key();
  if (is_model_key(key, type)) return;
  if (is_irrelevant(key)) value.fail("says nothing of what is trained; remove it");
  value.fail_at_place(fmt::format("unknown key '{}' of a {} model; {}", shortened(key),
                                  to_string(type), suggestion(key, words_in(kRead))));
}

}  // namespace moebench::config
