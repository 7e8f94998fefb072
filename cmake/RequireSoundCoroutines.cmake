# A compiler that destroys a temporary twice in a statement with co_await (GCC 12.2, GCC bug 107288) would corrupt
# memory in the relay. A small program decides, not a version number.
if(NOT DEFINED POSTERN_SOUND_COROUTINES)
  try_run(_run_result _compiled ${CMAKE_BINARY_DIR}/sound_coroutines
    ${CMAKE_CURRENT_LIST_DIR}/sound_coroutines.cpp
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    COMPILE_OUTPUT_VARIABLE _compile_output)
  if(_compiled AND "${_run_result}" STREQUAL "0")
    set(POSTERN_SOUND_COROUTINES ON CACHE INTERNAL "The compiler destroys each temporary once around co_await")
  else()
    message(FATAL_ERROR
      "This compiler (${CMAKE_CXX_COMPILER}) does not destroy each temporary exactly once in a statement with co_await, "
      "which would corrupt memory: configure with clang 16 (cmake --preset dev, or -DCMAKE_CXX_COMPILER=clang++-16).")
  endif()
endif()
