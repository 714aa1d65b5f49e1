#include "harness/config/model_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/check.h"
#include "harness/base/words.h"
#include "harness/config/model_key_tables.h"
#include "harness/config/model_parts.h"

namespace moebench::config {

namespace {

// Of a text of words with a space between them.
std::vector<std::string> words_in(string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

bool is_in(string_view text, const std::string& key) {
  return std::ranges::count(words_in(text), key) > 0;
}

const TypeKeys& keys_of(ModelType type) {
  const auto found = std::ranges::find(kTypes, type, &TypeKeys::type);
  MOEBENCH_CHECK(found != kTypes.end());
  return *found;
}

std::vector<std::string> read_keys(ModelType type) {
  const TypeKeys& keys = keys_of(type);
  std::string text = fmt::format("{} {} {} {} {}", kRead, keys.read, keys.experts.num_experts,
                                 keys.experts.alias, keys.experts.intermediate_size);
  if (has_router_loss(type)) text += fmt::format(" {}", kReadOfRouterLoss);
  return words_in(text);
}

bool is_read(const std::string& key, ModelType type) {
  return std::ranges::count(read_keys(type), key) > 0 || is_in(kQuantised, key);
}

bool is_irrelevant(const std::string& key, ModelType type) {
  return is_in(keys_of(type).irrelevant, key) || is_in(kIrrelevant, key) ||
         std::ranges::any_of(kIrrelevantStarts, [&](auto s) { return key.starts_with(s); }) ||
         std::ranges::any_of(kIrrelevantEnds, [&](auto s) { return key.ends_with(s); });
}

// nullptr also where the class takes no notice of the key.
const Feature* find_feature(string_view key, ModelType type) {
  if (is_in(keys_of(type).irrelevant, std::string(key))) return nullptr;
  const auto own = std::ranges::find_if(kTypeFeatures, [&](const TypeFeature& feature) {
    return feature.type == type && feature.feature.key == key;
  });
  if (own != kTypeFeatures.end()) return &own->feature;
  const auto found = std::ranges::find(kFeatures, key, &Feature::key);
  return found == kFeatures.end() ? nullptr : &*found;
}

void check_feature(const JsonValue& value, const Feature& feature, ModelType type) {
  if (value.is(feature.without)) return;
  value.fail(
      fmt::format("{} means {}, which is not supported of {} models; set it to {}, or remove "
                  "it, where the model has none",
                  value.shown(), feature.what, to_string(type), feature.without));
}

const OtherName* find_other_name(const std::string& key) {
  const auto found = std::ranges::find(kOtherNames, key, &OtherName::key);
  return found == kOtherNames.end() ? nullptr : &*found;
}

// Both names with one value are no contradiction.
void check_other_name(const JsonObject& config, const OtherName& other, ModelType type) {
  const ExpertKeys keys = expert_keys(type);
  std::string own_key = "num_experts_per_tok", what = "the number of a token's experts";
  switch (other.what) {
    case OtherName::What::kSize:
      own_key = keys.intermediate_size;
      what = "an expert's size";
      break;
    case OtherName::What::kExperts:
      own_key = keys.num_experts;
      what = "the number of experts";
      break;
    case OtherName::What::kTopK:
      break;
  }
  const JsonValue& value = config.at(std::string(other.key));
  const JsonValue* own = config.find(own_key);
  if (own != nullptr && own->json() == value.json()) return;
  value.fail(fmt::format("{} is {} here, {}; give both the value that it has, or remove this one",
                         what, own_key, own == nullptr ? "which is missing" : own->shown()));
}

// A file whose model_type alone was changed has the class of another model here.
void check_architectures(const JsonValue& names, ModelType type) {
  const string_view own = keys_of(type).class_name;
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
  switch (key_rule(key, type)) {
    case KeyRule::kRead:
    case KeyRule::kIrrelevant:
      return true;
    case KeyRule::kFeature:
      check_feature(value, *find_feature(key, type), type);
      return true;
    case KeyRule::kOtherName:
      check_other_name(config, *find_other_name(key), type);
      return true;
    case KeyRule::kClass:
      check_architectures(value, type);
      return true;
    case KeyRule::kRefused:
      value.fail(
          "names the file of the weights, which is not looked up; rename the file to "
          "model.safetensors and remove the key");
    case KeyRule::kUnknown:
      break;
  }
  return false;
}

// "; did you mean 'x'?" where a key that is read looks so.
std::string near_key(const std::string& key, ModelType type) {
  const std::string text = suggestion(key, read_keys(type));
  return text.starts_with("did you mean") ? "; " + text : "";
}

}  // namespace

ExpertKeys expert_keys(ModelType type) { return keys_of(type).experts; }

KeyRule key_rule(const std::string& key, ModelType type) {
  if (is_read(key, type)) return KeyRule::kRead;
  if (find_feature(key, type) != nullptr) return KeyRule::kFeature;
  if (key == "architectures") return KeyRule::kClass;
  if (key == "transformers_weights") return KeyRule::kRefused;
  if (find_other_name(key) != nullptr) return KeyRule::kOtherName;
  return is_irrelevant(key, type) ? KeyRule::kIrrelevant : KeyRule::kUnknown;
}

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
                      near_key(unknown.front(), type), to_string(type)));
}

void check_model_override(const JsonValue& value, ModelType type) {
  const std::string& key = value.key();
  const KeyRule rule = key_rule(key, type);
  if (rule == KeyRule::kIrrelevant) value.fail("says nothing of what is trained; remove it");
  if (rule != KeyRule::kUnknown) return;
  value.fail_at_place(fmt::format("unknown key '{}' of a {} model; {}", shortened(key),
                                  to_string(type), suggestion(key, read_keys(type))));
}

std::string quantisation_of(const JsonObject& config) {
  for (const std::string& key : words_in(kQuantised)) {
    const JsonValue* value = config.find(key);
    if (value == nullptr) continue;
    const nlohmann::json& json = value->json();
    const bool has_method =
        json.is_object() && json.contains("quant_method") && json["quant_method"].is_string();
    return has_method ? json["quant_method"].get<std::string>() : key;
  }
  return "";
}

}  // namespace moebench::config
