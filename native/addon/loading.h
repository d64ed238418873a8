// Work that blocks (reading files, compiling), away from the JavaScript thread.
#pragma once

#include <memory>
#include <string>

#include "addon/env_state.h"
#include "core/thread_pools.h"

namespace ovembed {

// Runs `work` on `pool`. What it returns goes to `make` on the JavaScript thread, whose value the promise gets;
// what it throws rejects the promise, with `failure` as the sentence for errors that are not ours. The pool is given by
// its function, as the first use of one may fail to start its threads.
template <typename Work, typename Make>
Napi::Value run_loading(Napi::Env env, const std::shared_ptr<EnvState>& state, ThreadPool& (*pool)(),
                        const std::string& failure, Work work, Make make) {
    const auto [ticket, promise] = state->begin(env);
    const auto job = [state, ticket = ticket, failure, work = std::move(work), make] {
        try {
            if (!state->alive()) throw Error(ErrorCode::Closed, "The environment is going down.");
            // Held by nothing but the function, which may be dropped: resolve() then frees it within the job's time.
            state->resolve(ticket, [result = work(), make](Napi::Env js) -> Napi::Value { return make(js, result); });
        } catch (...) {
            state->reject(ticket, current_error(ErrorCode::DeviceFailed, failure));
        }
    };
    try {
        pool().run(job);
    } catch (...) {
        state->reject(ticket, current_error(ErrorCode::OutOfMemory, failure));
    }
    return promise;
}

}  // namespace ovembed
