#include "harness/checkpoint/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/checkpoint/content_hash.h"
#include "harness/config/resumption.h"

namespace moebench::checkpoint {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "moebench checkpoint";

// Keys are sorted and whitespace is fixed, so the same content has the same hash.
std::string hash_of_content(const json& content) {
  const std::string text = content.dump();
  return hash_of(std::as_bytes(std::span(text)));
}

json json_of(const SavedPiece& piece, config::Dtype dtype) {
  return {{"quantity", to_string(piece.quantity)},
          {"parameter", piece.parameter},
          {"begin", piece.begin},
          {"count", piece.count},
          {"dtype", config::to_string(dtype)}};
}

json json_of(const ShardFile& file, config::Dtype dtype) {
  json pieces = json::array();
  for (const SavedPiece& piece : file.pieces) pieces.push_back(json_of(piece, dtype));
  return {{"name", file.name}, {"bytes", file.num_bytes}, {"hash", file.hash}, {"pieces", pieces}};
}

// Members of an object by name and type; every error names the file and the place in it.
class Member {
 public:
  Member(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  std::int64_t integer(const char* name, std::int64_t min) const {
    const json& value = at(name);
    if (!value.is_number_integer() || value.get<std::int64_t>() < min) fail(name);
    return value.get<std::int64_t>();
  }
  std::string text(const char* name) const {
    const json& value = at(name);
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) fail(name);
    return value;
  }
  const json& list(const char* name) const {
    const json& value = at(name);
    if (!value.is_array()) fail(name);
    return value;
  }
  Member object(const char* name) const { return {at(name), fmt::format("{}{}.", where_, name)}; }
  const json& value() const { return object_; }
  [[noreturn]] void fail(const char* name) const {
    throw Error(
        "{}{}: missing or of a wrong kind; copy the checkpoint again, or resume from "
        "another one",
        where_, name);
  }

 private:
  const json& at(const char* name) const {
    if (!object_.is_object() || !object_.contains(name)) fail(name);
    return object_[name];
  }

  const json& object_;
  std::string where_;
};

Quantity quantity_of(const Member& piece) {
  if (const auto quantity = find_named<Quantity>(piece.text("quantity"))) return *quantity;
  piece.fail("quantity");
}

SavedPiece parse_piece(const Member& source, config::Dtype dtype) {
  SavedPiece piece;
  piece.quantity = quantity_of(source);
  piece.parameter = source.text("parameter");
  piece.begin = source.integer("begin", 0);
  piece.count = source.integer("count", 1);
  if (source.text("dtype") != config::to_string(dtype)) source.fail("dtype");
  if (piece.begin > INT64_MAX - piece.count) source.fail("begin");
  return piece;
}

ShardFile parse_file(const Member& source, config::Dtype dtype, const std::string& where) {
  ShardFile file;
  file.name = source.text("name");
  if (file.name.find('/') != std::string::npos) source.fail("name");
  file.num_bytes = source.integer("bytes", 1);
  file.hash = source.text("hash");
  for (const json& piece : source.list("pieces")) {
    file.pieces.push_back(parse_piece(Member(piece, where + ", pieces: "), dtype));
  }
  return file;
}

config::Dtype parse_dtype(const Member& source) {
  if (const auto dtype = find_named<config::Dtype>(source.text("dtype"))) return *dtype;
  source.fail("dtype");
}

// Number of elements that the pieces of one quantity of one parameter hold, each once.
std::int64_t covered_elements(std::vector<const SavedPiece*> pieces, const std::string& path) {
  std::ranges::sort(pieces, {}, &SavedPiece::begin);
  std::int64_t end = 0;
  for (const SavedPiece* piece : pieces) {
    if (piece->begin != end) {
      throw Error(
          "'{}': {} of '{}' has no or two values from element {} on; resume from another "
          "checkpoint",
          path, to_string(piece->quantity), piece->parameter, std::min(end, piece->begin));
    }
    end += piece->count;
  }
  return end;
}

void check_cover(const Manifest& manifest, const std::string& path) {
  std::map<std::string, std::map<Quantity, std::vector<const SavedPiece*>>> pieces;
  for (const ShardFile& file : manifest.files) {
    for (const SavedPiece& piece : file.pieces) {
      pieces[piece.parameter][piece.quantity].push_back(&piece);
    }
  }
  for (auto& [parameter, quantities] : pieces) {
    std::vector<std::int64_t> counts;
    for (const Quantity quantity : kQuantities) {
      counts.push_back(covered_elements(quantities[quantity], path));
    }
    if (counts[0] == counts[1] && counts[0] == counts[2]) continue;
    throw Error("'{}': '{}' has {} values but moments of {} and {}; resume from another checkpoint",
                path, parameter, counts[0], counts[1], counts[2]);
  }
}

Manifest parse_content(const Member& content, const std::string& path) {
  Manifest manifest;
  manifest.step = content.integer("step", 1);
  const Member data = content.object("data");
  manifest.next_data_step = data.integer("next_step", 1);
  manifest.micro_batches_per_step = data.integer("micro_batches_per_step", 1);
  manifest.dtype = parse_dtype(content);
  const Member cell = content.object("cell");
  for (const auto& [name, value] : cell.value().items()) {
    manifest.cell.emplace_back(name, cell.text(name.c_str()));
  }
  for (const json& file : content.list("files")) {
    const std::string where = fmt::format("'{}': files[{}]", path, manifest.files.size());
    manifest.files.push_back(parse_file(Member(file, where + ": "), manifest.dtype, where));
  }
  if (manifest.files.empty()) content.fail("files");
  check_cover(manifest, path);
  return manifest;
}

}  // namespace

