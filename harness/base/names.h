#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "harness/base/check.h"

namespace moebench {

template <typename Enum>
struct Named {
  Enum value;
  const char* name;
};

namespace names_internal {

// GCC and Clang spell a value that has no enumerator as a cast, "(Colour)3".
template <auto value>
constexpr bool is_enumerator() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const char after_last_bracket = text[text.rfind(')') + 1];
  return after_last_bracket < '0' || after_last_bracket > '9';
}

}  // namespace names_internal

// The one table of an enum's words, from which it is printed, read from a file and offered on the
// command line. It stands below the enum, in the enum's namespace, as
//   constexpr auto names_of(Colour) {
//     return name_table<Colour>({{Colour::kRed, "red"}, {Colour::kBlue, "blue"}});
//   }
//   using moebench::to_string;
// A row that is missing or out of the enumerators' order does not compile.
template <typename Enum, std::size_t size>
consteval std::array<Named<Enum>, size> name_table(const Named<Enum> (&rows)[size]) {
#ifndef __CUDACC__  // whose front end spells values in another way
  static_assert(!names_internal::is_enumerator<static_cast<Enum>(size)>(),
                "an enumerator after the last row has no name");
#endif
  std::array<Named<Enum>, size> table{};
  for (std::size_t i = 0; i < size; ++i) {
    if (static_cast<std::size_t>(rows[i].value) != i) throw "rows stand as the enumerators do";
    table[i] = rows[i];
  }
  return table;
}

template <typename Enum>
concept NamedEnum = std::is_enum_v<Enum> && requires {
  names_of(Enum{});
};

template <NamedEnum Enum>
inline constexpr auto kNames = names_of(Enum{});

// Counts the enumerators of Enum.
template <NamedEnum Enum>
inline constexpr std::size_t kNumNames = kNames<Enum>.size();

// The enumerators in their order.
template <NamedEnum Enum>
inline constexpr auto kValues = [] {
  std::array<Enum, kNumNames<Enum>> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = kNames<Enum>[i].value;
  return values;
}();

template <NamedEnum Enum>
constexpr const char* to_string(Enum value) {
  const auto index = static_cast<std::size_t>(value);
  MOEBENCH_CHECK(index < kNumNames<Enum>);
  return kNames<Enum>[index].name;
}

template <NamedEnum Enum>
std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& row : kNames<Enum>) all.emplace_back(row.name);
  return all;
}

// Nothing where no enumerator has that name.
template <NamedEnum Enum>
constexpr std::optional<Enum> find_named(std::string_view name) {
  for (const auto& row : kNames<Enum>) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

// The message about a word that no enumerator has: "unknown launcher 'pdsh'; use mpirun or slurm".
std::string unknown_name(std::string_view what, std::string_view word,
                         const std::vector<std::string>& known);
[[noreturn]] void throw_unknown_name(std::string_view what, std::string_view word,
                                     const std::vector<std::string>& known);

// Error as above where no enumerator has the name; `what` says in it what is named.
template <NamedEnum Enum>
Enum parse_name(std::string_view name, std::string_view what) {
  if (const auto value = find_named<Enum>(name)) return *value;
  throw_unknown_name(what, name, names<Enum>());
}

}  // namespace moebench
