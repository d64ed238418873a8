// npu_compile MODEL.xml DEVICE PLATFORM ROWS WIDTH OUTPUT.blob: compiles a graph for an NPU that need not be there,
// with the compiler that the Windows build of OpenVINO has, and writes the blob.
//
// DEVICE is NPU, or HETERO:NPU,CPU to have the NPU plugin asked first (query_model) which operations it takes; the rest
// would go to the CPU. ROWS and WIDTH are given to all inputs, as native/core/compile.cpp does; 0 leaves the graph as
// dynamic as it is. Why it failed is on standard error.
//
// In C, since the C interface is the only one that a compiler other than the DLL's own (mingw-w64) can link to.
#include <openvino/c/openvino.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_INPUTS = 8 };

static void require(ov_status_e status, const char* action) {
    if (status == OK) return;
    const char* reason = ov_get_last_err_msg();
    fprintf(stderr, "%s: %s\n", action, reason && *reason ? reason : ov_get_error_info(status));
    exit(1);
}

static void fix_shape(ov_model_t* model, int64_t rows, int64_t width) {
    size_t count = 0;
    require(ov_model_inputs_size(model, &count), "inputs");
    size_t ports[MOST_INPUTS];
    ov_partial_shape_t shapes[MOST_INPUTS];
    if (count > MOST_INPUTS) require(OUT_OF_BOUNDS, "inputs");
    const int64_t dimensions[] = {rows, width};
    for (size_t i = 0; i < count; ++i) {
        ov_shape_t shape;
        require(ov_shape_create(2, dimensions, &shape), "shape");
        require(ov_shape_to_partial_shape(shape, &shapes[i]), "shape");
        ov_shape_free(&shape);
        ports[i] = i;
    }
    require(ov_model_reshape_by_port_indexes(model, ports, shapes, count), "reshape");
    for (size_t i = 0; i < count; ++i) ov_partial_shape_free(&shapes[i]);
    if (ov_model_is_dynamic(model)) {
        fprintf(stderr, "reshape: some shapes depend on values of the inputs\n");
        exit(1);
    }
}

int main(int count, char** arguments) {
    if (count != 7) {
        fprintf(stderr, "usage: npu_compile MODEL.xml NPU|HETERO:NPU,CPU PLATFORM ROWS WIDTH OUTPUT.blob\n");
        return 2;
    }
    const char* device = arguments[2];
    const char* platform = arguments[3];
    ov_core_t* core = NULL;
    ov_model_t* model = NULL;
    ov_compiled_model_t* compiled = NULL;
    require(ov_core_create(&core), "core");
    require(ov_core_read_model(core, arguments[1], NULL, &model), "read");
    if (atoi(arguments[4]) > 0) fix_shape(model, atoi(arguments[4]), atoi(arguments[5]));

    // Set on the device rather than given with the model, so that they reach it through HETERO too. The last two are
    // what the addon compiles with.
    require(ov_core_set_property(core, "NPU", "NPU_COMPILER_TYPE", "PLUGIN"), "NPU_COMPILER_TYPE");
    require(ov_core_set_property(core, "NPU", "NPU_PLATFORM", platform), "NPU_PLATFORM");
    require(ov_core_set_property(core, "NPU", "INFERENCE_PRECISION_HINT", "f16"), "INFERENCE_PRECISION_HINT");
    require(ov_core_set_property(core, "NPU", "NUM_STREAMS", "1"), "NUM_STREAMS");
    require(ov_core_compile_model(core, model, device, 0, &compiled), "compile");
    require(ov_compiled_model_export_model(compiled, arguments[6]), "export");

    ov_compiled_model_free(compiled);
    ov_model_free(model);
    ov_core_free(core);
    return 0;
}
