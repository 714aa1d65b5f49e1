#include "harness/data/text.h"

#include <algorithm>

#include "harness/data/input_file.h"

namespace moebench::data {
namespace {

void append_with_newlines(std::string_view bytes, std::string& text) {
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < bytes.size(); begin = end + 1) {
    end = std::min(bytes.find('\r', begin), bytes.size());
    text.append(bytes.substr(begin, end - begin));
    const bool is_alone = end + 1 >= bytes.size() || bytes[end + 1] != '\n';
    if (end < bytes.size() && is_alone) text += '\n';
  }
}

}  // namespace

std::string read_text(const config::DataConfig& data) {
  std::string text;
  for (const MappedFile& file : map_files(data.files, "text")) {
    const auto* const bytes = reinterpret_cast<const char*>(file.bytes().data());
    append_with_newlines({bytes, file.bytes().size()}, text);
  }
  return text;
}

std::vector<std::string_view> split_text(std::string_view text, const config::DataConfig& data) {
  std::string delimiter;
  append_with_newlines(data.delimiter, delimiter);
  if (delimiter.empty()) return {text};
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(delimiter, begin), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end + delimiter.size();
  }
  return pieces;
}

}  // namespace moebench::data
