#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/weights/safetensors.h"

namespace moebench::weights {
namespace {

using nlohmann::json;

struct DtypeBits {
  const char* name;
  std::int64_t bits;
};
// All that the format has, whether a load converts them or not.
constexpr DtypeBits kDtypeBits[] = {
    {"BOOL", 8},        {"U8", 8},          {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8},
    {"F8_E5M2FNUZ", 8}, {"F8_E4M3FNUZ", 8}, {"F4", 4},   {"F8_E8M0", 8}, {"F6_E2M3", 6},
    {"F6_E3M2", 6},     {"U16", 16},        {"I16", 16}, {"F16", 16},    {"BF16", 16},
    {"U32", 32},        {"I32", 32},        {"F32", 32}, {"F64", 64},    {"I64", 64},
    {"U64", 64},        {"C64", 64}};

std::int64_t bits_of(const std::string& dtype, const std::string& where) {
  for (const DtypeBits& known : kDtypeBits) {
    if (dtype == known.name) return known.bits;
  }
  throw Error("{}: unknown dtype '{}'; save the tensor as F32, F16 or BF16", where, dtype);
}

// Whole numbers of at least 0, in JSON's own integer form.
std::vector<std::int64_t> whole_numbers(const json& tensor, const char* key,
                                        const std::string& where) {
  std::vector<std::int64_t> numbers;
  const auto list = tensor.find(key);
  bool ok = list != tensor.end() && list->is_array();
  for (std::size_t i = 0; ok && i < list->size(); ++i) {
    const json& item = (*list)[i];
    ok = item.is_number_unsigned() && item.get<std::uint64_t>() <= INT64_MAX;
    if (ok) numbers.push_back(item.get<std::int64_t>());
  }
  if (!ok) throw Error("{}: '{}' is no list of whole numbers; write the file again", where, key);
  return numbers;
}

// nullopt where the size overflows or is no whole number of bytes.
std::optional<std::int64_t> bytes_of(const std::vector<std::int64_t>& shape, std::int64_t bits) {
  std::int64_t total_bits = bits;
  for (std::int64_t extent : shape) {
    if (__builtin_mul_overflow(total_bits, extent, &total_bits)) return std::nullopt;
  }
  if (total_bits % 8 != 0) return std::nullopt;
  return total_bits / 8;
}

// Offsets in the result still count from the start of the data.
TensorInfo parse_tensor(const json& tensor, const std::string& where) {
  if (!tensor.is_object() || !tensor.contains("dtype") || !tensor["dtype"].is_string()) {
    throw Error("{}: no object with a dtype; write the file again", where);
  }
  TensorInfo info;
  info.dtype = tensor["dtype"];
  info.shape = whole_numbers(tensor, "shape", where);
  const auto range = whole_numbers(tensor, "data_offsets", where);
  if (range.size() != 2 || range[0] > range[1]) {
    throw Error("{}: 'data_offsets' is no range [begin, end]; write the file again", where);
  }
  info.offset = range[0];
  info.num_bytes = range[1] - range[0];
  const auto expected = bytes_of(info.shape, bits_of(info.dtype, where));
  if (expected != info.num_bytes) {
    throw Error("{}: {} of shape {} does not fill its {} bytes; write the file again", where,
                info.dtype, to_string(info.shape), info.num_bytes);
  }
  return info;
}

void check_metadata(const json& metadata, const std::string& where) {
  if (metadata.is_null()) return;
  bool ok = metadata.is_object();
  for (const auto& item : metadata) ok = ok && item.is_string();
  if (!ok) throw Error("{}: '__metadata__' is no map from text to text", where);
}

// The tensors lie one after the other and fill the data exactly.
void check_layout(const std::map<std::string, TensorInfo>& tensors, std::int64_t num_data_bytes,
                  const std::string& path) {
  std::vector<std::pair<const TensorInfo*, const std::string*>> by_offset;
  for (const auto& [name, info] : tensors) by_offset.emplace_back(&info, &name);
  std::sort(by_offset.begin(), by_offset.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->offset, a.first->num_bytes) <
           std::pair(b.first->offset, b.first->num_bytes);
  });
  std::int64_t end = 0;
  for (const auto& [info, name] : by_offset) {
    if (info->offset != end) {
      throw Error(
          "'{}': tensor '{}' begins at byte {} of the data, {} byte {}; write the file again", path,
          *name, info->offset,
          info->offset < end ? "inside the one that ends at" : "leaving a hole from", end);
    }
    end += info->num_bytes;
  }
  if (end > num_data_bytes) {
    throw Error(
        "'{}' is truncated: its header promises {} bytes of tensors, it holds {}; copy or "
        "download it again",
        path, end, num_data_bytes);
  }
  if (end < num_data_bytes) {
    throw Error("'{}' holds {} bytes that belong to no tensor; copy or download it again", path,
                num_data_bytes - end);
  }
}

}  // namespace

std::string to_string(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::map<std::string, TensorInfo> parse_safetensors_header(const std::string& text,
                                                           std::int64_t data_offset,
                                                           std::int64_t file_size,
                                                           const std::string& path) {
  const json header = parse_object(text, fmt::format("'{}': header", path));
  std::map<std::string, TensorInfo> tensors;
  for (const auto& [name, value] : header.items()) {
    const std::string where = fmt::format("'{}': tensor '{}'", path, name);
    if (name == "__metadata__") {
      check_metadata(value, where);
    } else {
      tensors.emplace_hint(tensors.end(), name, parse_tensor(value, where));  // in their order
    }
  }
  check_layout(tensors, file_size - data_offset, path);
  for (auto& [name, info] : tensors) info.offset += data_offset;
  return tensors;
}

}  // namespace moebench::weights
