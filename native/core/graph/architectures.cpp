#include "core/graph/architectures.h"

namespace ovembed::graph {

const std::map<std::string, Builder>& architectures() {
    static const std::map<std::string, Builder> table{
        {"bert", build_bert}, {"deberta-v2", build_deberta_v2}, {"mt5", build_mt5}, {"t5", build_t5},
        {"umt5", build_umt5},
    };
    return table;
}

}  // namespace ovembed::graph
