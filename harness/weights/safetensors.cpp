#include "harness/weights/safetensors.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/base/bfloat16.h"
#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/weights/convert.h"

namespace moebench::weights {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::int64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own bound
constexpr std::int64_t kPointerBytes = 64;              // enough to know one of git-lfs
constexpr std::int64_t kBlockElements = 1 << 16;

std::map<std::string, TensorInfo> read_header(const InputFile& file, const std::string& path) {
  std::string begin(static_cast<std::size_t>(std::min(file.size(), kPointerBytes)), '\0');
  file.read(0, std::as_writable_bytes(std::span(begin)));
  refuse_lfs_pointer(begin, fmt::format("'{}'", path));
  std::uint64_t length = 0;
  if (file.size() < kLengthBytes) {
    throw Error("'{}' has {} bytes, too few for a safetensors file; copy or download it again",
                path, file.size());
  }
  file.read(0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > kMaxHeaderBytes) {
    throw Error("'{}' is no safetensors file: its header would have {} bytes, the format allows {}",
                path, length, kMaxHeaderBytes);
  }
  const std::int64_t data_offset = kLengthBytes + static_cast<std::int64_t>(length);
  if (data_offset > file.size()) {
    throw Error(
        "'{}' is truncated: its header has {} bytes, the file {}; copy or download it again", path,
        length, file.size());
  }
  std::string json(length, '\0');
  file.read(kLengthBytes, std::as_writable_bytes(std::span(json)));
  if (!json.starts_with('{')) {
    throw Error("'{}' is no safetensors file: its header does not begin with '{{'", path);
  }
  return parse_safetensors_header(json, data_offset, file.size(), path);
}

std::int64_t bytes_of(const NamedShape& tensor, config::Dtype dtype) {
  std::int64_t bytes = element_bytes(dtype);
  for (std::int64_t extent : tensor.shape) bytes *= extent;
  return bytes;
}

// Padded with spaces so that the data begin at a multiple of 8.
std::string header_text(const std::vector<NamedShape>& tensors, config::Dtype dtype) {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "pt"}};
  std::int64_t offset = 0;
  for (const NamedShape& tensor : tensors) {
    const std::int64_t end = offset + bytes_of(tensor, dtype);
    header[tensor.name] = {{"dtype", to_string(stored_type(dtype))},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

SafetensorsReader::SafetensorsReader(const std::filesystem::path& path)
    : path_(path), file_(path), tensors_(read_header(file_, path.string())) {}

bool SafetensorsReader::can_convert(const std::string& dtype) {
  return source_type(dtype).has_value();
}

void SafetensorsReader::read(const std::string& tensor, std::int64_t begin,
                             std::span<float> out) const {
  const auto found = tensors_.find(tensor);
  MOEBENCH_CHECK(found != tensors_.end() && can_convert(found->second.dtype));
  const SourceType type = *source_type(found->second.dtype);
  const std::int64_t width = element_bytes(type);
  MOEBENCH_CHECK(begin >= 0 && begin + std::ssize(out) <= found->second.num_bytes / width);
  std::int64_t offset = found->second.offset + begin * width;
  if (is_same(type, config::Dtype::kFp32)) {
    file_.read(offset, std::as_writable_bytes(out));
    return;
  }
  std::vector<std::byte> block;
  while (!out.empty()) {
    const auto part =
        out.first(static_cast<std::size_t>(std::min(std::ssize(out), kBlockElements)));
    block.resize(part.size() * static_cast<std::size_t>(width));
    file_.read(offset, block);
    convert(type, block.data(), config::Dtype::kFp32, part.data(), std::ssize(part));
    out = out.subspan(part.size());
    offset += std::ssize(block);
  }
}

void SafetensorsReader::read_stored(const std::string& tensor, std::int64_t begin,
                                    std::span<std::byte> out) const {
  const TensorInfo& info = tensors_.at(tensor);
  MOEBENCH_CHECK(begin >= 0 && begin + std::ssize(out) <= info.num_bytes);
  file_.read(info.offset + begin, out);
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     const std::vector<NamedShape>& tensors, config::Dtype dtype,
                                     Observer observer)
    : file_(path), dtype_(dtype), observer_(std::move(observer)) {
  for (const NamedShape& tensor : tensors) missing_bytes_ += bytes_of(tensor, dtype);
  const std::string header = header_text(tensors, dtype);
  const std::uint64_t length = header.size();
  write(std::as_bytes(std::span(&length, 1)));
  write(std::as_bytes(std::span(header)));
}

void SafetensorsWriter::append(std::span<const float> values) {
  if (dtype_ == config::Dtype::kFp32) {
    append_stored(std::as_bytes(values));
    return;
  }
  std::vector<Bfloat16> rounded(values.size());
  std::transform(values.begin(), values.end(), rounded.begin(), from_float<Bfloat16>);
  append_stored(std::as_bytes(std::span(rounded)));
}

void SafetensorsWriter::append_stored(std::span<const std::byte> bytes) {
  missing_bytes_ -= std::ssize(bytes);
  MOEBENCH_CHECK(missing_bytes_ >= 0);
  write(bytes);
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  file_.append(bytes);
  if (observer_) observer_(bytes);
}

void SafetensorsWriter::commit() {
  MOEBENCH_CHECK(missing_bytes_ == 0);
  file_.commit();
}

}  // namespace moebench::weights
