# What every target of the project compiles with.
add_library(relay_options INTERFACE)
target_include_directories(relay_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_features(relay_options INTERFACE cxx_std_20)
target_compile_options(relay_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference
  -Wimplicit-fallthrough -Wswitch-enum -Wdocumentation -Werror)
if(CMAKE_UNITY_BUILD)
  # A library's files are compiled as one: a local may bear the name of another file's helper.
  target_compile_options(relay_options INTERFACE -Wno-shadow)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(relay_options INTERFACE -fstack-protector-strong)
  target_compile_definitions(relay_options INTERFACE _FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
  target_link_options(relay_options INTERFACE -Wl,-z,relro,-z,now)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
