# Which of the SDK's shared libraries the addon needs at run time, for CPU, GPU and NPU and for IR and ONNX models.
# They are put beside ovembed.node: the rpath is $ORIGIN, and OpenVINO looks for its plugins in its own directory.
get_target_property(openvino_library openvino::runtime LOCATION)
get_filename_component(openvino_library "${openvino_library}" REALPATH)
get_filename_component(openvino_library_dir "${openvino_library}" DIRECTORY)

set(runtime_names
    openvino
    openvino_intel_cpu_plugin openvino_arm_cpu_plugin # each SDK has the one of its processor
    openvino_intel_gpu_plugin
    openvino_intel_npu_plugin openvino_intel_npu_compiler openvino_intel_npu_compiler_loader openvino_intel_npu_vm_runtime
    openvino_auto_plugin openvino_auto_batch_plugin openvino_hetero_plugin
    openvino_ir_frontend openvino_onnx_frontend
    # oneTBB, and what it loads by name: NUMA binding and the scalable allocator.
    tbb tbb12 tbbbind_2_5 tbbmalloc hwloc)

# Names are libX.so (plugins), libX.so.N and libX.N.dylib (SONAMEs), X.dll. Longer versions are what a SONAME links to.
function(find_runtime_library name result)
  file(GLOB candidates "${openvino_library_dir}/*${name}.*")
  list(FILTER candidates INCLUDE REGEX "/(lib)?${name}(\\.so|\\.so\\.[0-9]+|\\.dylib|\\.[0-9]+\\.dylib|\\.dll)$")
  list(SORT candidates COMPARE NATURAL ORDER DESCENDING)
  if(candidates)
    list(GET candidates 0 candidates) # libX.so.N sorts behind the unversioned link that developers' packages add
  endif()
  set(${result} "${candidates}" PARENT_SCOPE)
endfunction()

set(runtime_libraries "")
foreach(name IN LISTS runtime_names)
  find_runtime_library(${name} library)
  list(APPEND runtime_libraries ${library})
endforeach()
foreach(needed IN ITEMS "openvino\\." "openvino_(intel|arm)_cpu_plugin" "openvino_ir_frontend")
  if(NOT runtime_libraries MATCHES "${needed}")
    message(FATAL_ERROR "The OpenVINO SDK has no library matching ${needed} in ${openvino_library_dir}.")
  endif()
endforeach()

# The GPU plugin reads its tuned kernel choices from this file beside itself.
if(EXISTS "${openvino_library_dir}/cache.json")
  list(APPEND runtime_libraries "${openvino_library_dir}/cache.json")
endif()

set(staged_libraries "")
foreach(library IN LISTS runtime_libraries)
  get_filename_component(file_name "${library}" NAME)
  set(staged "${OVEMBED_OUTPUT_DIR}/${file_name}")
  add_custom_command(
    OUTPUT "${staged}"
    COMMAND "${CMAKE_COMMAND}" "-Dfrom=${library}" "-Dto=${staged}" -P "${CMAKE_SOURCE_DIR}/cmake/link_or_copy.cmake"
    DEPENDS "${library}"
    COMMENT "Placing ${file_name}"
    VERBATIM)
  list(APPEND staged_libraries "${staged}")
endforeach()
add_custom_target(ovembed_runtime_libraries ALL DEPENDS ${staged_libraries})
