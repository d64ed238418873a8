#include "core/thread_pools.h"

#include <algorithm>

#include "core/cpus.h"

namespace ovembed {

ThreadPool& encode_pool() {
    static auto* pool = new ThreadPool(static_cast<size_t>(std::min(available_cpus(), 4)));
    return *pool;
}

ThreadPool& load_pool() {
    static auto* pool = new ThreadPool(2);
    return *pool;
}

ThreadPool& compile_pool() {
    static auto* pool = new ThreadPool(2);
    return *pool;
}

ThreadPool& search_pool() {
    static auto* pool = new ThreadPool(static_cast<size_t>(std::min(available_cpus(), 16)));
    return *pool;
}

ThreadPool& free_pool() {
    static auto* pool = new ThreadPool(1);
    return *pool;
}

}  // namespace ovembed
