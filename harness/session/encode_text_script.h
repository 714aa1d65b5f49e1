#pragma once

#include <string_view>

namespace moebench::session {

// The text of encode_text.py, so that the program needs no file of its source tree.
std::string_view encode_text_script();

}  // namespace moebench::session
