#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/config/cell.h"

namespace moebench::weights {

// Element types of a checkpoint that a load converts.
enum class SourceType { kF64, kF32, kF16, kBf16, kF8E4M3, kF8E5M2 };

// By the safetensors format's name, e.g. "BF16"; nullopt for every other dtype.
std::optional<SourceType> source_type(const std::string& dtype);

// The names, for errors: "F64, F32, ...".
std::string source_type_names();

std::int64_t element_bytes(SourceType type);

// Whether convert() copies the bits unchanged.
bool is_same(SourceType from, config::Dtype to);

// to[i] = from[i] for `count` elements at any alignment, without overlap. To fp32 exact, but that
// F64 rounds; to bf16 rounded from there. All to nearest, ties to even, as torch converts.
void convert(SourceType from, const void* source, config::Dtype to, void* destination,
             std::int64_t count);

}  // namespace moebench::weights
