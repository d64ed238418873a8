// Which native threads of this process are at work, so that an exit can wait for them.
#pragma once

#include <chrono>

namespace ovembed {

// At exit() the static objects of OpenVINO and its plugins are destroyed, whatever our threads are doing with them. So
// a process that ends stops the work first (EnvState, rule 4; test/e2e/lifecycle.test.ts).
class Activity {
public:
    // Held by a thread from before it looks at a job until the job and all it held are gone.
    class Scope {
    public:
        Scope() noexcept;
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
    };

    // True once stop() was called: a job found then is dropped, not run.
    static bool stopping() noexcept;

    // Waits, up to `limit`, until no thread is at work. There is no way back.
    static void stop(std::chrono::milliseconds limit) noexcept;
};

}  // namespace ovembed
