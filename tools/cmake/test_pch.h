// Precompiled for every test without torch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cmake/pch.h"
