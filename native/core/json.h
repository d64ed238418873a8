// Typed reading of a model's JSON files, with errors that name the file and the key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct OvtJson;

namespace ovembed {

class Json {
public:
    // `name` stands for the document in error messages, as a file path. Throws ModelInvalid with line and column.
    static Json parse(const std::string& text, std::string name);
    static Json read(const std::string& path);

    const std::string& name() const noexcept { return m_name; }

    // A key may lead into members: "rope_parameters/rope_theta". Each getter gives the fallback when the key is missing
    // or null (as transformers' configs do) and throws ModelInvalid when it is there with another type or an absurd
    // value.
    size_t size(const std::string& key, size_t fallback) const;   // an integer from 1 to 2^31 - 1
    size_t count(const std::string& key, size_t fallback) const;  // an integer from 0 to 2^31 - 1
    double number(const std::string& key, double fallback) const;
    std::string text(const std::string& key, const std::string& fallback) const;
    bool boolean(const std::string& key, bool fallback) const;
    std::vector<std::string> texts(const std::string& key) const;  // a list of strings; empty when missing
    bool is_text(const std::string& key) const;                    // for keys that may be a string or something else
    bool has(const std::string& key) const { return find(key) != nullptr; }

private:
    Json(std::shared_ptr<const OvtJson> document, std::string name)
        : m_document(std::move(document)), m_name(std::move(name)) {}
    const OvtJson* find(const std::string& key) const;
    size_t integer(const std::string& key, size_t fallback, int64_t least) const;
    [[noreturn]] void wrong(const std::string& key, const std::string& expected, const OvtJson* actual) const;

    std::shared_ptr<const OvtJson> m_document;
    std::string m_name;
};

}  // namespace ovembed
