#include "core/fork.h"

#include <atomic>

#include "core/error.h"

#ifndef _WIN32
#include <pthread.h>
#endif

namespace ovembed {
namespace {

std::atomic<bool> forked{false};

#ifndef _WIN32
// A handler rather than a comparison of process ids: those can come again, and asking for one is a system call.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });
#endif

}  // namespace

bool in_forked_child() noexcept { return forked; }

void refuse_forked_child() {
    if (!forked) return;
    throw Error(
        ErrorCode::Closed,
        "This process was forked from one that had loaded ovembed, and has none of its threads. Load ovembed in a "
        "process that is started anew: fork() and exec, as child_process does.");
}

}  // namespace ovembed
