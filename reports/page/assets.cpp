#include "reports/page/assets.h"

#include "harness/base/embed.h"

MOEBENCH_EMBED(moebench::page, echarts_script, MOEBENCH_PAGE_FOLDER "/echarts/echarts.min.js")
MOEBENCH_EMBED(moebench::page, echarts_license, MOEBENCH_PAGE_FOLDER "/echarts/LICENSE")
MOEBENCH_EMBED(moebench::page, echarts_notice, MOEBENCH_PAGE_FOLDER "/echarts/NOTICE")
MOEBENCH_EMBED(moebench::page, figures_script, MOEBENCH_PAGE_FOLDER "/figures.js")
MOEBENCH_EMBED(moebench::page, page_script, MOEBENCH_PAGE_FOLDER "/page.js")
MOEBENCH_EMBED(moebench::page, page_style, MOEBENCH_PAGE_FOLDER "/page.css")
