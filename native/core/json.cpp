#include "core/json.h"

#include <limits>

#include "core/ffi.h"
#include "core/mapped_file.h"

namespace ovembed {
namespace {

std::string describe(const OvtJson* value) {
    int64_t integer = 0;
    double number = 0;
    OvtText text{};
    switch (ovt_json_type(value)) {
        case OVT_JSON_TYPE_NULL:
            return "null";
        case OVT_JSON_TYPE_BOOLEAN:
            return "a boolean";
        case OVT_JSON_TYPE_ARRAY:
            return "an array";
        case OVT_JSON_TYPE_OBJECT:
            return "an object";
        case OVT_JSON_TYPE_STRING:
            return ovt_json_as_string(value, &text) ? "'" + ffi::copy(text) + "'" : "a string";
        case OVT_JSON_TYPE_NUMBER:
            if (ovt_json_as_integer(value, &integer)) return std::to_string(integer);
            return ovt_json_as_number(value, &number) ? std::to_string(number) : "a number";
    }
    return "something else";
}

}  // namespace

Json Json::parse(const std::string& text, std::string name) {
    OvtJson* root = nullptr;
    OvtString error{};
    ffi::check(ovt_json_parse(ffi::borrow(text).ptr, text.size(), &root, &error), error, name);
    std::shared_ptr<const OvtJson> document(root,
                                            [](const OvtJson* json) { ovt_json_free(const_cast<OvtJson*>(json)); });
    if (ovt_json_type(root) != OVT_JSON_TYPE_OBJECT) {
        throw Error(ErrorCode::ModelInvalid, "Expected a JSON object in " + name + ", found " + describe(root) + ".");
    }
    return {std::move(document), std::move(name)};
}

Json Json::read(const std::string& path) { return parse(read_file(path), path); }

const OvtJson* Json::find(const std::string& key) const {
    const std::string pointer = "/" + key;
    const OvtJson* value = ovt_json_at(m_document.get(), ffi::borrow(pointer).ptr, pointer.size());
    return ovt_json_type(value) == OVT_JSON_TYPE_NULL ? nullptr : value;
}

void Json::wrong(const std::string& key, const std::string& expected, const OvtJson* actual) const {
    throw Error(ErrorCode::ModelInvalid,
                "Expected " + expected + " for " + key + " in " + m_name + ", found " + describe(actual) + ".");
}

size_t Json::integer(const std::string& key, size_t fallback, int64_t least) const {
    const OvtJson* value = find(key);
    if (value == nullptr) return fallback;
    int64_t integer = 0;
    const bool fits =
        ovt_json_as_integer(value, &integer) && integer >= least && integer <= std::numeric_limits<int32_t>::max();
    if (!fits) wrong(key, "an integer from " + std::to_string(least) + " to 2147483647", value);
    return static_cast<size_t>(integer);
}

size_t Json::size(const std::string& key, size_t fallback) const { return integer(key, fallback, 1); }

size_t Json::count(const std::string& key, size_t fallback) const { return integer(key, fallback, 0); }

double Json::number(const std::string& key, double fallback) const {
    const OvtJson* value = find(key);
    if (value == nullptr) return fallback;
    double number = 0;
    if (!ovt_json_as_number(value, &number)) wrong(key, "a number", value);
    return number;
}

bool Json::is_text(const std::string& key) const {
    const OvtJson* value = find(key);
    return value != nullptr && ovt_json_type(value) == OVT_JSON_TYPE_STRING;
}

std::string Json::text(const std::string& key, const std::string& fallback) const {
    const OvtJson* value = find(key);
    if (value == nullptr) return fallback;
    OvtText text{};
    if (!ovt_json_as_string(value, &text)) wrong(key, "a string", value);
    return ffi::copy(text);
}

bool Json::boolean(const std::string& key, bool fallback) const {
    const OvtJson* value = find(key);
    if (value == nullptr) return fallback;
    bool boolean = false;
    if (!ovt_json_as_boolean(value, &boolean)) wrong(key, "true or false", value);
    return boolean;
}

std::vector<std::string> Json::texts(const std::string& key) const {
    const OvtJson* list = find(key);
    if (list == nullptr) return {};
    if (ovt_json_type(list) != OVT_JSON_TYPE_ARRAY) wrong(key, "a list of strings", list);
    std::vector<std::string> texts;
    for (size_t i = 0; i < ovt_json_size(list); ++i) {
        OvtText text{};
        if (!ovt_json_as_string(ovt_json_item(list, i), &text)) wrong(key, "a list of strings", list);
        texts.push_back(ffi::copy(text));
    }
    return texts;
}

}  // namespace ovembed
