// The pools of this process. Never destroyed: at exit their threads may still be waiting for work.
#pragma once

#include "core/thread_pool.h"

namespace ovembed {

// For tokenising. One thread tokenises about a hundred times faster than one CPU infers, so a few are plenty.
ThreadPool& encode_pool();

// For work that blocks, but not for long: reading tokenizers, listing devices.
ThreadPool& load_pool();

// For reading and compiling models. Loads of one model wait for the first of them, so nothing else may wait here.
ThreadPool& compile_pool();

// For searching vectors. A search waits for memory rather than for the CPU, so more threads would not make it faster;
// the system shares the CPUs between these and those that infer.
ThreadPool& search_pool();

// For freeing models and tokenizers, which waits for batches that are being inferred.
ThreadPool& free_pool();

}  // namespace ovembed
