// Precompiled for every test with torch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cmake/torch_pch.h"
