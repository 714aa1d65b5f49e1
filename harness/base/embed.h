#pragma once

#include <string_view>

// Defines `std::string_view name()` in `space`: the bytes of a file, an absolute path, as they were
// when the program was built. As an array of C++ a megabyte would take the compiler longer than the
// rest of the program. The bytes before the next label belong to the file. The assembler reads it,
// which no dependency scanner sees: give the source an OBJECT_DEPENDS.
#define MOEBENCH_EMBED(space, name, file)                                                \
  asm(".pushsection .rodata\n"                                                           \
      ".global moebench_asset_" #name                                                    \
      "\n"                                                                               \
      ".global moebench_asset_end_" #name                                                \
      "\n"                                                                               \
      "moebench_asset_" #name                                                            \
      ":\n"                                                                              \
      ".incbin \"" file                                                                  \
      "\"\n"                                                                             \
      "moebench_asset_end_" #name                                                        \
      ":\n"                                                                              \
      ".byte 0\n"                                                                        \
      ".popsection\n");                                                                  \
  extern "C" const char moebench_asset_##name[];                                         \
  extern "C" const char moebench_asset_end_##name[];                                     \
  namespace space {                                                                      \
  std::string_view name() { return {moebench_asset_##name, moebench_asset_end_##name}; } \
  }
