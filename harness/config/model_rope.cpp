#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/config/json_numbers.h"
#include "harness/config/model_parts.h"

namespace moebench::config {
namespace {

using std::string_literals::operator""s;

// One of the two objects that a file may have of it: rope_scaling, or rope_parameters since
// transformers 5.
struct RopeObject {
  const JsonValue& source;
  JsonObject keys;
};

// Older files call it "type".
const JsonValue* find_type(const RopeObject& rope) {
  const JsonValue* type = rope.keys.find("rope_type");
  return type != nullptr ? type : rope.keys.find("type");
}

RopeScaling read_scaling(const RopeObject& rope) {
  for (const char* key : {"rope_type", "type"}) {
    const JsonValue* type = rope.keys.find(key);
    if (type == nullptr || type->text() == "default") continue;
    const auto scaling = find_named<RopeScaling>(type->text());
    if (scaling && *scaling != RopeScaling::kNone) continue;
    rope.source.fail(fmt::format(
        "unsupported {} '{}'; this version computes \"default\", \"linear\", \"llama3\" and "
        "\"yarn\"",
        key, type->text()));
  }
  const JsonValue* type = find_type(rope);
  if (type == nullptr || type->text() == "default") return RopeScaling::kNone;
  const RopeScaling scaling = *find_named<RopeScaling>(type->text());
  // Positions divided by 1 are the default ones.
  const JsonValue* factor = rope.keys.find("factor");
  const bool is_same = scaling == RopeScaling::kLinear && factor != nullptr && factor->is("1");
  return is_same ? RopeScaling::kNone : scaling;
}

const char* keys_of(RopeScaling scaling) {
  switch (scaling) {
    case RopeScaling::kNone:
      return "";
    case RopeScaling::kLinear:
      return "factor";
    case RopeScaling::kLlama3:
      return "factor low_freq_factor high_freq_factor";
    case RopeScaling::kYarn:
      return "factor attention_factor beta_fast beta_slow mscale mscale_all_dim truncate";
  }
  return "";
}

// A key that its type does not read may make it other positions than the file's author meant.
void check_keys(const RopeObject& rope, const ModelConfig& model) {
  std::string known = "rope_type type rope_theta original_max_position_embeddings ";
  if (model.type == ModelType::kGlm4Moe) known += "partial_rotary_factor ";
  known += keys_of(model.rope.scaling);
  for (const std::string& key : rope.keys.keys()) {
    const JsonValue* value = rope.keys.find(key);
    if (value == nullptr) continue;  // null
    std::istringstream words(known);
    if (std::count(std::istream_iterator<std::string>(words), {}, key) > 0) continue;
    const bool is_factor = key == "factor" || key == "partial_rotary_factor";
    if (is_factor && value->is("1")) continue;
    value->fail(fmt::format(
        "has no meaning with rope_type \"{}\" of a {} model; remove it",
        model.rope.scaling == RopeScaling::kNone ? "default" : to_string(model.rope.scaling),
        to_string(model.type)));
  }
}

// Error where it is missing.
void require(const RopeObject& rope, const char* key) {
  if (rope.keys.find(key) != nullptr) return;
  rope.source.fail(fmt::format("rope_type \"{}\" needs {}; add it", find_type(rope)->text(), key));
}

// transformers takes a null factor of yarn for what the contexts' lengths are to each other.
void read_factor(const RopeObject& source, ModelConfig& model) {
  RopeConfig& rope = model.rope;
  if (rope.scaling == RopeScaling::kYarn && source.keys.is_null("factor")) {
    rope.factor = static_cast<double>(model.max_position_embeddings) /
                  static_cast<double>(rope.original_positions);
    return;
  }
  require(source, "factor");
  read_positive(source.keys, "factor", rope.factor);
}

void read_llama3(const RopeObject& source, RopeConfig& rope) {
  const JsonObject& keys = source.keys;
  for (const char* key : {"low_freq_factor", "high_freq_factor"}) require(source, key);
  read_positive(keys, "low_freq_factor", rope.low_freq_factor);
  read_positive(keys, "high_freq_factor", rope.high_freq_factor);
  if (rope.high_freq_factor <= rope.low_freq_factor) {
    keys.at("high_freq_factor").fail("must be more than low_freq_factor");
  }
}

void read_yarn(const JsonObject& keys, RopeConfig& rope) {
  read_positive(keys, "attention_factor", rope.attention_factor);
  read_positive(keys, "beta_fast", rope.beta_fast);
  read_positive(keys, "beta_slow", rope.beta_slow);
  if (rope.beta_fast < rope.beta_slow) {
    fail_at(keys, "beta_fast",
            fmt::format("{} is less than beta_slow {}", rope.beta_fast, rope.beta_slow));
  }
  read_number(keys, "mscale", rope.mscale);
  read_number(keys, "mscale_all_dim", rope.mscale_all_dim);
  read_boolean(keys, "truncate", rope.truncate);
}

void read_scaled(const JsonObject& config, const RopeObject& source, ModelConfig& model) {
  RopeConfig& rope = model.rope;
  const JsonObject& keys = source.keys;
  if (rope.scaling == RopeScaling::kNone) return;
  if (rope.scaling != RopeScaling::kLinear) {
    // What stands at the top counts before what stands in the object.
    const char* key = "original_max_position_embeddings";
    rope.original_positions =
        dimension_or(config, key, dimension_or(keys, key, model.max_position_embeddings));
  }
  read_factor(source, model);
  if (rope.scaling == RopeScaling::kLlama3) read_llama3(source, rope);
  if (rope.scaling == RopeScaling::kYarn) read_yarn(keys, rope);
}

// How transformers reaches beyond gpt-oss' first context where the file says nothing of that.
void set_gpt_oss_scaling(RopeConfig& rope) {
  rope.scaling = RopeScaling::kYarn;
  rope.factor = 32;
  rope.original_positions = 4096;
  rope.truncate = false;
}

// The first dimensions of each head alone.
void read_rotary_dim(const JsonObject& config, const JsonObject* keys, ModelConfig& model) {
  if (model.type != ModelType::kGlm4Moe) return;
  const char* key = "partial_rotary_factor";
  double factor = 0.5;
  read_positive(config, key, factor);
  const bool is_inside = keys != nullptr && keys->find(key) != nullptr;
  if (is_inside) read_positive(*keys, key, factor);
  const auto size = static_cast<std::int64_t>(
      std::min(1e9, std::floor(static_cast<double>(model.head_dim) * factor)));
  if (size < 2 || size > model.head_dim || size % 2 != 0) {
    fail_at(is_inside ? *keys : config, key,
            fmt::format("{} of head_dim {} is {} dimensions; rotary embeddings need an even number "
                        "from 2 to all",
                        factor, model.head_dim, size));
  }
  model.rope.rotary_dim = size == model.head_dim ? 0 : size;
}

void check_agreement(const JsonObject& config) {
  const JsonValue* scaling = config.find("rope_scaling");
  const JsonValue* parameters = config.find("rope_parameters");
  if (scaling != nullptr && parameters != nullptr && scaling->json() != parameters->json()) {
    scaling->fail("rope_parameters says otherwise; remove one of the two");
  }
}

}  // namespace

void read_rope(const JsonObject& config, ModelConfig& model) {
  read_positive(config, "rope_theta", model.rope_theta);
  if (model.type == ModelType::kDeepseekV3) {
    if (config.is_null("rope_interleave")) model.rope.interleaved = false;
    read_boolean(config, "rope_interleave", model.rope.interleaved);
  }
  check_agreement(config);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    // transformers takes an empty rope_scaling for none.
    if (config.find(key) == nullptr || (key == "rope_scaling"s && config.at(key).is("{}")))
      continue;
    const RopeObject rope{config.at(key), config.object(key)};
    model.rope.scaling = read_scaling(rope);
    check_keys(rope, model);
    read_positive(rope.keys, "rope_theta", model.rope_theta);
    read_scaled(config, rope, model);
    read_rotary_dim(config, &rope.keys, model);
    return;
  }
  if (model.type == ModelType::kGptOss) set_gpt_oss_scaling(model.rope);
  read_rotary_dim(config, nullptr, model);
}

}  // namespace moebench::config
