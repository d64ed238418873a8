#include "core/graph/architectures.h"

namespace ovembed::graph {

const std::map<std::string, Builder>& architectures() {
    static const std::map<std::string, Builder> table{
        {"albert", build_albert},         {"bert", build_bert},           {"camembert", build_roberta},
        {"distilbert", build_distilbert}, {"electra", build_electra},     {"mpnet", build_mpnet},
        {"roberta", build_roberta},       {"xlm-roberta", build_roberta},
    };
    return table;
}

}  // namespace ovembed::graph
