#include "harness/config/routing.h"

#include <fmt/core.h>

#include <optional>

namespace moebench::config {

namespace {

constexpr const char* kRemedy = "use learned, balanced, skewed(S) or trace(FILE)";
constexpr double kMaxSkew = 10;

Routing skewed(const YamlValue& value, double skew) {
  if (!(skew >= 0 && skew <= kMaxSkew)) {
    value.fail(fmt::format("skew {} is outside 0 .. {}", skew, kMaxSkew));
  }
  return {.kind = RoutingKind::kSkewed, .skew = skew};
}

Routing trace(const YamlValue& value, const std::string& file,
              const std::filesystem::path& folder) {
  if (file.empty()) value.fail("trace without a file; write trace(FILE)");
  const auto path = (std::filesystem::absolute(folder) / file).lexically_normal();
  return {.kind = RoutingKind::kTrace, .trace_file = path.string()};
}

// The S of "word(S)".
std::optional<std::string> argument(const std::string& text, const std::string& word) {
  const std::string opening = word + "(";
  if (!text.starts_with(opening) || !text.ends_with(")")) return std::nullopt;
  return text.substr(opening.size(), text.size() - opening.size() - 1);
}

Routing from_text(const YamlValue& value, const std::filesystem::path& folder) {
  const std::string text = value.text();
  if (text == to_string(RoutingKind::kLearned)) return {};
  if (text == to_string(RoutingKind::kBalanced)) return {.kind = RoutingKind::kBalanced};
  if (const auto skew = argument(text, to_string(RoutingKind::kSkewed))) {
    return skewed(value, value.with_text(*skew).number());
  }
  if (const auto file = argument(text, to_string(RoutingKind::kTrace)))
    return trace(value, *file, folder);
  value.fail(fmt::format("unknown value '{}'; {}", shortened(text), kRemedy));
}

}  // namespace

Routing parse_routing(const YamlValue& value, const std::filesystem::path& folder) {
  if (!value.is_mapping()) return from_text(value, folder);
  const YamlMapping fields(value, {"skewed", "trace"});
  const YamlValue* skew = fields.find("skewed");
  const YamlValue* file = fields.find("trace");
  if ((skew != nullptr) == (file != nullptr)) {
    value.fail(fmt::format("needs one key, skewed or trace; {}", kRemedy));
  }
  return skew ? skewed(*skew, skew->number()) : trace(*file, file->text(), folder);
}

}  // namespace moebench::config
