#include "harness/launch/engine_start.h"
