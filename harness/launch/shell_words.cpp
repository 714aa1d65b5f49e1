#include "harness/launch/shell_words.h"

#include <string_view>

#include "harness/base/error.h"

namespace moebench::launch {
namespace {

class Splitter {
 public:
  Splitter(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  std::vector<std::string> split() {
    while (!text_.empty()) {
      const char c = take();
      if (c == ' ' || c == '\t' || c == '\n') {
        end_word();
      } else if (c == '\'') {
        word() += quoted_by('\'');
      } else if (c == '"') {
        word() += quoted_by('"');
      } else {
        word() += c == '\\' ? take() : c;
      }
    }
    end_word();
    return std::move(words_);
  }

 private:
  char take() {
    if (text_.empty()) throw Error("{}: '\\' at the end quotes nothing; remove it", source_);
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }

  // Up to the closing mark. Within "..." a \ quotes the marks that it must, and stays elsewhere.
  std::string quoted_by(char mark) {
    std::string part;
    while (!text_.empty() && text_.front() != mark) {
      const char c = take();
      const bool escapes = mark == '"' && c == '\\' && !text_.empty() &&
                           std::string_view("\"\\$`").find(text_.front()) != std::string::npos;
      part += escapes ? take() : c;
    }
    if (text_.empty())
      throw Error("{}: a {} is not closed; close it, or write \\{}", source_, mark, mark);
    take();
    return part;
  }

  std::string& word() {
    in_word_ = true;
    return word_;
  }
  void end_word() {
    if (in_word_) words_.push_back(word_);
    word_.clear();
    in_word_ = false;
  }

  std::string_view text_;
  const std::string& source_;
  std::string word_;
  bool in_word_ = false;  // '' is a word too
  std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> split_shell_words(const std::string& text, const std::string& source) {
  return Splitter(text, source).split();
}

std::string joined_shell_words(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%";
  std::string line;
  for (const std::string& word : words) {
    const bool is_plain = !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
    line += (line.empty() ? "" : " ") + (is_plain ? word : shell_quoted(word));
  }
  return line;
}

std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace moebench::launch
