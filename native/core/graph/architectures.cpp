#include "core/graph/architectures.h"

namespace ovembed::graph {

const std::map<std::string, Builder>& architectures() {
    static const std::map<std::string, Builder> table{
        {"bert", build_bert}, {"gemma3_text", build_gemma3},    {"gte", build_gte},    {"modernbert", build_modernbert},
        {"new", build_gte},   {"nomic_bert", build_nomic_bert}, {"qwen2", build_qwen}, {"qwen3", build_qwen},
    };
    return table;
}

}  // namespace ovembed::graph