std::string SavedPiece::tensor_name() const {
  return fmt::format("{}:{}[{}:{}]", to_string(quantity), parameter, begin, begin + count);
}

std::string to_json(const Manifest& manifest) {
  json cell = json::object();
  for (const auto& [name, value] : manifest.cell) cell[name] = value;
  json files = json::array();
  for (const ShardFile& file : manifest.files) files.push_back(json_of(file, manifest.dtype));
  const json content = {
      {"step", manifest.step},
      {"dtype", config::to_string(manifest.dtype)},
      {"data",
       {{"next_step", manifest.next_data_step},
        {"micro_batches_per_step", manifest.micro_batches_per_step}}},
      // Nothing to store, and worth saying so: the seed is cell.seed.
      {"random_state", "none: every random number is a hash of seed, name or step, and index"},
      {"learning_rate_schedule", "constant: cell.learning_rate"},
      {"cell", std::move(cell)},
      {"files", std::move(files)}};
  const json document = {{"format", kFormat},
                         {"format_version", kFormatVersion},
                         {"content", content},
                         {"content_hash", hash_of_content(content)}};
  return document.dump(1) + "\n";
}

std::string to_json(const ShardFile& file, config::Dtype dtype) {
  return json_of(file, dtype).dump();
}

ShardFile parse_shard_file(const std::string& text, config::Dtype dtype) {
  const std::string where = "a rank's file";
  const json document = parse_object(text, where);
  return parse_file(Member(document, where + ": "), dtype, where);
}

Manifest parse_manifest(const std::string& text, const std::string& path) {
  const json document = parse_object(text, fmt::format("'{}'", path));
  const Member member(document, fmt::format("'{}': ", path));
  if (!document.contains("format") || document["format"] != kFormat) {
    throw Error(
        "'{}' belongs to no checkpoint of moebench; let resume_from name a folder step_<k> "
        "that moebench wrote, or the folder around it",
        path);
  }
  const std::int64_t version = member.integer("format_version", 0);
  if (version != kFormatVersion) {
    throw Error(
        "'{}' has format version {}, this build reads {}; resume with the version of "
        "moebench that wrote it",
        path, version, kFormatVersion);
  }
  const Member content = member.object("content");
  if (member.text("content_hash") != hash_of_content(content.value())) {
    throw Error(
        "'{}' was altered or damaged: its content does not have the hash it states; copy "
        "the checkpoint again, or resume from another one",
        path);
  }
  return parse_content(content, path);
}

void check_continues(const Manifest& manifest, const config::CellConfig& cell,
                     const std::string& path) {
  const auto differing = config::disagreements(manifest.cell, cell);
  if (!differing.empty()) {
    throw Error(
        "checkpoint '{}' was trained with {}; give the cell the same, or leave out "
        "resume_from",
        path, fmt::join(differing, ", "));
  }
  const std::int64_t expected = manifest.micro_batches_per_step;
  if (config::micro_batches_per_step(cell) == expected) return;
  throw Error(
      "a step of checkpoint '{}' trains {} micro-batches, one of this cell {} ranks x {} "
      "micro-steps; choose ranks and grad_accumulation so that their product is {}",
      path, expected, cell.ranks, cell.grad_accumulation, expected);
}

}  // namespace moebench::checkpoint
