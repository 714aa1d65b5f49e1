#include "harness/config/placeholders.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/base/check.h"
#include "harness/config/axes.h"
#include "harness/config/axis_table.h"
#include "harness/config/fields.h"

namespace moebench::config {
namespace {

namespace fs = std::filesystem;

// A piece of a text: literal, or the name of a placeholder.
struct Piece {
  bool is_placeholder = false;
  std::string text;
};

// What is wrong with a text, as a message; empty where nothing is.
std::string split_into_pieces(std::string_view text, std::vector<Piece>& pieces) {
  const auto add_literal = [&](char c) {
    if (pieces.empty() || pieces.back().is_placeholder) pieces.push_back({});
    pieces.back().text += c;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool is_brace = c == '{' || c == '}';
    if (!is_brace) {
      add_literal(c);
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == c) {
      add_literal(c);
      ++at;
      continue;
    }
    const std::size_t end = c == '{' ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      return fmt::format("'{0}' without its partner in '{1}'; write '{0}{0}' for a brace", c,
                         shortened(text));
    }
    pieces.push_back({true, std::string(text.substr(at + 1, end - at - 1))});
    at = end;
  }
  return "";
}

// What stands for a name that is neither axis nor setting as it is.
struct Derived {
  const char* name;
  std::string (*text)(const CellConfig& cell);
};

std::string model_config_path(const CellConfig& cell) {
  if (cell.model.path.empty()) return "";
  const fs::path folder = cell.model.path;
  const fs::path in_folder = folder / "config.json";
  return fs::exists(in_folder) ? in_folder.string() : folder.string() + ".json";
}

const std::vector<Derived>& derived() {
  static const std::vector<Derived> table = {
      {"world_size", [](const CellConfig& cell) { return fmt::to_string(cell.ranks); }},
      {"total_steps",
       [](const CellConfig& cell) { return fmt::to_string(cell.warmup_steps + cell.steps); }},
      {"global_batch",
       [](const CellConfig& cell) {
         return fmt::to_string(cell.micro_batch * cell.grad_accumulation * cell.ranks);
       }},
      {"model_config", model_config_path},
      {"load_from", [](const CellConfig& cell) { return cell.load_from; }},
      {"resume_from", [](const CellConfig& cell) { return cell.resume_from; }},
      {"data_file",
       [](const CellConfig& cell) {
         return cell.data.files.size() == 1 ? cell.data.files.front() : std::string();
       }},
      {"tokenizer", [](const CellConfig& cell) { return cell.data.tokenizer; }},
      {"scenario_folder", [](const CellConfig& cell) {
         return cell.file ? fs::path(cell.file->path).parent_path().string() : std::string();
       }}};
  return table;
}

// Settings whose file's text is what a command wants.
constexpr const char* kPlaceholderSettings[] = {
    "steps",           "warmup_steps", "learning_rate", "adam_beta1",       "adam_beta2",
    "adam_epsilon",    "weight_decay", "max_grad_norm", "threads_per_rank", "device",
    "checkpoint_every"};

}  // namespace

std::string with_doubled_braces(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    doubled += c;
    if (c == '{' || c == '}') doubled += c;
  }
  return doubled;
}

Words fill_in(const YamlValue& text, const Lookup& lookup, const std::vector<std::string>& known) {
  std::vector<Piece> pieces;
  if (const std::string wrong = split_into_pieces(text.text(), pieces); !wrong.empty()) {
    text.fail(wrong);
  }
  const auto words_of = [&](const Piece& piece) -> Words {
    if (!piece.is_placeholder) return {with_doubled_braces(piece.text)};
    if (std::ranges::count(start_placeholders(), piece.text) > 0) return {"{" + piece.text + "}"};
    const auto words = lookup(piece.text);
    if (!words) {
      text.fail(fmt::format("unknown placeholder '{{{}}}'; {}", shortened(piece.text),
                            suggestion(piece.text, known)));
    }
    return *words;
  };
  if (pieces.size() == 1 && pieces[0].is_placeholder) {
    Words words = words_of(pieces[0]);
    std::erase(words, "");
    return words;
  }
  std::string filled;
  for (const Piece& piece : pieces) {
    const Words words = words_of(piece);
    if (words.size() > 1) {
      text.fail(fmt::format("'{{{}}}' stands for {} words here; write it as a word of its own",
                            piece.text, words.size()));
    }
    if (!words.empty()) filled += words[0];
  }
  return {filled};
}

std::string fill_in_at_start(const std::string& text,
                             const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<Piece> pieces;
  MOEBENCH_CHECK(split_into_pieces(text, pieces).empty());
  std::string filled;
  for (const Piece& piece : pieces) {
    if (!piece.is_placeholder) {
      filled += piece.text;
      continue;
    }
    const auto value = std::ranges::find(values, piece.text, [](const auto& v) { return v.first; });
    MOEBENCH_CHECK(value != values.end());
    filled += value->second;
  }
  return filled;
}

std::string fill_in_before_start(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> as_they_are;
  for (const std::string& name : start_placeholders()) {
    as_they_are.emplace_back(name, "{" + name + "}");
  }
  return fill_in_at_start(text, as_they_are);
}

const std::vector<std::string>& start_placeholders() {
  static const std::vector<std::string> names = {"out", "port", "events"};
  return names;
}

std::optional<std::string> cell_placeholder(const std::string& name, const CellConfig& cell,
                                            const YamlValue& place) {
  const auto found = std::ranges::find(derived(), name, [](const Derived& d) { return d.name; });
  if (found != derived().end()) {
    std::string text = found->text(cell);
    if (text.empty()) {
      place.fail(
          fmt::format("'{{{}}}' is not set in this scenario; set it, or leave it out", name));
    }
    return text;
  }
  if (const Axis* axis = find_axis(axis_table(), name)) return axis->text(cell);
  if (std::ranges::count(kPlaceholderSettings, name) == 0) return std::nullopt;
  return find_field(identity_table(), name)->text(cell);
}

const std::vector<std::string>& cell_placeholders() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = axis_names();
    all.insert(all.end(), std::begin(kPlaceholderSettings), std::end(kPlaceholderSettings));
    for (const Derived& row : derived()) all.push_back(row.name);
    return all;
  }();
  return names;
}

}  // namespace moebench::config
