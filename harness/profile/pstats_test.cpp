#include "harness/profile/pstats.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "harness/base/file.h"

namespace moebench::profile {
namespace {

using measure::Phase;

CallTable example() {
  return {{{Phase::kExperts, "", ""}, {4, 4, 1'000'000'000, 6'000'000'000}},
          {{Phase::kExperts, "aten::linear", ""}, {2, 2, 500'000'000, 5'000'000'000}},
          {{Phase::kExperts, "aten::mm", "aten::linear"}, {3, 3, 4'500'000'000, 4'500'000'000}},
          {{Phase::kLoss, "aten::mm", ""}, {32, 30, 2'000'000'000, 2'000'000'000}}};
}

TEST(Pstats, IsAMarshalledDictionary) {
  const std::string bytes = to_pstats({}, 0);
  // {("moebench", 0, "step"): (0, 0, 0.0, 0.0, {})}
  using namespace std::string_literals;
  const std::string expected = "{(\3\0\0\0"s + "u\10\0\0\0moebench"s + "i\0\0\0\0"s +
                               "u\4\0\0\0step"s + "(\5\0\0\0"s + "i\0\0\0\0"s + "i\0\0\0\0"s +
                               "g\0\0\0\0\0\0\0\0"s + "g\0\0\0\0\0\0\0\0"s + "{0"s + "0"s;
  EXPECT_EQ(bytes, expected);
}

// Python itself loads it, where there is one.
TEST(Pstats, LoadsInPython) {
  if (std::system("python3 -c 'import pstats' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "no python3 with its standard library here";
  }
  const auto folder = std::filesystem::temp_directory_path();
  const auto file = folder / "moebench_pstats_test.pstats";
  const auto script = folder / "moebench_pstats_test.py";
  write_file_atomically(file, to_pstats(example(), 2));
  write_file_atomically(script, R"(
import pstats, sys
stats = pstats.Stats(sys.argv[1])
mm = stats.stats[("~", 0, "aten::mm")]
assert mm[:4] == (33, 35, 6.5, 6.5), mm
assert mm[4] == {("~", 0, "aten::linear"): (3, 3, 4.5, 4.5),
                 ("moebench", 0, "loss"): (32, 30, 2.0, 2.0)}, mm[4]
step = stats.stats[("moebench", 0, "step")]
assert step == (2, 2, 0.0, 8.0, {}), step
assert stats.stats[("moebench", 0, "experts")][:4] == (4, 4, 1.0, 6.0)
assert stats.total_calls == 2 + 4 + 2 + 35, stats.total_calls
assert stats.total_tt == 8.0, stats.total_tt
stats.sort_stats("tottime").print_stats()
)");
  EXPECT_EQ(std::system(("python3 " + script.string() + " " + file.string()).c_str()), 0);
  std::filesystem::remove(file);
  std::filesystem::remove(script);
}

}  // namespace
}  // namespace moebench::profile
