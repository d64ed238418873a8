// The heap of the C library, which everything in the process shares.
#pragma once

namespace ovembed {

// Gives pages that hold nothing back to the system. glibc keeps what was freed below a block in use, for ever. It takes
// about as long as it takes to touch those pages again, and whoever allocates meanwhile may have to wait: not for the
// JavaScript thread. Other C libraries give pages back by themselves, or have no such call: nothing is done there.
void trim_heap() noexcept;

}  // namespace ovembed
