#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/trainers/step_line_adapter.h"
#include "harness/trainers/step_pattern.h"

namespace moebench::trainers {
namespace {

// What the numbers mean, a pattern does not say: the user may.
class RegexAdapter : public StepLineAdapter {
 public:
  explicit RegexAdapter(const AdapterOptions& options)
      : StepLineAdapter(options.meaning), pattern_(options.pattern) {}

 private:
  std::optional<Step> step_of(std::string_view line) const override {
    return pattern_.step_in(line);
  }

  StepPattern pattern_;
};

std::unique_ptr<Adapter> make_regex(const AdapterOptions& options) {
  return std::make_unique<RegexAdapter>(options);
}

using Set = void (*)(const std::string& word, Meaning& meaning);

template <auto member>
void set_word(const std::string& word, Meaning& meaning) {
  using Enum = std::remove_reference_t<decltype(meaning.*member)>;
  meaning.*member = parse_name<Enum>(word, "meaning");
}

constexpr std::pair<const char*, Set> kMeanings[] = {
    {"tokens_scope", set_word<&Meaning::tokens_scope>},
    {"tokens_window", set_word<&Meaning::tokens_window>},
    {"time_window", set_word<&Meaning::time_window>},
    {"padding", set_word<&Meaning::padding>},
    {"memory", set_word<&Meaning::memory>}};

}  // namespace

Meaning parse_meaning(const std::vector<std::string>& pairs) {
  Meaning meaning;
  std::vector<std::string> known;
  for (const auto& [name, set] : kMeanings) known.emplace_back(name);
  for (const std::string& pair : pairs) {
    const auto sides = name_and_value(pair);
    const std::string name = sides ? sides->first : std::string(trimmed(pair));
    const auto found =
        std::ranges::find(kMeanings, name, [](const auto& row) { return row.first; });
    if (found == std::end(kMeanings) || !sides) {
      throw Error("meaning '{}': write it as {}", shortened(pair),
                  fmt::format("name=word; {}", suggestion(name, known)));
    }
    found->second(sides->second, meaning);
  }
  return meaning;
}

AdapterInfo regex_adapter() {
  return {"regex",
          "any trainer that prints a line a step, by a pattern with named groups",
          {"stdout", "stderr"},
          {},
          make_regex};
}

}  // namespace moebench::trainers
