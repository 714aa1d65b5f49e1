#include "harness/base/json.h"

#include <algorithm>
#include <iterator>
#include <set>
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
std::string reason_of(const Json::exception& error, std::string_view rest) {
  const std::string message = error.what();
  const std::size_t column = message.find(", column ");
  const std::size_t colon = message.find(": ", column == std::string::npos ? 0 : column);
  std::string reason = column == std::string::npos ? message : message.substr(colon + 2);
  const bool is_python = rest.starts_with("NaN") || rest.starts_with("Infinity");
  return reason + (is_python ? "; JSON has no NaN and no Infinity: write a number" : "");
}

// The keys around the place, outermost first, and those that their objects have had.
class OpenObjects {
 public:
  void open() { objects_.push_back({}); }
  void close() { objects_.pop_back(); }
  // False where the object has had it.
  bool add(const std::string& key) {
    objects_.back().last = key;
    return objects_.back().seen.insert(key).second;
  }
  std::string path() const {
    std::string path;
    for (const Object& object : objects_) path += (path.empty() ? "" : "/") + object.last;
    return path;
  }

 private:
  struct Object {
    std::set<std::string> seen = {};
    std::string last = {};
  };
  std::vector<Object> objects_;
};

}  // namespace

nlohmann::json parse_object(const std::string& text, const std::string& where, KeyLines* lines) {
  refuse_lfs_pointer(text, where);
  const char* const end = text.data() + text.size();
  ReadingPlace place(text.data());
  OpenObjects objects;
  const auto visit = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) objects.open();
    if (event == Json::parse_event_t::object_end) objects.close();
    if (event != Json::parse_event_t::key) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    if (!objects.add(key)) {
      throw Error("{}:{}: key '{}' appears twice; write the file again", where, place.line(), key);
    }
    if (lines != nullptr) lines->emplace(objects.path(), place.line());
    return true;
  };
  Json document;
  try {
    document = Json::parse(PlacedIterator(text.data(), place), PlacedIterator(end, place), visit);
  } catch (const Json::exception& error) {
    const char* const last = std::max(place.at - 1, text.data());
    throw Error("{}:{}: no well-formed JSON (column {}: {}); copy or download the file again",
                where, place.line(), place.column(), reason_of(error, {last, end}));
  }
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
