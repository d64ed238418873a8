# Warnings and sanitizers for our own sources. OpenVINO's, Node-API's and GoogleTest's headers come from imported or
# SYSTEM include directories, so the warnings don't apply to them.
add_library(ovembed_options INTERFACE)

if(MSVC)
  target_compile_options(ovembed_options INTERFACE /W4 /utf-8 $<$<BOOL:${OVEMBED_WERROR}>:/WX>)
else()
  target_compile_options(ovembed_options INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${OVEMBED_WERROR}>:-Werror>)
endif()

# What nothing calls (most of the tokenizers' training) is left out of the addon: a tenth of its size.
if(NOT MSVC)
  target_compile_options(ovembed_options INTERFACE -ffunction-sections -fdata-sections)
endif()

# __FILE__ ends up in error texts (OPENVINO_ASSERT); it must not tell where the builder's home directory is.
if(NOT MSVC)
  get_target_property(openvino_include openvino::runtime INTERFACE_INCLUDE_DIRECTORIES)
  target_compile_options(
    ovembed_options INTERFACE "-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=" "-fmacro-prefix-map=${openvino_include}/=")
endif()

if(OVEMBED_SANITIZE)
  # For the whole tree: half-instrumented C++ containers give false reports.
  add_compile_options(-fsanitize=${OVEMBED_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${OVEMBED_SANITIZE})
  # GCC 12 loses track of std::regex's own members under AddressSanitizer.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()
