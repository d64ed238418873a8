// What the addon keeps per JavaScript environment (main thread, each worker thread), and the way back to it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "addon/napi_setup.h"
#include "core/error.h"

namespace ovembed {

// How long an ending environment or process waits for its jobs: enough for a batch or a compilation, and short enough
// that an exit is not taken for a hang.
constexpr std::chrono::seconds kShutDownLimit{5};

// Rules of its life, each of which was somebody's crash (tests: test/e2e/lifecycle.test.ts):
// 1. No JavaScript value leaves the JavaScript thread. A native job holds a ticket number; the promise stays here.
// 2. A promise is settled once: finish() for a ticket that is gone does nothing.
// 3. The environment's cleanup hook is added after the thread-safe function is made. Hooks run last-in first-out, so
//    ours comes before Node takes the function down. From then on nothing is called back; jobs find alive() false.
// 4. The hook waits (bounded) for this environment's jobs. process.exit() and an uncaught error run no hooks: for them
//    lib/native.ts calls stop() on the 'exit' event, which waits for all native threads (core/activity.h); a hook that
//    runs after it has nothing to wait for (test/native/faults-exit.test.ts).
// 5. The thread-safe function keeps the process alive only while a promise is pending.
class EnvState : public std::enable_shared_from_this<EnvState> {
public:
    using Ticket = uint64_t;
    // Makes the value that the promise resolves with. Runs on the JavaScript thread; what it holds may be freed on any.
    using MakeValue = std::function<Napi::Value(Napi::Env)>;

    static std::shared_ptr<EnvState> create(Napi::Env env);

    // JavaScript thread: a promise and the ticket to settle it by. Counts as a running job until it is settled, and as
    // long `needed` is not collected: a caller may await the promise and hold nothing else.
    // `owner` and `name` are for give_up().
    std::pair<Ticket, Napi::Promise> begin(Napi::Env env, Napi::Object needed = {}, const void* owner = nullptr,
                                           uint64_t name = 0);

    // JavaScript thread: rejects a promise whose job may never end. What the job still gives is dropped. The name is
    // that of begin(); nothing happens if no job of that name is under way.
    void give_up(Napi::Env env, const void* owner, uint64_t name, const Error& error);

    // Any thread.
    void resolve(Ticket ticket, MakeValue make);
    void reject(Ticket ticket, const Error& error);
    bool alive() const;

    // JavaScript thread: runs `job` on the free pool, or at once when the environment is going down.
    void run_in_background(std::function<void()> job);

    // JavaScript thread: lets go of what takes long to free.
    void free_in_background(std::shared_ptr<const void> object);

private:
    struct Completion;
    struct Pending {
        Napi::Promise::Deferred deferred;
        Napi::ObjectReference needed;
        const void* owner;
        uint64_t name;
    };

    EnvState() = default;
    void finish(Ticket ticket, MakeValue make);
    void settle(Napi::Env env, Completion& completion);
    // Takes a promise out of those that keep the process alive.
    Pending take(Napi::Env env, std::unordered_map<Ticket, Pending>::iterator pending);
    void job_started();
    void job_ended();
    void shut_down();
    static void on_call(napi_env env, napi_value callback, void* context, void* data);

    napi_env m_env = nullptr;
    napi_threadsafe_function m_function = nullptr;
    std::unordered_map<Ticket, Pending> m_pending;  // JavaScript thread only
    Ticket m_next_ticket = 1;                       // JavaScript thread only

    mutable std::mutex m_mutex;
    std::condition_variable m_idle;
    bool m_alive = true;
    size_t m_running = 0;
};

// An Error with `code` and, where there are any, the runtime's own words as `detail`; see NativeError in lib/native.ts.
Napi::Error to_js(Napi::Env env, const Error& error);

}  // namespace ovembed
