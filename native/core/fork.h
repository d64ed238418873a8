// Processes made by fork() alone, without exec.
#pragma once

namespace ovembed {

// Whether this process was forked from one that had loaded ovembed. It has none of that one's threads, and locks as
// they happened to be held, so nothing here would ever end, nor could a model be freed. Node's child_process and
// cluster start programs, which is fine; only native code forks like this. Always false on Windows, which has no fork.
bool in_forked_child() noexcept;

// Throws Error(Closed) there.
void refuse_forked_child();

}  // namespace ovembed
