#include "harness/session/encode_text_script.h"

#include "harness/base/embed.h"

MOEBENCH_EMBED(moebench::session, encode_text_script, MOEBENCH_ENCODE_TEXT_SCRIPT)
