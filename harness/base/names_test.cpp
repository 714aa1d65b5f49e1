#include "harness/base/names.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace moebench {
namespace {

enum class Colour { kRed, kGreen, kBlue2 };
constexpr auto names_of(Colour) {
  return name_table<Colour>(
      {{Colour::kRed, "red"}, {Colour::kGreen, "green"}, {Colour::kBlue2, "blue"}});
}

TEST(Names, ArePrintedListedAndRead) {
  static_assert(kNumNames<Colour> == 3);
  EXPECT_STREQ(to_string(Colour::kBlue2), "blue");
  EXPECT_EQ(names<Colour>(), (std::vector<std::string>{"red", "green", "blue"}));
  for (const Colour value : kValues<Colour>) EXPECT_EQ(find_named<Colour>(to_string(value)), value);
  EXPECT_EQ(find_named<Colour>("Red"), std::nullopt);
  EXPECT_EQ(parse_name<Colour>("green", "colour"), Colour::kGreen);
}

TEST(Names, AnUnknownOneIsAnErrorThatListsThem) {
  try {
    parse_name<Colour>("violet", "colour");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "unknown colour 'violet'; use red, green or blue");
  }
}

// A table's completeness rests on this: a new enumerator without a row does not compile.
TEST(Names, AValueWithoutEnumeratorIsKnownAsSuch) {
  EXPECT_TRUE(names_internal::is_enumerator<Colour::kRed>());
  EXPECT_TRUE(names_internal::is_enumerator<Colour::kBlue2>());
  EXPECT_FALSE(names_internal::is_enumerator<static_cast<Colour>(3)>());
}

TEST(NamesDeathTest, AValueWithoutEnumeratorIsNotPrinted) {
  EXPECT_DEATH(to_string(static_cast<Colour>(3)), "index < kNumNames");
}

}  // namespace
}  // namespace moebench
