#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/base/names.h"
#include "harness/config/cell.h"

namespace moebench::weights {

// Element types of a checkpoint that a load converts.
enum class SourceType { kF64, kF32, kF16, kBf16, kF8E4M3, kF8E5M2 };
// Names them as the safetensors format does.
constexpr auto names_of(SourceType) {
  return name_table<SourceType>({{SourceType::kF64, "F64"},
                                 {SourceType::kF32, "F32"},
                                 {SourceType::kF16, "F16"},
                                 {SourceType::kBf16, "BF16"},
                                 {SourceType::kF8E4M3, "F8_E4M3"},
                                 {SourceType::kF8E5M2, "F8_E5M2"}});
}
using moebench::to_string;

// Nullopt for every other dtype.
inline std::optional<SourceType> source_type(std::string_view dtype) {
  return find_named<SourceType>(dtype);
}

// Returns the type as which a dtype is stored.
SourceType stored_type(config::Dtype dtype);

std::int64_t element_bytes(SourceType type);
using config::element_bytes;

// Tells whether convert() copies the bits unchanged.
bool is_same(SourceType from, config::Dtype to);

// Sets to[i] = from[i] for `count` elements at any alignment, without overlap. To fp32 this is
// exact, but that F64 rounds; to bf16 it rounds from there. All rounding is to nearest, ties to
// even, as torch converts.
void convert(SourceType from, const void* source, config::Dtype to, void* destination,
             std::int64_t count);

}  // namespace moebench::weights
