# Programs for tests and benchmarks: save_ir makes the IR that test/native compares with the other sources of a model,
# bare_inference is the ceiling of npm run bench, convert_vectors measures core/vectors beside memcpy.
foreach(tool save_ir bare_inference convert_vectors)
  add_executable(ovembed_${tool} native/tools/${tool}.cpp)
  target_link_libraries(ovembed_${tool} PRIVATE ovembed_core ovembed_no_faults ovembed_options)
endforeach()
