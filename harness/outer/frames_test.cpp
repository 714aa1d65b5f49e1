#include "harness/outer/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace moebench::outer {
namespace {

TEST(FramesTest, ComeOutAsTheyWentInWhateverThePieces) {
  const std::string body = std::string("a\0b\n", 4) + std::string(300, 'x');
  const std::string bytes =
      encoded({Kind::kOutput, body}) + encoded({Kind::kExit, "3"}) + encoded({Kind::kGo, ""});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.add(std::string_view(bytes).substr(at, piece));
      while (auto frame = reader.next()) frames.push_back(*frame);
    }
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].kind, Kind::kOutput);
    EXPECT_EQ(frames[0].body, body);
    EXPECT_EQ(frames[1].body, "3");
    EXPECT_EQ(frames[2].kind, Kind::kGo);
  }
}

TEST(FramesTest, RefusesWhatIsNone) {
  for (const std::string text : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n"}) {
    FrameReader reader;
    reader.add(text);
    EXPECT_THROW(reader.next(), Error) << text;
  }
  FrameReader reader;
  reader.add(std::string("\0\0\0\1?", 5));
  EXPECT_THROW(reader.next(), Error) << "before the body has come";
}

}  // namespace
}  // namespace moebench::outer
