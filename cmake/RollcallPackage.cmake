# The Debian package: cpack -G DEB --config BUILD/CPackConfig.cmake. packaging/PACKAGE.md tells what
# is in it. What only it has is the component `service`, which `cmake --install` leaves out.

set(packaging "${PROJECT_SOURCE_DIR}/packaging")
install(FILES "${packaging}/rollcall.service" "${packaging}/rollcall-backup.service"
  "${packaging}/rollcall-backup.timer"
  DESTINATION lib/systemd/system COMPONENT service EXCLUDE_FROM_ALL)
install(PROGRAMS "${packaging}/backup" DESTINATION lib/rollcall COMPONENT service EXCLUDE_FROM_ALL)
install(FILES "${packaging}/sysusers.conf" DESTINATION lib/sysusers.d RENAME rollcall.conf
  COMPONENT service EXCLUDE_FROM_ALL)
install(FILES "${packaging}/server.toml" DESTINATION /etc/rollcall
  COMPONENT service EXCLUDE_FROM_ALL)
install(FILES "${packaging}/PACKAGE.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  COMPONENT service EXCLUDE_FROM_ALL)
file(WRITE "${PROJECT_BINARY_DIR}/package/conffiles" "/etc/rollcall/server.toml\n")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rollcall)
set(CPACK_PACKAGE_VENDOR "The Rollcall authors")
set(CPACK_PACKAGE_CONTACT "The Rollcall authors <rollcall@example.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Offline-first sync engine for field organizing")
set(CPACK_PACKAGE_DESCRIPTION "A server with one SQLite file per tenant, and replicas that work \
without a signal and converge when there is one.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# All but what other programs are built with.
set(CPACK_COMPONENTS_ALL Unspecified service)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/lib")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${packaging}/postinst" "${packaging}/prerm"
  "${packaging}/postrm" "${PROJECT_BINARY_DIR}/package/conffiles")
include(CPack)
