// The pools of this process. Never destroyed: at exit their threads may still be waiting for work.
#pragma once

#include "core/thread_pool.h"

namespace ovembed {

// For tokenising. One thread tokenises about a hundred times faster than one CPU infers, so a few are plenty.
ThreadPool& encode_pool();

// For work that blocks: reading and compiling models, and freeing them.
ThreadPool& load_pool();

}  // namespace ovembed
