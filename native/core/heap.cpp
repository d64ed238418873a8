#include "core/heap.h"

#include <cstdlib>  // defines __GLIBC__

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ovembed {

void trim_heap() noexcept {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

}  // namespace ovembed
