#include "harness/data/encoded_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"

namespace moebench::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "moetext1";
constexpr std::size_t kKeyAt = 8, kKeyBytes = 16;
constexpr std::size_t kEncoderAt = 24, kEncoderBytes = 32;
constexpr std::size_t kNumbersAt = 56;
constexpr std::size_t kHeaderBytes = 88;

void append_number(std::uint64_t value, std::string& out) {
  for (int byte = 0; byte < 8; ++byte) out += static_cast<char>(value >> (8 * byte) & 0xff);
}

const fs::path& existing(const fs::path& path) {
  if (fs::exists(path)) return path;
  throw Error("the text was not encoded: there is no '{}'; start the run again, which writes it",
              path.string());
}

}  // namespace

EncodedText::EncodedText(const fs::path& path) : file_(existing(path).string()) {
  const std::size_t size = file_.bytes().size();
  const auto fail = [&] {
    throw Error("'{}' is no whole file of encoded text; remove it, and start the run again",
                path.string());
  };
  if (size < kHeaderBytes || std::memcmp(file_.bytes().data(), kMagic.data(), 8) != 0) fail();
  const std::uint64_t token_bytes = number(kNumbersAt, 8);
  const std::uint64_t num_documents = number(kNumbersAt + 8, 8);
  const std::uint64_t num_tokens = number(kNumbersAt + 16, 8);
  if (token_bytes != 1 && token_bytes != 2 && token_bytes != 4) fail();
  if (num_documents > size / 8 || num_tokens > size / token_bytes) fail();
  if (size != kHeaderBytes + 8 * num_documents + token_bytes * num_tokens) fail();
  token_bytes_ = token_bytes;
  num_documents_ = static_cast<std::int64_t>(num_documents);
  num_tokens_ = static_cast<std::int64_t>(num_tokens);
  largest_token_ = static_cast<std::int64_t>(number(kNumbersAt + 24, 8));
  std::int64_t end = 0;
  for (std::int64_t i = 0; i < num_documents_; ++i) {
    if (document_end(i) < end || document_end(i) > num_tokens_) fail();
    end = document_end(i);
  }
  if (end != num_tokens_) fail();
}

std::uint64_t EncodedText::number(std::size_t offset, std::size_t num_bytes) const {
  std::uint64_t value = 0;
  for (std::size_t byte = num_bytes; byte-- > 0;) value = value << 8 | file_.bytes()[offset + byte];
  return value;
}

std::string EncodedText::key() const {
  return std::string(reinterpret_cast<const char*>(file_.bytes().data()) + kKeyAt, kKeyBytes);
}

std::string EncodedText::encoder() const {
  const auto* const text = reinterpret_cast<const char*>(file_.bytes().data()) + kEncoderAt;
  return std::string(text, ::strnlen(text, kEncoderBytes));
}

std::int64_t EncodedText::document_end(std::int64_t document) const {
  return static_cast<std::int64_t>(
      number(kHeaderBytes + 8 * static_cast<std::size_t>(document), 8));
}

std::int64_t EncodedText::token(std::int64_t place) const {
  const std::size_t begin = kHeaderBytes + 8 * static_cast<std::size_t>(num_documents_);
  return static_cast<std::int64_t>(
      number(begin + token_bytes_ * static_cast<std::size_t>(place), token_bytes_));
}

void write_encoded_bytes(const fs::path& path, const std::string& key,
                         const std::vector<std::string_view>& documents) {
  std::string content(kMagic);
  content += key.substr(0, kKeyBytes);
  content.resize(kEncoderAt, '0');
  content += "bytes";
  content.resize(kNumbersAt, '\0');
  std::uint64_t num_bytes = 0;
  for (const std::string_view document : documents) num_bytes += document.size();
  for (const std::uint64_t value :
       {std::uint64_t{1}, documents.size(), num_bytes, std::uint64_t{255}}) {
    append_number(value, content);
  }
  std::uint64_t end = 0;
  for (const std::string_view document : documents) append_number(end += document.size(), content);
  for (const std::string_view document : documents) content += document;
  write_file_atomically(path, content);
}

bool needs_encoding(const config::CellConfig& cell) {
  return cell.data.source == config::DataSource::kText && !cell.data.tokenizer.empty() &&
         cell.engine.is_builtin() && cell.measure == config::Measure::kTrain;
}

fs::path encoded_text_path(const config::CellConfig& cell, const fs::path& results_folder) {
  const config::DataConfig& data = cell.data;
  const std::string what =
      fmt::format("{}\n{}\n{}", fmt::join(data.files, "\n"), data.tokenizer, data.delimiter);
  return fs::absolute(results_folder) / "tokens" / (hash_hex(what) + ".tokens");
}

}  // namespace moebench::data
