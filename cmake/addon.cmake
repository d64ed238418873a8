# ovembed.node, the Node-API module.
if(NOT CMAKE_JS_INC)
  # Plain CMake without cmake-js: ask Node for the same two header packages.
  find_program(NODE_EXECUTABLE node REQUIRED)
  execute_process(
    COMMAND "${NODE_EXECUTABLE}" -p
            "[require('node-api-headers').include_dir, require('node-addon-api').include_dir].join(';')"
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
    OUTPUT_VARIABLE CMAKE_JS_INC OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()

file(GLOB addon_sources CONFIGURE_DEPENDS native/addon/*.cpp)
add_library(ovembed_addon OBJECT ${addon_sources})
target_include_directories(ovembed_addon SYSTEM PRIVATE ${CMAKE_JS_INC})
target_compile_definitions(
  ovembed_addon
  PRIVATE NAPI_VERSION=9
          NODE_GYP_MODULE_NAME=ovembed
          NAPI_CPP_EXCEPTIONS
          NODE_ADDON_API_CPP_EXCEPTIONS_ALL # a std::exception becomes a JavaScript error instead of ending the process
          NODE_ADDON_API_DISABLE_DEPRECATED
          NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
target_link_libraries(ovembed_addon PRIVATE ovembed_core ovembed_options)

if(MSVC)
  # Node's symbols come from the running executable, whatever its name: import library by cmake-js, resolved through its
  # delay-load hook in CMAKE_JS_SRC. Not verified: never built on Windows.
  execute_process(COMMAND ${CMAKE_AR} /def:${CMAKE_JS_NODELIB_DEF} /out:${CMAKE_JS_NODELIB_TARGET} ${CMAKE_STATIC_LINKER_FLAGS})
endif()

# A module <output>/ovembed.node, with the named implementation of core/faults.h.
function(add_addon name output faults)
  add_library(${name} MODULE ${CMAKE_JS_SRC})
  set_target_properties(
    ${name}
    PROPERTIES PREFIX ""
               OUTPUT_NAME ovembed
               SUFFIX ".node"
               LINKER_LANGUAGE CXX
               LIBRARY_OUTPUT_DIRECTORY "$<1:${output}>" # $<1:…>: no extra Release/ with Visual Studio
               BUILD_WITH_INSTALL_RPATH ON
               INSTALL_RPATH "$<IF:$<PLATFORM_ID:Darwin>,@loader_path,$ORIGIN>")
  target_include_directories(${name} SYSTEM PRIVATE ${CMAKE_JS_INC})
  target_link_libraries(${name} PRIVATE ovembed_addon ${faults} ovembed_core ${CMAKE_JS_LIB})
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_options(
      ${name}
      PRIVATE
      "LINKER:--disable-new-dtags" # DT_RPATH: unlike DT_RUNPATH it also serves what the libraries load in turn
      "LINKER:-z,nodelete" # threads and static destructors of OpenVINO and oneTBB outlive a dlclose
      "LINKER:-Bsymbolic-functions"
      "LINKER:--gc-sections"
      "LINKER:--exclude-libs,libovembed_tokenizer.a")
  elseif(APPLE)
    target_link_options(${name} PRIVATE "LINKER:-undefined,dynamic_lookup")
  elseif(MSVC)
    target_link_libraries(${name} PRIVATE delayimp)
    target_link_options(${name} PRIVATE /DELAYLOAD:NODE.EXE)
  endif()
endfunction()

add_addon(ovembed "${OVEMBED_OUTPUT_DIR}" ovembed_no_faults)
add_dependencies(ovembed ovembed_runtime_libraries)

# The addon that tests of failures run: the same objects, and the hooks.
if(OVEMBED_BUILD_TESTS)
  add_addon(ovembed_faulty "${CMAKE_BINARY_DIR}/faults" ovembed_injected_faults)
endif()
