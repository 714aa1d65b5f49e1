#include "harness/config/fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "harness/config/axis_table.h"

namespace moebench::config {

namespace {

template <auto member>
Field model_field(const std::string& name) {
  return make_field<&CellConfig::model, member>("model." + name);
}

template <auto member>
Field part_field(const std::string& name) {
  return make_field<&CellConfig::model, member>("model." + name, {.is_later = true});
}

template <auto member>
Field rope_field(const std::string& name) {
  return make_field<&CellConfig::model, &ModelConfig::rope, member>("model.rope_" + name,
                                                                    {.is_later = true});
}

template <auto member>
Field data_field(const std::string& name) {
  return make_field<&CellConfig::data, member>("data." + name);
}

template <auto member>
Field engine_field(const std::string& name, FieldRules rules) {
  return make_field<&CellConfig::engine, member>("engine_settings." + name, rules);
}

template <auto member>
Field load_field(const std::string& name) {
  return make_field<&CellConfig::load, member>("load." + name, kArrangement);
}

// Whether its losses are those of other arms, CellConfig::workload() knows.
Fields engine_fields() {
  constexpr FieldRules kLaterArrangement = {.in_workload = false, .is_later = true};
  return {engine_field<&EngineConfig::command>("command", kLaterArrangement),
          engine_field<&EngineConfig::environment>("environment", kLaterArrangement),
          engine_field<&EngineConfig::adapter>("adapter", kLaterArrangement),
          engine_field<&EngineConfig::logs>("logs", kLaterArrangement),
          engine_field<&EngineConfig::pattern>("pattern", kLaterArrangement),
          engine_field<&EngineConfig::meaning>("meaning", kLaterArrangement),
          engine_field<&EngineConfig::starts_ranks>("starts_ranks", kLaterArrangement),
          engine_field<&EngineConfig::same_numerics>("same_numerics", kLaterArrangement),
          engine_field<&EngineConfig::axes>("axes", kLaterArrangement),
          engine_field<&EngineConfig::parameters>("parameters", kLaterArrangement)};
}

// Whatever is added here is part of the identity, and is_later.
Fields settings_fields() {
  // What the initial weights are, and which steps a run does, is another matter where a checkpoint
  // says both.
  constexpr FieldRules kOfTheRun = {.in_workload = true, .free_on_resumption = true};
  constexpr FieldRules kLaterOfTheRun = {
      .in_workload = true, .free_on_resumption = true, .is_later = true};
  constexpr FieldRules kLaterArrangement = {
      .in_workload = false, .free_on_resumption = true, .is_later = true};
  return {make_field<&CellConfig::measure>("measure"),
          make_field<&CellConfig::steps>("steps", kOfTheRun),
          make_field<&CellConfig::warmup_steps>("warmup_steps", kOfTheRun),
          make_field<&CellConfig::learning_rate>("learning_rate"),
          make_field<&CellConfig::adam_beta1>("adam_beta1"),
          make_field<&CellConfig::adam_beta2>("adam_beta2"),
          make_field<&CellConfig::adam_epsilon>("adam_epsilon"),
          make_field<&CellConfig::weight_decay>("weight_decay"),
          make_field<&CellConfig::max_grad_norm>("max_grad_norm"),
          make_field<&CellConfig::threads_per_rank>("threads_per_rank", kArrangement),
          make_field<&CellConfig::device>("device", kArrangement),
          make_field<&CellConfig::reduce_dtype>("reduce_dtype", kArrangement),
          make_field<&CellConfig::device_collectives>("device_collectives", kArrangement),
          make_field<&CellConfig::load_from>("load_from", kOfTheRun),
          make_field<&CellConfig::checkpoint_every>("checkpoint_every", kArrangement),
          make_field<&CellConfig::resume_from>("resume_from", kOfTheRun),
          make_field<&CellConfig::bind>("bind", kLaterArrangement),
          make_field<&CellConfig::perturb_weights>("perturb_weights", kLaterOfTheRun)};
}

Fields data_fields() {
  return {
      data_field<&DataConfig::source>("source"),
      data_field<&DataConfig::files>("files"),
      data_field<&DataConfig::delimiter>("delimiter"),
      data_field<&DataConfig::token_dtype>("token_dtype"),
      data_field<&DataConfig::mean_length>("mean_length"),
      make_field<&CellConfig::data, &DataConfig::tokenizer>("data.tokenizer", {.is_later = true})};
}

void append(Fields& fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
}

Fields make_identity_table() {
  Fields fields, load;
  for (const Axis& axis : axis_table()) {
    for (const Field& field : axis.fields) {
      (field.name.starts_with("load.") ? load : fields).push_back(field);
    }
  }
  append(fields, load);
  append(fields, {load_field<&LoadConfig::io>("io"), load_field<&LoadConfig::tensors>("tensors"),
                  load_field<&LoadConfig::one_rank>("one_rank")});
  append(fields, settings_fields());
  append(fields, data_fields());
  append(fields, engine_fields());
  return fields;
}

// {"model", "hidden_size"}; {"", "ranks"} outside a section.
std::pair<std::string, std::string> split(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// A file's mappings by section.
class Sections {
 public:
  Sections(const YamlValue& source, const Fields& fields) {
    std::map<std::string, std::vector<std::string>> keys;
    for (const Field& field : fields) {
      const auto [section, key] = split(field.name);
      keys[section].push_back(key);
    }
    std::vector<std::string> top = keys[""];
    for (const auto& [section, of_section] : keys) {
      if (!section.empty()) top.push_back(section);
    }
    const YamlMapping file(source, top);
    for (const auto& [section, of_section] : keys) {
      if (section.empty()) continue;
      if (const auto* value = file.find(section))
        mappings_.emplace(section, YamlMapping(*value, of_section));
    }
    mappings_.emplace("", file);
  }

  // nullptr where the file does not state it.
  const YamlValue* find(const Field& field) const {
    const auto [section, key] = split(field.name);
    const auto mapping = mappings_.find(section);
    return mapping == mappings_.end() ? nullptr : mapping->second.find(key);
  }

  [[noreturn]] void fail_without(const Field& field) const {
    const auto [section, key] = split(field.name);
    const auto mapping = mappings_.find(section);
    const bool has_section = mapping != mappings_.end();
    const YamlMapping& place = has_section ? mapping->second : mappings_.at("");
    place.source().fail(fmt::format("key '{}' is missing; add it", has_section ? key : section));
  }

 private:
  std::map<std::string, YamlMapping> mappings_;
};

bool is_left_out(const Field& field, const CellConfig& cell) {
  return field.rules.is_later && field.text(cell) == field.text(CellConfig());
}

}  // namespace

// What model types after the first two chose among.
Fields part_fields() {
  return {part_field<&ModelConfig::qk_norm>("qk_norm"),
          part_field<&ModelConfig::qkv_bias>("qkv_bias"),
          part_field<&ModelConfig::o_bias>("o_bias"),
          part_field<&ModelConfig::attention_sinks>("attention_sinks"),
          part_field<&ModelConfig::full_attention_layers>("full_attention_layers"),
          part_field<&ModelConfig::q_lora_rank>("q_lora_rank"),
          part_field<&ModelConfig::kv_lora_rank>("kv_lora_rank"),
          part_field<&ModelConfig::qk_nope_head_dim>("qk_nope_head_dim"),
          part_field<&ModelConfig::qk_rope_head_dim>("qk_rope_head_dim"),
          part_field<&ModelConfig::v_head_dim>("v_head_dim"),
          rope_field<&RopeConfig::rotary_dim>("rotary_dim"),
          rope_field<&RopeConfig::interleaved>("interleaved"),
          rope_field<&RopeConfig::scaling>("scaling"),
          rope_field<&RopeConfig::factor>("factor"),
          rope_field<&RopeConfig::original_positions>("original_positions"),
          rope_field<&RopeConfig::low_freq_factor>("low_freq_factor"),
          rope_field<&RopeConfig::high_freq_factor>("high_freq_factor"),
          rope_field<&RopeConfig::beta_fast>("beta_fast"),
          rope_field<&RopeConfig::beta_slow>("beta_slow"),
          rope_field<&RopeConfig::truncate>("truncate"),
          rope_field<&RopeConfig::attention_factor>("attention_factor"),
          rope_field<&RopeConfig::mscale>("mscale"),
          rope_field<&RopeConfig::mscale_all_dim>("mscale_all_dim"),
          part_field<&ModelConfig::router_score>("router_score"),
          part_field<&ModelConfig::normalise_top_k>("normalise_top_k"),
          part_field<&ModelConfig::routed_scaling_factor>("routed_scaling_factor"),
          part_field<&ModelConfig::router_bias>("router_bias"),
          part_field<&ModelConfig::router_fp32>("router_fp32"),
          part_field<&ModelConfig::router_correction>("router_correction"),
          part_field<&ModelConfig::num_expert_groups>("num_expert_groups"),
          part_field<&ModelConfig::top_k_groups>("top_k_groups"),
          part_field<&ModelConfig::group_score>("group_score"),
          part_field<&ModelConfig::expert_bias>("expert_bias"),
          part_field<&ModelConfig::swiglu_limit>("swiglu_limit"),
          part_field<&ModelConfig::swiglu_alpha>("swiglu_alpha"),
          part_field<&ModelConfig::shared_intermediate_size>("shared_intermediate_size"),
          part_field<&ModelConfig::shared_gate>("shared_gate"),
          part_field<&ModelConfig::dense_layers>("dense_layers"),
          part_field<&ModelConfig::dense_intermediate_size>("dense_intermediate_size")};
}

Fields model_fields() {
  Fields fields = {model_field<&ModelConfig::name>("name"),
                   model_field<&ModelConfig::hidden_size>("hidden_size"),
                   model_field<&ModelConfig::intermediate_size>("intermediate_size"),
                   model_field<&ModelConfig::num_layers>("num_layers"),
                   model_field<&ModelConfig::num_experts>("num_experts"),
                   model_field<&ModelConfig::top_k>("top_k"),
                   model_field<&ModelConfig::num_heads>("num_heads"),
                   model_field<&ModelConfig::num_kv_heads>("num_kv_heads"),
                   model_field<&ModelConfig::head_dim>("head_dim"),
                   model_field<&ModelConfig::vocab_size>("vocab_size"),
                   model_field<&ModelConfig::max_position_embeddings>("max_position_embeddings"),
                   model_field<&ModelConfig::rope_theta>("rope_theta"),
                   model_field<&ModelConfig::rms_norm_eps>("rms_norm_eps"),
                   model_field<&ModelConfig::router_aux_loss_coef>("router_aux_loss_coef"),
                   model_field<&ModelConfig::initializer_range>("initializer_range"),
                   model_field<&ModelConfig::tie_word_embeddings>("tie_word_embeddings"),
                   model_field<&ModelConfig::sliding_window>("sliding_window"),
                   model_field<&ModelConfig::type>("type"),
                   model_field<&ModelConfig::attention_multiplier>("attention_multiplier"),
                   model_field<&ModelConfig::embedding_multiplier>("embedding_multiplier"),
                   model_field<&ModelConfig::residual_multiplier>("residual_multiplier"),
                   model_field<&ModelConfig::logits_scaling>("logits_scaling"),
                   model_field<&ModelConfig::pad_token_id>("pad_token_id")};
  append(fields, part_fields());
  return fields;
}

const Fields& identity_table() {
  static const Fields table = make_identity_table();
  return table;
}

const Fields& driver_table() {
  static const Fields table = {
      make_field<&CellConfig::scenario>("scenario"),
      make_field<&CellConfig::repeats>("repeats"),
      make_field<&CellConfig::profile>("profile"),
      make_field<&CellConfig::time_limit_s>("time_limit_s"),
      make_field<&CellConfig::collective_time_limit_s>("collective_time_limit_s",
                                                       {.is_later = true}),
      make_field<&CellConfig::require_transport>("require_transport", {.is_later = true}),
      make_field<&CellConfig::check_numerics>("check_numerics", {.is_later = true}),
      engine_field<&EngineConfig::version>("version", {.is_later = true}),
      make_field<&CellConfig::data, &DataConfig::encoded>("encoded_data", {.is_later = true}),
      make_field<&CellConfig::checkpoint_folder>("checkpoint_folder"),
      make_field<&CellConfig::keep_checkpoints>("keep_checkpoints")};
  return table;
}

const Field* find_field(const Fields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::pair<std::string, std::string>> stated_fields(const CellConfig& cell,
                                                               const Fields& fields) {
  std::vector<std::pair<std::string, std::string>> stated;
  for (const Field& field : fields) {
    if (!is_left_out(field, cell)) stated.emplace_back(field.name, field.text(cell));
  }
  return stated;
}

std::string yaml_text(const CellConfig& cell, const Fields& fields) {
  std::string text, section;
  for (const auto& [name, value] : stated_fields(cell, fields)) {
    const auto [own_section, key] = split(name);
    if (own_section != section && !own_section.empty()) text += own_section + ":\n";
    section = own_section;
    text += (section.empty() ? "" : "  ") + key + ": " + value + "\n";
  }
  return text;
}

CellConfig read_fields(const YamlValue& source, const Fields& fields) {
  const Sections sections(source, fields);
  CellConfig cell;
  for (const Field& field : fields) {
    if (const YamlValue* value = sections.find(field)) {
      field.read(*value, cell);
    } else if (!field.rules.is_later) {
      sections.fail_without(field);
    }
  }
  return cell;
}

}  // namespace moebench::config
