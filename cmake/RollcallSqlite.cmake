# rollcall_sqlite: the one SQLite of every target.
#
#   -DROLLCALL_SQLITE=amalgamation   (default) built from sqlite3.c in ROLLCALL_SQLITE_DIR
#   -DROLLCALL_SQLITE_DIR=DIR        a folder with sqlite3.c and sqlite3.h; `./dev deps` fills the default
#   -DROLLCALL_SQLITE=system         the system's library
#   -DROLLCALL_SQLITE=encrypted      SQLite3 Multiple Ciphers' amalgamation: replicas may have a key

set(ROLLCALL_SQLITE amalgamation CACHE STRING "amalgamation, system or encrypted")
set_property(CACHE ROLLCALL_SQLITE PROPERTY STRINGS amalgamation system encrypted)
set(sqlite_folder sqlite-3.53.2)
if(ROLLCALL_SQLITE STREQUAL "encrypted")
  set(sqlite_folder sqlite3mc-3.53.2)
endif()
set(ROLLCALL_SQLITE_DIR "${PROJECT_SOURCE_DIR}/build/deps/${sqlite_folder}" CACHE PATH
  "Folder with sqlite3.c and sqlite3.h")

# Before 3.51.3 a checkpoint and a write on two connections of one WAL could, rarely, corrupt it.
set(ROLLCALL_SQLITE_SAFE 3.51.3)

if(ROLLCALL_SQLITE STREQUAL "system")
  find_package(SQLite3 REQUIRED)
  if(SQLite3_VERSION VERSION_LESS ROLLCALL_SQLITE_SAFE)
    message(WARNING "SQLite ${SQLite3_VERSION} of this system is older than "
      "${ROLLCALL_SQLITE_SAFE}: two connections on one WAL can, rarely, corrupt the file. Use "
      "./dev, or -DROLLCALL_SQLITE_DIR=DIR with a newer sqlite3.c, for data that matters.")
  endif()
  add_library(rollcall_sqlite INTERFACE)
  target_link_libraries(rollcall_sqlite INTERFACE SQLite::SQLite3)
elseif(ROLLCALL_SQLITE MATCHES "^(amalgamation|encrypted)$")
  if(NOT EXISTS "${ROLLCALL_SQLITE_DIR}/sqlite3.c")
    message(FATAL_ERROR "No sqlite3.c in ${ROLLCALL_SQLITE_DIR}. Run ./dev deps (for encrypted: ./dev deps --encrypted), or name a folder "
      "that has sqlite3.c and sqlite3.h with -DROLLCALL_SQLITE_DIR=DIR, or use the system's "
      "library with -DROLLCALL_SQLITE=system.")
  endif()
  add_library(rollcall_sqlite STATIC "${ROLLCALL_SQLITE_DIR}/sqlite3.c")
  set_target_properties(rollcall_sqlite PROPERTIES UNITY_BUILD OFF)
  target_include_directories(rollcall_sqlite SYSTEM PUBLIC "${ROLLCALL_SQLITE_DIR}")
  target_link_libraries(rollcall_sqlite PUBLIC Threads::Threads ${CMAKE_DL_LIBS} m)
  target_compile_options(rollcall_sqlite PRIVATE -w)
  if(NOT ROLLCALL_SANITIZE)
    target_compile_options(rollcall_sqlite PRIVATE -O2)
  elseif(ROLLCALL_SANITIZE STREQUAL "address")
    # What is undefined in SQLite is not ours to find, and looking for it doubles the time to build.
    target_compile_options(rollcall_sqlite PRIVATE -fno-sanitize=undefined)
  endif()
  target_compile_definitions(rollcall_sqlite PRIVATE
    # Many connections on many threads, each on one thread at a time: no mutex per call.
    SQLITE_THREADSAFE=2
    SQLITE_DQS=0
    # Keys and people lie in these files: nobody but their owner reads them.
    SQLITE_DEFAULT_FILE_PERMISSIONS=0600
    SQLITE_DEFAULT_MEMSTATUS=0
    SQLITE_DISABLE_PAGECACHE_OVERFLOW_STATS
    SQLITE_DEFAULT_WAL_SYNCHRONOUS=2
    SQLITE_LIKE_DOESNT_MATCH_BLOBS
    SQLITE_OMIT_DEPRECATED
    SQLITE_OMIT_LOAD_EXTENSION
    SQLITE_OMIT_SHARED_CACHE
    SQLITE_USE_ALLOCA
    SQLITE_ENABLE_DBSTAT_VTAB
    SQLITE_ENABLE_FTS5
    # What SQLite's configure script would find. Without them it waits whole seconds for a lock and
    # flushes metadata that nobody needs.
    HAVE_FDATASYNC=1 HAVE_USLEEP=1 HAVE_PREAD=1 HAVE_PWRITE=1 HAVE_LOCALTIME_R=1 HAVE_GMTIME_R=1
    HAVE_ISNAN=1 HAVE_STRERROR_R=1)
  if(ROLLCALL_SQLITE STREQUAL "encrypted")
    # One cipher: ChaCha20-Poly1305, with a key and a tag for each page.
    target_compile_definitions(rollcall_sqlite PRIVATE
      CODEC_TYPE=CODEC_TYPE_CHACHA20 HAVE_CIPHER_CHACHA20=1
      HAVE_CIPHER_AES_128_CBC=0 HAVE_CIPHER_AES_256_CBC=0 HAVE_CIPHER_SQLCIPHER=0
      HAVE_CIPHER_RC4=0 HAVE_CIPHER_ASCON128=0 HAVE_CIPHER_AEGIS=0)
  endif()
else()
  message(FATAL_ERROR "ROLLCALL_SQLITE is '${ROLLCALL_SQLITE}': use amalgamation, system or encrypted")
endif()
