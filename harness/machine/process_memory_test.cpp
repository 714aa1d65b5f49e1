#include "harness/machine/process_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace moebench::machine {
namespace {

constexpr std::int64_t kBytes = 64 << 20;

TEST(ProcessMemory, CoversWhatWasTouched) {
  const std::vector<char> touched(kBytes, 1);
  ASSERT_TRUE(rss_bytes().has_value() && peak_rss_bytes().has_value());
  EXPECT_GT(*rss_bytes(), kBytes);
  EXPECT_GE(*peak_rss_bytes(), *rss_bytes() - kBytes / 8);
}

TEST(ProcessMemory, FreedMemoryGoesBack) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps freed memory back by design";
#endif
  std::vector<std::vector<char>> blocks(4096, std::vector<char>(kBytes / 4096, 1));
  const std::int64_t before = rss_bytes().value();
  // The last block stays, so that the heap cannot simply shrink at its end.
  blocks.erase(blocks.begin(), blocks.end() - 1);
  return_freed_memory();
  EXPECT_LT(rss_bytes().value(), before - kBytes / 2);
  EXPECT_GE(peak_rss_bytes().value(), before - kBytes / 8);
}

TEST(ProcessMemory, PeakStartsAnew) {
  { const std::vector<char> touched(kBytes, 1); }
  return_freed_memory();
  if (!reset_peak_rss()) GTEST_SKIP() << "the system does not let a process reset its peak";
  EXPECT_LT(peak_rss_bytes().value(), rss_bytes().value() + kBytes / 2);
}

}  // namespace
}  // namespace moebench::machine
