#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/base/output_file.h"
#include "harness/config/cell.h"
#include "harness/weights/raw_file.h"

// The safetensors format: 8 bytes header length (little endian), a JSON header {name: {dtype,
// shape, data_offsets}, "__metadata__": {text: text}}, then the tensors' bytes without gaps.
// Elements are little endian, as this code's hosts are.
namespace moebench::weights {

struct TensorInfo {
  std::string dtype;  // as in the header: "BF16", "F32", ...
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;  // of its first byte in the file
  std::int64_t num_bytes = 0;
};

// "[2, 3]".
std::string to_string(const std::vector<std::int64_t>& shape);

// Parses the JSON header; offsets in the result count from the start of the file, where the data
// begin at `data_offset` and the file ends at `file_size`. Error names `path` and what is wrong.
std::map<std::string, TensorInfo> parse_safetensors_header(const std::string& json,
                                                           std::int64_t data_offset,
                                                           std::int64_t file_size,
                                                           const std::string& path);

class SafetensorsReader {
 public:
  // Reads and checks the header alone. Error names the file and what is wrong with it.
  explicit SafetensorsReader(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const InputFile& file() const { return file_; }

  // Tells whether read() converts this dtype: see convert.h.
  static bool can_convert(const std::string& dtype);

  // Elements [begin, begin + out.size()) of a tensor in row-major order, as fp32. The tensor exists
  // and holds the range.
  void read(const std::string& tensor, std::int64_t begin, std::span<float> out) const;

  // Bytes of a tensor as the file stores them, from byte `begin` of it on.
  void read_stored(const std::string& tensor, std::int64_t begin, std::span<std::byte> out) const;

 private:
  std::filesystem::path path_;
  InputFile file_;
  std::map<std::string, TensorInfo> tensors_;
};

struct NamedShape {
  std::string name;
  std::vector<std::int64_t> shape;
};

using config::element_bytes;

// Writes the tensors one after the other, in blocks of any size. The file appears at commit().
class SafetensorsWriter {
 public:
  // Sees every byte of the file, in order.
  using Observer = std::function<void(std::span<const std::byte>)>;

  SafetensorsWriter(const std::filesystem::path& path, const std::vector<NamedShape>& tensors,
                    config::Dtype dtype, Observer observer = {});

  // The next elements; bf16 rounds to nearest, ties to even.
  void append(std::span<const float> values);

  // The next elements as the file stores them.
  void append_stored(std::span<const std::byte> bytes);

  // All elements were appended.
  void commit();

 private:
  void write(std::span<const std::byte> bytes);

  OutputFile file_;
  config::Dtype dtype_;
  Observer observer_;
  std::int64_t missing_bytes_ = 0;
};

}  // namespace moebench::weights
