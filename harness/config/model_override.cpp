#include "harness/config/model_override.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/config/limits.h"
#include "harness/config/model_keys.h"
#include "harness/config/model_labels.h"

namespace moebench::config {
namespace {

using nlohmann::json;

// What an unquoted scalar of YAML is in JSON.
json plain_json(const std::string& text) {
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  if (const auto integer = parse_number<std::int64_t>(text)) return *integer;
  const auto number = parse_number<double>(text);
  return number && std::isfinite(*number) ? json(*number) : json(text);
}

json to_json(const YamlValue& value) {
  if (value.is_null()) return nullptr;
  if (value.is_list()) {
    json list = json::array();
    for (const YamlValue& item : value.items()) list.push_back(to_json(item));
    return list;
  }
  if (value.is_mapping()) {
    json object = json::object();
    for (const auto& [key, item] : value.entries()) object[key] = to_json(item);
    return object;
  }
  return value.is_quoted() ? json(value.text()) : plain_json(value.text());
}

// As a part of a name, which stands in tables and between commas.
std::string name_text(const json& value) {
  std::string text = value.is_string() ? value.get<std::string>()
                                       : value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::ranges::replace(text, ',', ' ');
  return text;
}

// The keys whose values differ from the file's become its members, with their own places.
class ChangedModel {
 public:
  ChangedModel(JsonObject file, const ModelKeys& keys) : config_(std::move(file)) {
    for (const auto& [key, value] : keys) {
      const json own = to_json(value);
      const JsonValue* before = config_.find(key);
      if (before == nullptr ? own.is_null() : before->json() == own) continue;
      changed_.emplace(key, JsonValue(value.place(), key, own));
    }
    for (const auto& [key, value] : changed_) config_.set(value);
  }

  const JsonObject& config() const { return config_; }
  bool is_empty() const { return changed_.empty(); }

  // "(num_hidden_layers=2 num_local_experts=4)"
  std::string suffix() const {
    std::string text;
    for (const auto& [key, value] : changed_) {
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, name_text(value.json()));
    }
    return "(" + text + ")";
  }

  // Nothing of a model of another type, which is refused as its file is.
  void check() const {
    const JsonValue* name = config_.find("model_type");
    const auto type = name == nullptr ? std::nullopt : find_named<ModelType>(name->text());
    if (!type) return;
    for (const auto& [key, value] : changed_) check_model_override(value, *type);
    const auto theta = changed_.find("rope_theta");
    if (theta == changed_.end()) return;
    for (const char* key : {"rope_parameters", "rope_scaling"}) {
      if (config_.find(key) == nullptr || !config_.object(key).find("rope_theta")) continue;
      theta->second.fail(fmt::format("the model has it in {0}; write {0}: {{rope_theta: {1}}}", key,
                                     theta->second.shown()));
    }
  }

  // Whether a message is of one of these keys.
  bool has_place_of(const std::string& message) const {
    return std::ranges::any_of(changed_, [&](const auto& entry) {
      return message.starts_with(entry.second.place() + ": ");
    });
  }

 private:
  JsonObject config_;
  std::map<std::string, JsonValue> changed_;
};

std::optional<std::string> error_without(const JsonObject& file,
                                         const std::filesystem::path& path) {
  try {
    read_model_config(file, path);
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

ModelConfig read_overridden(const JsonObject& file, const ChangedModel& change,
                            const std::filesystem::path& path, const YamlValue& source) {
  try {
    change.check();
    return read_model_config(change.config(), path);
  } catch (const Error& error) {
    const std::string message = error.what();
    if (change.has_place_of(message)) throw;
    if (error_without(file, path) == message) throw Unsupported(message);
    source.fail(fmt::format("{}; the model is {}{}", message, model_path(path), change.suffix()));
  }
}

}  // namespace

WrittenModel read_written_model(const YamlValue& value) {
  if (!value.is_mapping()) return {value};
  std::optional<YamlValue> base;
  ModelKeys keys;
  for (const auto& [key, item] : value.entries()) {
    if (key == "base") {
      base = item;
    } else {
      keys.emplace_back(key, item);
    }
  }
  if (!base) value.fail("key 'base' is missing; name the model whose other keys these are");
  if (keys.empty()) {
    value.fail("sets no key of its base; add one, such as num_hidden_layers: 2, or write the name");
  }
  return {*base, std::move(keys)};
}

ModelConfig load_model_config(const std::filesystem::path& path, const ModelKeys& keys) {
  std::optional<JsonObject> file;
  try {
    file = JsonObject::load_file(path);
    if (keys.empty()) {
      ModelConfig model = read_model_config(*file, path);
      model.path = model_path(path);
      return model;
    }
  } catch (const SystemError&) {
    throw;
  } catch (const Error& error) {
    throw Unsupported(std::string(error.what()));
  }
  const YamlValue& source = keys.front().second;
  const ChangedModel change(*file, keys);
  ModelConfig model = read_overridden(*file, change, path, source);
  model.path = model_path(path);
  if (change.is_empty()) return model;
  model.name += change.suffix();
  model.path += change.suffix();
  if (model.name.size() > kMaxNameBytes) {
    source.fail(
        fmt::format("the model's name would be '{}', longer than {} bytes; write a "
                    "config.json of its own",
                    shortened(model.name), kMaxNameBytes));
  }
  model.overridden = std::make_shared<const std::string>(change.config().text());
  return model;
}

}  // namespace moebench::config
