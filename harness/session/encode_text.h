#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::session {

// Encodes the texts of cells that have a tokenizer, for ranks to read (data/encoded_text.h), by the
// Python package tokenizers: each once, and not again as long as text, tokenizer and the package's
// version stay. Writes to `notes` what it does. Error where no Python has the package (the remedy
// names those that were asked), or where it refuses the tokenizer or the text. False where it was
// interrupted.
bool encode_texts(const std::vector<config::CellConfig>& cells,
                  const std::filesystem::path& results_folder, std::ostream& notes);

}  // namespace moebench::session
