#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace moebench {

// Memory for bytes that are written before they are read, such as messages of changing sizes. It
// never shrinks and is never filled with zeros: a std::vector that is resized down and up again
// clears the difference every time.
class ScratchBuffer {
 public:
  // Room for `bytes`, which hold whatever was there before. Only a size beyond all earlier ones
  // allocates, and so moves them.
  std::byte* take(std::int64_t bytes) {
    if (bytes > capacity_) {
      data_.reset();  // first: the two together might not fit
      data_ = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(bytes));
      capacity_ = bytes;
    }
    return data_.get();
  }

  std::byte* data() { return data_.get(); }
  std::int64_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::int64_t capacity_ = 0;
};

}  // namespace moebench
