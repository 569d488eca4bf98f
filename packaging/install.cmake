# What `cmake --install` puts where, and the Debian package that cpack makes of it (docs/packaging.md).
# `bootstrap` is no command that anybody types: it goes where a package keeps its own programs.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(man_page "${CMAKE_BINARY_DIR}/packaging/trailwarden.1")
set(man_sources "${CMAKE_SOURCE_DIR}/packaging/trailwarden.1.in" "${CMAKE_SOURCE_DIR}/docs/cli.md")
set(version_day 2026-11-25) # of the version in project(); the manual page names it
add_custom_command(OUTPUT "${man_page}"
  COMMAND Python3::Interpreter "${CMAKE_SOURCE_DIR}/packaging/man.py" ${man_sources}
    "${PROJECT_VERSION}" "${version_day}" "${man_page}"
  DEPENDS ${man_sources} "${CMAKE_SOURCE_DIR}/packaging/man.py"
  VERBATIM)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/packaging")
add_custom_target(man ALL DEPENDS "${man_page}")

install(TARGETS trailwarden RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS bootstrap RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/trailwarden"
  COMPONENT function)
install(DIRECTORY rules/ DESTINATION "${CMAKE_INSTALL_DATADIR}/trailwarden/rules")
install(FILES "${man_page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES packaging/trailwarden.bash RENAME trailwarden
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES packaging/_trailwarden DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
install(FILES LICENSE README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES LICENSE RENAME copyright DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/docs" FILES_MATCHING PATTERN "*.md")

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL Unspecified) # the program for the laptop; the function is deployed by SAM
set(CPACK_PACKAGE_NAME trailwarden)
set(CPACK_PACKAGE_CONTACT "trailwarden's maintainers <maintainers@trailwarden.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "find attacks in logs of AWS and around it, and contain them")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_NAME trailwarden)
set(CPACK_DEBIAN_UNSPECIFIED_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_UNSPECIFIED_DESCRIPTION
  "Reads logs of CloudTrail, Kubernetes, GitHub, Okta and VPC flows from folders or S3, evaluates\\n Sigma and Falco rules and correlations over time, tells what they find, and takes the\\n permissions of intruders in AWS away.")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
include(CPack)
