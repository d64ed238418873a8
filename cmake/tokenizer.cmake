# The Rust tokenizer as a static library. Cargo runs on every build, because only Cargo knows whether anything changed;
# it leaves the archive untouched if not, and then nothing is linked again.
find_program(CARGO_EXECUTABLE cargo REQUIRED)

set(tokenizer_crate "${CMAKE_SOURCE_DIR}/native/tokenizer")
set(OVEMBED_CARGO_TARGET_DIR "${CMAKE_BINARY_DIR}/tokenizer" CACHE PATH "Cargo's target directory; trees may share one")
set(tokenizer_target_dir "${OVEMBED_CARGO_TARGET_DIR}")
set(OVEMBED_CARGO_TARGET "" CACHE STRING "Rust's name of the system to build for; empty: this machine's")
set(tokenizer_archive
    "${tokenizer_target_dir}/${OVEMBED_CARGO_TARGET}/release/${CMAKE_STATIC_LIBRARY_PREFIX}ovembed_tokenizer${CMAKE_STATIC_LIBRARY_SUFFIX}")

add_custom_target(
  ovembed_tokenizer_archive
  COMMAND "${CARGO_EXECUTABLE}" build --release --locked --target-dir "${tokenizer_target_dir}"
          "$<$<BOOL:${OVEMBED_CARGO_TARGET}>:--target=${OVEMBED_CARGO_TARGET}>"
  WORKING_DIRECTORY "${tokenizer_crate}"
  BYPRODUCTS "${tokenizer_archive}"
  COMMENT "Building the Rust tokenizer"
  USES_TERMINAL VERBATIM COMMAND_EXPAND_LISTS)

add_library(ovembed_tokenizer STATIC IMPORTED)
set_target_properties(ovembed_tokenizer PROPERTIES IMPORTED_LOCATION "${tokenizer_archive}")
target_include_directories(ovembed_tokenizer INTERFACE "${tokenizer_crate}/include")
add_dependencies(ovembed_tokenizer ovembed_tokenizer_archive)

# What Rust's standard library needs from the system (`rustc --print native-static-libs`).
if(WIN32)
  target_link_libraries(ovembed_tokenizer INTERFACE bcrypt ntdll userenv ws2_32) # not verified: never built on Windows
else()
  target_link_libraries(ovembed_tokenizer INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
