# The C++ tests of native/core; nothing of Node is in them, so sanitizers and debuggers see a plain executable.
find_package(GTest QUIET)
if(NOT GTest_FOUND)
  message(FATAL_ERROR "The C++ tests need GoogleTest (Debian: libgtest-dev, Fedora: gtest-devel, macOS: brew install "
                      "googletest, Windows: vcpkg install gtest).")
endif()

file(GLOB test_sources CONFIGURE_DEPENDS native/tests/*.cpp native/tests/fuzz/*.cpp)
add_executable(ovembed_native_tests ${test_sources})
target_link_libraries(ovembed_native_tests PRIVATE ovembed_core ovembed_injected_faults ovembed_options GTest::gtest GTest::gtest_main)

# They run with the libraries that the package ships and no others: the SDK's further frontends would be asked as well.
set_target_properties(ovembed_native_tests PROPERTIES BUILD_RPATH "${OVEMBED_OUTPUT_DIR}")
add_dependencies(ovembed_native_tests ovembed_runtime_libraries)
