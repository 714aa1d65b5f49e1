#include "harness/base/json.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "harness/base/error.h"

namespace moebench {
namespace {

using Json = nlohmann::json;

// Says how far a text has been read.
class ReadingPlace {
 public:
  explicit ReadingPlace(const char* begin) : at(begin), counted_(begin), line_begin_(begin) {}

  // These return the place of the last character that was read.
  int line() {
    const char* last = at == counted_ ? at : at - 1;
    for (; counted_ < last; ++counted_) {
      if (*counted_ != '\n') continue;
      ++line_;
      line_begin_ = counted_ + 1;
    }
    return line_;
  }
  std::ptrdiff_t column() {
    line();
    return std::max<std::ptrdiff_t>(at - line_begin_, 1);
  }

  const char* at;

 private:
  const char* counted_;
  const char* line_begin_;
  int line_ = 1;
};

// Reads a text and says how far it got, which the parser tells in its errors only.
class PlacedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  PlacedIterator(const char* at, ReadingPlace& place) : at_(at), place_(&place) {}
  reference operator*() const { return *at_; }
  PlacedIterator& operator++() {
    place_->at = ++at_;
    return *this;
  }
  PlacedIterator operator++(int) {
    PlacedIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const PlacedIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  ReadingPlace* place_;
};

// Returns what follows "parse error at line 1, column 2: " in the parser's message. `rest` begins
// with the last character that was read.
std::string reason_of(const std::string& message, std::string_view rest) {
  const std::size_t column = message.find(", column ");
  const std::size_t colon = message.find(": ", column == std::string::npos ? 0 : column);
  std::string reason = column == std::string::npos ? message : message.substr(colon + 2);
  const bool is_python = rest.starts_with("NaN") || rest.starts_with("Infinity");
  return reason + (is_python ? "; JSON has no NaN and no Infinity: write a number" : "");
}

// Builds a document of what the parser tells. The library's own way to see keys while it builds
// looks at all members of an object again whenever one that is an object ends: a header of many
// tensors takes the square of their number.
class DocumentBuilder : public Json::json_sax_t {
 public:
  DocumentBuilder(const std::string& where, ReadingPlace& place, KeyLines* lines)
      : where_(where), place_(place), lines_(lines) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // in no text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& members = open_.back().value->get_ref<Json::object_t&>();
    const auto [member, is_new] = members.try_emplace(name, nullptr);
    if (!is_new) {
      throw Error("{}:{}: key '{}' appears twice; write the file again", where_, place_.line(),
                  name);
    }
    open_.back().member = &member->second;
    if (lines_ == nullptr) return true;
    open_.back().key = name;
    lines_->emplace(path(), place_.line());
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    failure_ = error.what();
    return false;
  }

  const std::string& failure() const { return failure_; }  // the parser's message
  Json take() { return std::move(document_); }

 private:
  struct Open {
    Json* value;
    Json* member = nullptr;  // of an object: the value of the key that was read last
    std::string key = {};
  };

  template <typename T>
  bool put(T&& value) {
    add(std::forward<T>(value));
    return true;
  }
  bool open(Json value) {
    open_.push_back({&add(std::move(value))});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  template <typename T>
  Json& add(T&& value) {
    if (open_.empty()) return document_ = Json(std::forward<T>(value));
    const Open& around = open_.back();
    if (around.member != nullptr) return *around.member = Json(std::forward<T>(value));
    auto& items = around.value->template get_ref<Json::array_t&>();
    return items.emplace_back(std::forward<T>(value));
  }

  // The keys that lead to the one that was read last, outermost first.
  std::string path() const {
    std::string path;
    for (const Open& around : open_) {
      if (around.member != nullptr) path += (path.empty() ? "" : "/") + around.key;
    }
    return path;
  }

  const std::string& where_;
  ReadingPlace& place_;
  KeyLines* lines_;
  std::vector<Open> open_;
  std::string failure_;
  Json document_;
};

}  // namespace

nlohmann::json parse_object(const std::string& text, const std::string& where, KeyLines* lines) {
  refuse_lfs_pointer(text, where);
  const char* const end = text.data() + text.size();
  ReadingPlace place(text.data());
  DocumentBuilder builder(where, place, lines);
  if (!Json::sax_parse(PlacedIterator(text.data(), place), PlacedIterator(end, place), &builder)) {
    const char* const last = std::max(place.at - 1, text.data());
    throw Error("{}:{}: no well-formed JSON (column {}: {}); copy or download the file again",
                where, place.line(), place.column(), reason_of(builder.failure(), {last, end}));
  }
  Json document = builder.take();
  if (!document.is_object()) throw Error("{}: no JSON object; is this the right file?", where);
  return document;
}

void refuse_lfs_pointer(std::string_view begin, const std::string& where) {
  if (!begin.starts_with("version https://git-lfs")) return;
  throw Error(
      "{} is a pointer that git-lfs left in place of the file; fetch the file itself with 'git lfs "
      "pull' in its folder",
      where);
}

}  // namespace moebench
