#include "core/graph/architectures.h"

namespace ovembed::graph {

const std::map<std::string, Builder>& architectures() {
    static const std::map<std::string, Builder> table{
        {"bert", build_bert},
    };
    return table;
}

}  // namespace ovembed::graph
