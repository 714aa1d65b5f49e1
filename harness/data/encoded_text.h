#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/cell.h"
#include "harness/data/input_file.h"

namespace moebench::data {

// A text as documents of token ids in one file: what the driver gives the tokenizer, where a token
// is a byte, and what ranks read. All numbers are little endian:
//   8 bytes   "moetext1"
//   16 bytes  key: what it was made of, in hexadecimal digits
//   32 bytes  who made it, padded with zeros: "tokenizers 0.23.3"
//   4 x 8     bytes of a token (1, 2 or 4), documents, tokens, the largest token
//   8 each    the end of every document, in tokens
//   the tokens
class EncodedText {
 public:
  // Error where the file is missing, none of this kind, or not whole.
  explicit EncodedText(const std::filesystem::path& path);

  std::string key() const;
  std::string encoder() const;
  std::int64_t num_documents() const { return num_documents_; }
  std::int64_t num_tokens() const { return num_tokens_; }
  std::int64_t largest_token() const { return largest_token_; }
  // Place behind a document's last token, of [0, num_documents()).
  std::int64_t document_end(std::int64_t document) const;
  std::int64_t token(std::int64_t place) const;

 private:
  std::uint64_t number(std::size_t offset, std::size_t num_bytes) const;

  MappedFile file_;
  std::size_t token_bytes_ = 0;
  std::int64_t num_documents_ = 0;
  std::int64_t num_tokens_ = 0;
  std::int64_t largest_token_ = 0;
};

// Writes documents of bytes. Error where the file cannot be written.
void write_encoded_bytes(const std::filesystem::path& path, const std::string& key,
                         const std::vector<std::string_view>& documents);

// Whether ranks read the cell's text as a tokenizer's tokens.
bool needs_encoding(const config::CellConfig& cell);

// Where they do (DataConfig::encoded), by what the cell says of its data.
std::filesystem::path encoded_text_path(const config::CellConfig& cell,
                                        const std::filesystem::path& results_folder);

}  // namespace moebench::data
