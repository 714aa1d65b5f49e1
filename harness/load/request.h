#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/weights/checkpoint_files.h"

namespace moebench::load {

// A run of a checkpoint tensor's elements, row-major, seen as a matrix of [rows, cols]. A fused
// tensor of many experts is cut into several.
struct Part {
  std::string tensor;
  std::vector<std::int64_t> shape;  // that the whole tensor must have
  std::int64_t begin = 0;
  std::int64_t rows = 1;
  std::int64_t cols = 0;
  std::int64_t num_elements() const { return rows * cols; }
};

// Parts behind one another, each transposed where that is asked, of which this rank keeps elements
// [keep_begin, keep_begin + keep_elements). It keeps transposed parts whole or not at all.
struct Stack {
  std::string name;
  std::vector<Part> parts;
  bool transposed = false;
  bool is_distributed = true;  // false: every rank keeps the whole
  std::int64_t keep_begin = 0;
  std::int64_t keep_elements = 0;
  std::byte* destination = nullptr;  // null: load() gives it memory
  std::int64_t num_elements() const;
};

// Holds what is loaded together: a decoder layer's stacks.
struct Group {
  std::string name;
  std::vector<Stack> stacks;
};

// Says what a rank loads, and as which dtype.
struct Request {
  config::Dtype dtype = config::Dtype::kBf16;
  std::vector<Group> groups;
  std::int64_t kept_bytes() const;  // in memory
};

// Says what a rank needs of one part, and where on disk it lies.
struct Piece {
  const weights::SafetensorsReader* file = nullptr;
  std::int64_t offset = 0;  // of its first byte in the file
  weights::SourceType type = weights::SourceType::kBf16;
  std::int64_t rows = 1;  // of [rows, cols]; an untransposed piece is one row
  std::int64_t cols = 0;
  bool transposed = false;
  std::size_t group = 0, stack = 0;    // of the request
  std::int64_t destination_begin = 0;  // element of what the stack keeps
  std::int64_t num_elements() const { return rows * cols; }
  std::int64_t source_bytes() const { return num_elements() * weights::element_bytes(type); }
};

// The pieces of a request in its order, empty ones left out. Checks every part of every stack, also
// of those that are not kept; errors are those of weights::CheckpointFiles::find.
std::vector<Piece> find_pieces(const Request& request, weights::CheckpointFiles& files);

// The piece's first byte in memory.
std::byte* destination_of(const Piece& piece, const Request& request);

}  // namespace moebench::load
