#include "harness/outer/frames.h"

#include "harness/base/check.h"
#include "harness/base/error.h"

namespace moebench::outer {
namespace {

constexpr std::size_t kHeader = 5;
constexpr std::string_view kKinds = "hwrsqcgoexnd";

}  // namespace

std::string encoded(const Frame& frame) {
  MOEBENCH_CHECK(frame.body.size() <= kMaxBody);
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) {
    bytes += static_cast<char>((frame.body.size() >> shift) & 0xff);
  }
  bytes += static_cast<char>(frame.kind);
  return bytes + frame.body;
}

std::optional<Frame> FrameReader::next() {
  if (bytes_.size() < kHeader) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes_[i]);
  const char kind = bytes_[4];
  if (size > kMaxBody || kKinds.find(kind) == std::string_view::npos) {
    throw Error("what has arrived is not of moebench");
  }
  if (bytes_.size() < kHeader + size) return std::nullopt;
  Frame frame{static_cast<Kind>(kind), bytes_.substr(kHeader, size)};
  bytes_.erase(0, kHeader + size);
  return frame;
}

}  // namespace moebench::outer
