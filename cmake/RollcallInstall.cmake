# cmake --install: programs and the shared library install themselves where they are declared; here
# are the schema and what lets another build find the library.

include(CMakePackageConfigHelpers)

install(DIRECTORY "${PROJECT_SOURCE_DIR}/schema/" DESTINATION "${CMAKE_INSTALL_DATADIR}/rollcall/schema"
  FILES_MATCHING PATTERN "*.json")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/THIRD-PARTY.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")

get_property(shared_library GLOBAL PROPERTY ROLLCALL_SHARED_LIBRARY)
if(shared_library)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/rollcall")
  install(EXPORT rollcallTargets NAMESPACE rollcall:: DESTINATION "${package_dir}"
    COMPONENT development)
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/rollcallConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/rollcallConfig.cmake" INSTALL_DESTINATION "${package_dir}")
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/rollcallConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/rollcallConfig.cmake"
    "${PROJECT_BINARY_DIR}/rollcallConfigVersion.cmake" DESTINATION "${package_dir}"
    COMPONENT development)

  # ${pcfiledir} keeps the file true wherever the tree is moved.
  cmake_path(SET pc_dir "/${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  cmake_path(RELATIVE_PATH pc_dir BASE_DIRECTORY "/" OUTPUT_VARIABLE pc_rel)
  string(REGEX REPLACE "[^/]+" ".." pc_to_prefix "${pc_rel}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/rollcall.pc.in" "${PROJECT_BINARY_DIR}/rollcall.pc"
    @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/rollcall.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
endif()

if(ROLLCALL_SERVER AND PROJECT_IS_TOP_LEVEL)
  include(RollcallPackage)
endif()
