// The only place that includes napi.h. The policy (no deprecated calls, all C++ exceptions become JavaScript errors)
// is set by definitions in cmake/addon.cmake.
#pragma once

#include <napi.h>
