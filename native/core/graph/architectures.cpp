#include "core/graph/architectures.h"

namespace ovembed::graph {

const std::map<std::string, Builder>& architectures() {
    static const std::map<std::string, Builder> table{
        {"albert", build_albert},
        {"bert", build_bert},
        {"camembert", build_roberta},
        {"deberta-v2", build_deberta_v2},
        {"distilbert", build_distilbert},
        {"electra", build_electra},
        {"gemma3_text", build_gemma3},
        {"gte", build_gte},
        {"modernbert", build_modernbert},
        {"mpnet", build_mpnet},
        {"mt5", build_mt5},
        {"new", build_gte},
        {"nomic_bert", build_nomic_bert},
        {"qwen2", build_qwen},
        {"qwen3", build_qwen},
        {"roberta", build_roberta},
        {"t5", build_t5},
        {"umt5", build_umt5},
        {"xlm-roberta", build_roberta},
    };
    return table;
}

}  // namespace ovembed::graph
