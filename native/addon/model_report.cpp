#include "addon/model_report.h"

namespace ovembed {
namespace {

Napi::Value to_js(Napi::Env env, const std::vector<Operation>& operations) {
    auto result = Napi::Array::New(env, operations.size());
    for (uint32_t i = 0; i < operations.size(); ++i) {
        auto operation = Napi::Object::New(env);
        operation.Set("type", operations[i].type);
        operation.Set("name", operations[i].name);
        result.Set(i, operation);
    }
    return result;
}

Napi::Value to_js(Napi::Env env, const ShapeReport& report) {
    auto shape = Napi::Object::New(env);
    shape.Set("rows", static_cast<double>(report.shape.at(0)));
    shape.Set("width", static_cast<double>(report.shape.at(1)));
    auto result = Napi::Object::New(env);
    result.Set("shape", shape);
    result.Set("problem", report.problem.empty() ? env.Null() : Napi::String::New(env, report.problem));
    result.Set("openOperations", static_cast<double>(report.open_operations));
    result.Set("origins", to_js(env, report.origins));
    result.Set("unsupported", report.asked ? to_js(env, report.unsupported) : env.Null());
    return result;
}

}  // namespace

Napi::Value to_js_report(Napi::Env env, const ModelReport& report) {
    auto shapes = Napi::Array::New(env, report.shapes.size());
    for (uint32_t i = 0; i < report.shapes.size(); ++i) shapes.Set(i, to_js(env, report.shapes[i]));
    auto result = Napi::Object::New(env);
    result.Set("operations", static_cast<double>(report.operations));
    result.Set("shapes", shapes);
    return result;
}

}  // namespace ovembed
