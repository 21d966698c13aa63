# Language level, warnings, sanitizers and the compiler cache: what every target of ours shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# The one place where warnings are chosen. Libraries, programs and tests of ours link it privately,
# so that neither a dependency nor a program that embeds Rollcall inherits them.
add_library(rollcall_warnings INTERFACE)
target_compile_options(rollcall_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # In C++, g++ leaves this out of -Wconversion; both compilers mean the same here.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>
  # With sanitizers, g++ 12 loses track of values and warns of what is not so.
  $<$<AND:$<BOOL:${ROLLCALL_WERROR}>,$<NOT:$<BOOL:${ROLLCALL_SANITIZE}>>>:-Werror>)

if(ROLLCALL_SANITIZE STREQUAL "address")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(ROLLCALL_SANITIZE STREQUAL "thread")
  set(sanitize -fsanitize=thread -fno-omit-frame-pointer)
elseif(ROLLCALL_SANITIZE)
  message(FATAL_ERROR "ROLLCALL_SANITIZE is '${ROLLCALL_SANITIZE}': use address, thread or nothing")
endif()
if(ROLLCALL_SANITIZE)
  add_compile_options(${sanitize})
  add_link_options(${sanitize})
endif()

# A source's name in a message starts at the repository, whatever folder it was built in.
add_compile_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)

# ccache, where present. The sloppiness lets it cache files that use a precompiled header; without
# the directory in the hash, a second build folder with the same options costs nothing.
find_program(ROLLCALL_CCACHE ccache)
if(ROLLCALL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(launcher "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_NOHASHDIR=true "${ROLLCALL_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(ROLLCALL_PCH_OPTIONS -fpch-preprocess)
  else()
    set(ROLLCALL_PCH_OPTIONS "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
