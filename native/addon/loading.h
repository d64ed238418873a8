// Work that blocks (reading files, compiling), away from the JavaScript thread.
#pragma once

#include <memory>
#include <string>

#include "addon/env_state.h"
#include "core/thread_pools.h"

namespace ovembed {

// Runs `work` on the load pool. What it returns goes to `make` on the JavaScript thread, whose value the promise gets;
// what it throws rejects the promise, with `failure` as the sentence for errors that are not ours.
template <typename Work, typename Make>
Napi::Value run_loading(Napi::Env env, const std::shared_ptr<EnvState>& state, const std::string& failure, Work work,
                        Make make) {
    const auto [ticket, promise] = state->begin(env);
    load_pool().run([state, ticket = ticket, failure, work = std::move(work), make]() mutable {
        try {
            if (!state->alive()) throw Error(ErrorCode::Closed, "The environment is going down.");
            auto result = work();
            state->resolve(ticket, [result, make](Napi::Env js) -> Napi::Value { return make(js, result); });
        } catch (...) {
            state->reject(ticket, current_error(ErrorCode::DeviceFailed, failure));
        }
    });
    return promise;
}

}  // namespace ovembed
