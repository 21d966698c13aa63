# How a folder declares what it builds.

include(GoogleTest)

# Sources that name no folder lie beside the CMakeLists.txt that lists them.
function(_rollcall_common name)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE rollcall_warnings)
endfunction()

# rollcall_library(NAME SOURCES file... [LINK_PUBLIC target...] [LINK_PRIVATE target...])
#
# A static library: one folder, one layer. Includes are rooted at the repository
# ("engine/base/result.h"). LINK_PUBLIC is what its headers include, LINK_PRIVATE what only its .cc
# files do. Without SOURCES it is header only.
function(rollcall_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK_PUBLIC;LINK_PRIVATE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rollcall_library(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_SOURCES)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} INTERFACE ${arg_LINK_PUBLIC} ${arg_LINK_PRIVATE})
    return()
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  _rollcall_common(${name})
  target_include_directories(${name} INTERFACE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${arg_LINK_PUBLIC} PRIVATE ${arg_LINK_PRIVATE})
endfunction()

# rollcall_program(NAME SOURCES file... [LINK target...] [OUTPUT_NAME name] [NO_INSTALL])
#
# A program, in bin/ of the build folder, installed unless it says otherwise.
function(rollcall_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_INSTALL" "OUTPUT_NAME" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rollcall_program(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${name} ${arg_SOURCES})
  _rollcall_common(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin"
    INSTALL_RPATH "$ORIGIN/../lib:$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  if(arg_OUTPUT_NAME)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME "${arg_OUTPUT_NAME}")
  endif()
  add_dependencies(rollcall_programs ${name})
  if(NOT arg_NO_INSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endfunction()

# rollcall_shared_library(NAME OUTPUT_NAME name SOURCES file... [LINK target...] [WHOLE target...]
#                         HEADERS file...)
#
# The shared library that others load. It exports rollcall_* and nothing else, has a SOVERSION, and
# is installed with its public headers. WHOLE names static libraries of which every object is taken,
# so that functions which nothing inside calls are there.
function(rollcall_shared_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_NAME" "SOURCES;LINK;WHOLE;HEADERS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rollcall_shared_library(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(exports "${PROJECT_SOURCE_DIR}/cmake/exports.map")
  add_library(${name} SHARED ${arg_SOURCES})
  add_library(rollcall::rollcall ALIAS ${name})
  _rollcall_common(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  foreach(whole IN LISTS arg_WHOLE)
    target_link_libraries(${name} PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${whole}>")
  endforeach()
  target_link_options(${name} PRIVATE "LINKER:--version-script=${exports}" "LINKER:--gc-sections")
  if(NOT ROLLCALL_SANITIZE)
    target_link_options(${name} PRIVATE "LINKER:-z,defs")
  endif()
  set_target_properties(${name} PROPERTIES
    OUTPUT_NAME "${arg_OUTPUT_NAME}"
    EXPORT_NAME rollcall
    VERSION "${PROJECT_VERSION}"
    SOVERSION "${PROJECT_VERSION_MAJOR}"
    LINK_DEPENDS "${exports}"
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  target_include_directories(${name} INTERFACE
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_compile_features(${name} INTERFACE cxx_std_20)
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  install(TARGETS ${name} EXPORT rollcallTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" NAMELINK_COMPONENT development
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
  set_property(GLOBAL PROPERTY ROLLCALL_SHARED_LIBRARY ${name})
endfunction()

# rollcall_test(NAME SOURCES file... [LINK target...] [SANITIZE address|thread...] [TIMEOUT s]
#               [SERIAL])
#
# A GoogleTest program (main, gmock and a precompiled header come with it) whose every case is a
# CTest entry, named and labelled by its folder: engine/merge/MergeTest.IsIdempotent. SANITIZE also
# builds it under those sanitizers, and adds one entry that runs the whole program there. SERIAL:
# measures time, so nothing runs beside it.
function(rollcall_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "SOURCES;LINK;SANITIZE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rollcall_test(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ROLLCALL_TESTS OR (ROLLCALL_SANITIZE AND NOT ROLLCALL_SANITIZE IN_LIST arg_SANITIZE))
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}")
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")

  add_executable(${name} ${arg_SOURCES})
  _rollcall_common(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${ROLLCALL_PCH_OPTIONS})
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    list(TRANSFORM rollcall_test_includes PREPEND "SHELL:-include " OUTPUT_VARIABLE includes)
    target_compile_options(${name} PRIVATE ${includes})
  else()
    target_precompile_headers(${name} REUSE_FROM rollcall_test_header)
  endif()
  set_target_properties(${name} PROPERTIES
    UNITY_BUILD OFF
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/${folder}")
  add_dependencies(rollcall_tests ${name})
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    TEST_PREFIX "${folder}/"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES LABELS "${folder}" TIMEOUT "${arg_TIMEOUT}" RUN_SERIAL "${arg_SERIAL}")

  if(ROLLCALL_TREE_CHECKS)
    foreach(sanitizer IN LISTS arg_SANITIZE)
      _rollcall_sanitized(${name} ${folder} ${sanitizer} ${arg_TIMEOUT})
    endforeach()
  endif()
endfunction()

# rollcall_check(NAME COMMAND word... [TIMEOUT s] [PROCESSORS n] [SERIAL] [NEEDS fixture...])
#
# Any other command as a CTest entry, named and labelled by its folder like the cases of
# rollcall_test, and run from the repository's root.
function(rollcall_check name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT;PROCESSORS" "COMMAND;NEEDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rollcall_check(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ROLLCALL_TESTS OR ROLLCALL_SANITIZE)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}")
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME "${folder}/${name}" COMMAND ${arg_COMMAND}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${folder}/${name}" PROPERTIES
    LABELS "${folder}" TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS}
    RUN_SERIAL "${arg_SERIAL}" FIXTURES_REQUIRED "${arg_NEEDS}")
endfunction()

function(_rollcall_sanitized name folder sanitizer timeout)
  if(sanitizer STREQUAL "address")
    set(preset asan)
  elseif(sanitizer STREQUAL "thread")
    set(preset tsan)
  else()
    message(FATAL_ERROR "rollcall_test(${name}): SANITIZE ${sanitizer} is neither address nor thread")
  endif()
  math(EXPR timeout "${timeout} * 10")
  add_test(NAME "${preset}/${folder}/${name}"
    COMMAND "${PROJECT_SOURCE_DIR}/tests/build/run_sanitized"
      "${PROJECT_SOURCE_DIR}/build/${preset}/tests/${folder}/${name}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${preset}/${folder}/${name}" PROPERTIES
    LABELS "${preset};${folder}" FIXTURES_REQUIRED ${preset}_build TIMEOUT ${timeout})
endfunction()

include(GNUInstallDirs)
add_custom_target(rollcall_programs)

if(ROLLCALL_TESTS)
  add_custom_target(rollcall_tests)
  # What every test includes, precompiled or not.
  set(rollcall_test_includes
    gmock/gmock.h gtest/gtest.h
    algorithm cstdint map memory optional span string string_view vector)
  # An executable, as the tests are: a precompiled header serves only what is compiled the same way.
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/test_header.cc" CONTENT "")
  add_executable(rollcall_test_header EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/test_header.cc")
  set_target_properties(rollcall_test_header PROPERTIES UNITY_BUILD OFF)
  _rollcall_common(rollcall_test_header)
  target_link_libraries(rollcall_test_header PRIVATE GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_options(rollcall_test_header PRIVATE ${ROLLCALL_PCH_OPTIONS})
  list(TRANSFORM rollcall_test_includes REPLACE "(.+)" "<\\1>" OUTPUT_VARIABLE includes)
  target_precompile_headers(rollcall_test_header PRIVATE ${includes})
endif()
