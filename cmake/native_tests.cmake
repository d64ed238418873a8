# The C++ tests of native/core; nothing of Node is in them, so sanitizers and debuggers see a plain executable.
find_package(GTest QUIET)
if(NOT GTest_FOUND)
  message(FATAL_ERROR "The C++ tests need GoogleTest (Debian: libgtest-dev, Fedora: gtest-devel, macOS: brew install "
                      "googletest, Windows: vcpkg install gtest).")
endif()

file(GLOB test_sources CONFIGURE_DEPENDS native/tests/*.cpp)
add_executable(ovembed_native_tests ${test_sources})
target_link_libraries(ovembed_native_tests PRIVATE ovembed_core ovembed_options GTest::gtest GTest::gtest_main)

# Makes the IR that test/native compares with the other sources of a model.
add_executable(ovembed_save_ir native/tools/save_ir.cpp)
target_link_libraries(ovembed_save_ir PRIVATE ovembed_core ovembed_options)
