# The two implementations of core/faults.h. Every binary links one of them; core's objects are the same for both.
add_library(ovembed_no_faults OBJECT native/faults/none.cpp)
target_link_libraries(ovembed_no_faults PRIVATE ovembed_core ovembed_options)

if(OVEMBED_BUILD_TESTS)
  add_library(ovembed_injected_faults OBJECT native/faults/injected.cpp native/faults/schedule.cpp)
  target_link_libraries(ovembed_injected_faults PRIVATE ovembed_core ovembed_options)
endif()
