#include "harness/launch/display_line.h"

#include <gtest/gtest.h>

namespace moebench::launch {
namespace {

const DisplayLine kWholeLine = {.head = "| [3/8]",
                                .name = "fsdp · grouped",
                                .phase = "steps 3/10",
                                .rate = "812 tokens/s",
                                .elapsed = "1:12",
                                .left = "0:40 left"};

TEST(DisplayLine, LosesItsPartsFromTheNameOn) {
  EXPECT_EQ(fit(kWholeLine, 200),
            "| [3/8] fsdp · grouped  steps 3/10  812 tokens/s  1:12, 0:40 left");
  EXPECT_EQ(fit(kWholeLine, 65), fit(kWholeLine, 200));
  EXPECT_EQ(fit(kWholeLine, 64),
            "| [3/8] fsdp · group…  steps 3/10  812 tokens/s  1:12, 0:40 left");
  EXPECT_EQ(fit(kWholeLine, 62), "| [3/8] fsdp · grouped  steps 3/10  1:12, 0:40 left");
  EXPECT_EQ(fit(kWholeLine, 45), "| [3/8] fsdp · …  steps 3/10  1:12, 0:40 left");
  EXPECT_EQ(fit(kWholeLine, 44), "| [3/8] fsdp · group…  steps 3/10  0:40 left");
  EXPECT_EQ(fit(kWholeLine, 38), "| [3/8] fsdp ·…  steps 3/10  0:40 left");
  EXPECT_EQ(fit(kWholeLine, 31), "| [3/8]  steps 3/10  0:40 left");
  EXPECT_EQ(fit(kWholeLine, 24), "steps 3/10  0:40 left");
  EXPECT_EQ(fit(kWholeLine, 8), "steps 3/");
}

TEST(DisplayLine, TakesNoMoreThanItsWidth) {
  for (std::size_t width = 1; width < 80; ++width) {
    EXPECT_LE(num_columns(fit(kWholeLine, width)), width);
  }
}

TEST(DisplayLine, PartsThatAreNotThereTakeNoRoom) {
  EXPECT_EQ(fit({.head = "/ [1/4]", .name = "ep", .phase = "start", .elapsed = "0:00"}, 79),
            "/ [1/4] ep  start  0:00");
}

TEST(DisplayLine, ClockText) {
  EXPECT_EQ(clock_text(7.9), "0:07");
  EXPECT_EQ(clock_text(723), "12:03");
  EXPECT_EQ(clock_text(3723), "1:02:03");
}

}  // namespace
}  // namespace moebench::launch
