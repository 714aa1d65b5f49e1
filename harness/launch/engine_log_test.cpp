#include "harness/launch/engine_log.h"
