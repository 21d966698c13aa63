# What Rollcall takes from outside, found once. Finding links nothing: a target names what it needs.
#
#   rollcall::curl                 client-core's own transport
#   nlohmann_json::nlohmann_json   where JSON is read or written
#   rollcall::sodium               the libsodium adapter
#   rollcall::zstd                 content encoding
#   rollcall::xxhash               XXH3, header only
#   ZLIB::ZLIB                     gzip content encoding
#   rollcall::beast                Asio and Beast, compiled once (server)
#   rollcall_sqlite                SQLite (see RollcallSqlite.cmake)
#   rollcall::qrencode PNG::PNG    an invitation's QR code (server)
#   PkgConfig::tomlplusplus        the server's settings file
#   OpenSSL::SSL fmt::fmt spdlog::spdlog CLI11::CLI11
#   GTest::gmock rapidcheck benchmark::benchmark

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_path(ROLLCALL_XXHASH_INCLUDE xxhash.h REQUIRED)

add_library(rollcall::curl ALIAS CURL::libcurl)

add_library(rollcall_dep_sodium INTERFACE)
add_library(rollcall::sodium ALIAS rollcall_dep_sodium)
target_link_libraries(rollcall_dep_sodium INTERFACE PkgConfig::sodium)

add_library(rollcall_dep_zstd INTERFACE)
add_library(rollcall::zstd ALIAS rollcall_dep_zstd)
target_link_libraries(rollcall_dep_zstd INTERFACE PkgConfig::zstd)

add_library(rollcall_dep_xxhash INTERFACE)
add_library(rollcall::xxhash ALIAS rollcall_dep_xxhash)
target_include_directories(rollcall_dep_xxhash SYSTEM INTERFACE "${ROLLCALL_XXHASH_INCLUDE}")
target_compile_definitions(rollcall_dep_xxhash INTERFACE XXH_INLINE_ALL)

if(ROLLCALL_SERVER OR ROLLCALL_EXAMPLES OR ROLLCALL_BENCH)
  find_package(CLI11 REQUIRED)
  find_package(fmt REQUIRED)
endif()

if(ROLLCALL_SERVER)
  # 1.74, Debian 12's default, does not compile with coroutines on clang 16.
  find_package(Boost 1.81 REQUIRED)
  find_package(OpenSSL REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(PNG REQUIRED)
  pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
  pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)
  add_library(rollcall_dep_qrencode INTERFACE)
  add_library(rollcall::qrencode ALIAS rollcall_dep_qrencode)
  target_link_libraries(rollcall_dep_qrencode INTERFACE PkgConfig::qrencode)

  # Asio and Beast instantiate their own code here, once, and nowhere else: each file that did it
  # again would cost ten seconds and a gigabyte.
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/beast.cc" CONTENT [[
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
]])
  add_library(rollcall_dep_beast STATIC EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/beast.cc")
  add_library(rollcall::beast ALIAS rollcall_dep_beast)
  target_compile_options(rollcall_dep_beast PRIVATE -w)
  target_compile_definitions(rollcall_dep_beast PUBLIC
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
  target_link_libraries(rollcall_dep_beast PUBLIC Boost::headers Threads::Threads)
endif()

if(ROLLCALL_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()
if(ROLLCALL_BENCH)
  find_package(benchmark REQUIRED)
endif()
