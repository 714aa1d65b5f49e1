#include "reports/page/assets.h"

// As an array of C++ a megabyte would take the compiler longer than the rest of the program. The
// bytes before the next label belong to the file.
#define MOEBENCH_EMBED(name, file)                                                       \
  asm(".pushsection .rodata\n"                                                           \
      ".global moebench_asset_" #name                                                    \
      "\n"                                                                               \
      ".global moebench_asset_end_" #name                                                \
      "\n"                                                                               \
      "moebench_asset_" #name                                                            \
      ":\n"                                                                              \
      ".incbin \"" MOEBENCH_PAGE_FOLDER "/" file                                         \
      "\"\n"                                                                             \
      "moebench_asset_end_" #name                                                        \
      ":\n"                                                                              \
      ".byte 0\n"                                                                        \
      ".popsection\n");                                                                  \
  extern "C" const char moebench_asset_##name[];                                         \
  extern "C" const char moebench_asset_end_##name[];                                     \
  namespace moebench::page {                                                             \
  std::string_view name() { return {moebench_asset_##name, moebench_asset_end_##name}; } \
  }

MOEBENCH_EMBED(echarts_script, "echarts/echarts.min.js")
MOEBENCH_EMBED(echarts_license, "echarts/LICENSE")
MOEBENCH_EMBED(echarts_notice, "echarts/NOTICE")
MOEBENCH_EMBED(figures_script, "figures.js")
MOEBENCH_EMBED(page_script, "page.js")
MOEBENCH_EMBED(page_style, "page.css")
