# One precompiled header for the unit tests, in a build that is made to be tested: it saves a third of the compiler's work.
set(CMAKE_UNITY_BUILD OFF)
add_library(precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
target_link_libraries(precompiled PRIVATE relay_options)
target_precompile_headers(precompiled PRIVATE
  <algorithm> <array> <atomic> <chrono> <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional> <set> <span>
  <sstream> <string> <string_view> <thread> <utility> <variant> <vector> <boost/asio/awaitable.hpp>
  <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp> <boost/asio/steady_timer.hpp>
  <boost/json.hpp> <doctest/doctest.h> <fmt/format.h>)

# What the header includes has macros, which must be the same in each file that uses it, and symbols to link.
function(of_equal_options target)
  target_compile_options(${target} PRIVATE -pthread)
  target_link_libraries(${target} PRIVATE asio Boost::json fmt::fmt)
endfunction()
of_equal_options(precompiled)

function(use_precompiled folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    if(target MATCHES "_tests$")
      of_equal_options(${target})
      target_precompile_headers(${target} REUSE_FROM precompiled)
    endif()
  endforeach()
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(inner IN LISTS folders)
    use_precompiled(${inner})
  endforeach()
endfunction()
use_precompiled(${CMAKE_SOURCE_DIR}/tests)
