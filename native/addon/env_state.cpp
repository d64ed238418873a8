#include "addon/env_state.h"

#include <algorithm>
#include <vector>

#include "core/activity.h"
#include "core/fork.h"
#include "core/thread_pools.h"

namespace ovembed {

struct EnvState::Completion {
    std::shared_ptr<EnvState> state;
    Ticket ticket;
    MakeValue make;
};

std::shared_ptr<EnvState> EnvState::create(Napi::Env env) {
    std::shared_ptr<EnvState> state(new EnvState());
    state->m_env = env;
    const auto name = Napi::String::New(env, "ovembed");
    NAPI_THROW_IF_FAILED(env,
                         napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                                         state.get(), on_call, &state->m_function),
                         state);
    NAPI_THROW_IF_FAILED(env, napi_unref_threadsafe_function(env, state->m_function), state);
    // Owns the state until the environment goes down.
    auto* owner = new std::shared_ptr<EnvState>(state);
    napi_add_env_cleanup_hook(
        env,
        [](void* data) {
            const std::unique_ptr<std::shared_ptr<EnvState>> held(static_cast<std::shared_ptr<EnvState>*>(data));
            (*held)->shut_down();
        },
        owner);
    return state;
}

std::pair<EnvState::Ticket, Napi::Promise> EnvState::begin(Napi::Env env, Napi::Object needed, const void* owner,
                                                           uint64_t name) {
    try {
        refuse_forked_child();  // now: a promise would never be settled
    } catch (const Error& error) {
        throw to_js(env, error);
    }
    const auto deferred = Napi::Promise::Deferred::New(env);
    const Ticket ticket = m_next_ticket++;
    if (m_pending.empty()) napi_ref_threadsafe_function(env, m_function);
    auto reference = needed.IsEmpty() ? Napi::ObjectReference() : Napi::Persistent(needed);
    m_pending.emplace(ticket, Pending{deferred, std::move(reference), owner, name});
    job_started();
    return {ticket, deferred.Promise()};
}

void EnvState::resolve(Ticket ticket, MakeValue make) { finish(ticket, std::move(make)); }

void EnvState::reject(Ticket ticket, const Error& error) {
    finish(ticket, [error](Napi::Env env) -> Napi::Value { throw to_js(env, error); });
}

void EnvState::finish(Ticket ticket, MakeValue make) {
    // Destroyed last: the job has ended when what it made is handed over or freed.
    struct End {
        EnvState& state;
        ~End() { state.job_ended(); }
    } const end{*this};
    auto completion = std::make_unique<Completion>(Completion{shared_from_this(), ticket, std::move(make)});
    const std::lock_guard lock(m_mutex);
    if (!m_alive) return;
    const auto status = napi_call_threadsafe_function(m_function, completion.get(), napi_tsfn_nonblocking);
    if (status == napi_ok) completion.release();
}

void EnvState::on_call(napi_env env, napi_value, void*, void* data) {
    const std::unique_ptr<Completion> completion(static_cast<Completion*>(data));
    if (env == nullptr) return;  // going down: the promise dies with its environment
    try {
        const Napi::HandleScope scope(env);
        completion->state->settle(env, *completion);
    } catch (const Napi::Error&) {
        // No JavaScript may run any more: a worker is being terminated, and its promises die with it.
    }
}

void EnvState::settle(Napi::Env env, Completion& completion) {
    const auto found = m_pending.find(completion.ticket);
    if (found == m_pending.end()) return;
    const Pending pending = take(env, found);
    const auto& deferred = pending.deferred;
    try {
        deferred.Resolve(completion.make(env));
    } catch (const Napi::Error& error) {
        deferred.Reject(error.Value());
    } catch (const std::exception& error) {
        deferred.Reject(to_js(env, Error(ErrorCode::OutOfMemory, error.what())).Value());
    }
}

EnvState::Pending EnvState::take(Napi::Env env, std::unordered_map<Ticket, Pending>::iterator found) {
    Pending pending = std::move(found->second);
    m_pending.erase(found);
    if (m_pending.empty()) napi_unref_threadsafe_function(env, m_function);
    return pending;
}

void EnvState::give_up(Napi::Env env, const void* owner, uint64_t name, const Error& error) {
    const auto is_meant = [&](const auto& each) { return each.second.owner == owner && each.second.name == name; };
    for (;;) {
        const auto found = std::find_if(m_pending.begin(), m_pending.end(), is_meant);
        if (found == m_pending.end()) return;
        take(env, found).deferred.Reject(to_js(env, error).Value());
    }
}

bool EnvState::alive() const {
    const std::lock_guard lock(m_mutex);
    return m_alive;
}

void EnvState::run_in_background(std::function<void()> job) {
    if (!alive()) return job();
    job_started();
    // Shared, so that what the job holds is never freed by a copy left on this thread.
    const auto counted =
        std::make_shared<std::function<void()>>([state = shared_from_this(), job = std::move(job)]() mutable {
            job();
            job = nullptr;  // what it held is freed before the job counts as ended
            state->job_ended();
        });
    try {
        free_pool().run([counted] { (*counted)(); });
    } catch (const std::exception&) {
        (*counted)();  // no thread and no memory for one: late is better than never
    }
}

void EnvState::free_in_background(std::shared_ptr<const void> object) {
    if (in_forked_child()) {
        static auto* never_freed = new std::vector<std::shared_ptr<const void>>();
        never_freed->push_back(std::move(object));  // it would wait for threads that are not there
        return;
    }
    if (object) run_in_background([object = std::move(object)]() mutable { object.reset(); });
}

void EnvState::job_started() {
    const std::lock_guard lock(m_mutex);
    ++m_running;
}

void EnvState::job_ended() {
    const std::lock_guard lock(m_mutex);
    if (--m_running == 0) m_idle.notify_all();
}

void EnvState::shut_down() {
    std::unique_lock lock(m_mutex);
    m_alive = false;
    // Where the whole process ends, stop() has waited for its threads, and jobs they had not begun will never end.
    m_idle.wait_for(lock, kShutDownLimit,
                    [this] { return m_running == 0 || Activity::stopping() || in_forked_child(); });
    napi_release_threadsafe_function(m_function, napi_tsfn_abort);
    m_pending.clear();  // its references must not outlive the environment
}

Napi::Error to_js(Napi::Env env, const Error& error) {
    auto js = Napi::Error::New(env, error.what());
    js.Set("code", Napi::String::New(env, to_string(error.code())));
    if (!error.detail().empty()) js.Set("detail", Napi::String::New(env, error.detail()));
    return js;
}

}  // namespace ovembed
