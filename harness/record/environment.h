#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace moebench::record {

// What surrounded a run, as names and texts in the order of the names. A map whose copies share
// their entries until one of them changes: thousands of records have the same.
class Environment {
 public:
  using Map = std::map<std::string, std::string>;
  using key_type = Map::key_type;
  using mapped_type = Map::mapped_type;
  using value_type = Map::value_type;
  using const_iterator = Map::const_iterator;
  using iterator = const_iterator;  // what it points to does not change in place

  Environment() = default;
  Environment(std::initializer_list<value_type> entries) : Environment(Map(entries)) {}
  template <typename Iterator>
  Environment(Iterator begin, Iterator end) : Environment(Map(begin, end)) {}
  explicit Environment(Map entries) : entries_(std::make_shared<Map>(std::move(entries))) {}

  const_iterator begin() const { return entries().begin(); }
  const_iterator end() const { return entries().end(); }
  const_iterator find(const std::string& name) const { return entries().find(name); }
  // The first entry that is not before `name`.
  const_iterator lower_bound(const std::string& name) const { return entries().lower_bound(name); }
  const std::string& at(const std::string& name) const { return entries().at(name); }
  bool contains(const std::string& name) const { return entries().contains(name); }
  std::size_t count(const std::string& name) const { return entries().count(name); }
  std::size_t size() const { return entries().size(); }
  bool empty() const { return entries().empty(); }

  // These change this copy alone, and iterators become invalid.
  std::string& operator[](const std::string& name) { return own()[name]; }
  std::pair<const_iterator, bool> emplace(std::string name, std::string text) {
    return own().emplace(std::move(name), std::move(text));
  }
  std::pair<const_iterator, bool> insert(value_type entry) {
    return own().insert(std::move(entry));
  }
  template <typename Iterator>
  void insert(Iterator begin, Iterator end) {
    own().insert(begin, end);
  }
  void merge(const Environment& other) { own().insert(other.begin(), other.end()); }
  std::size_t erase(const std::string& name) { return own().erase(name); }
  void clear() { entries_.reset(); }

  bool operator==(const Environment& other) const {
    return entries_ == other.entries_ || entries() == other.entries();
  }

 private:
  const Map& entries() const {
    static const Map none;
    return entries_ ? *entries_ : none;
  }
  Map& own() {
    if (!entries_ || entries_.use_count() > 1) entries_ = std::make_shared<Map>(entries());
    return *entries_;
  }

  std::shared_ptr<Map> entries_;  // null: none
};

// The entry of that name, empty where there is none.
inline std::string fact(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace moebench::record
