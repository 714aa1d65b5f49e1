#include "harness/base/error.h"
#include "reports/page/draw_svg.h"

namespace moebench::page {

std::string draw_svg(const Drawing&) {
  throw Error(
      "this moebench was built without Duktape, which draws SVG; install duktape-dev (tools/setup "
      "does) and build it again, or use --format html");
}

}  // namespace moebench::page
