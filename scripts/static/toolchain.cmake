# Builds for TRAILWARDEN_ARCH with Debian's compiler for it and what scripts/static/deps has put in
# TRAILWARDEN_ROOT; nothing else of this machine is found.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TRAILWARDEN_ARCH TRAILWARDEN_ROOT)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "${TRAILWARDEN_ARCH}")
set(CMAKE_LIBRARY_ARCHITECTURE "${TRAILWARDEN_ARCH}-linux-gnu")
set(CMAKE_C_COMPILER "${TRAILWARDEN_ARCH}-linux-gnu-gcc")
set(CMAKE_SYSROOT "${TRAILWARDEN_ROOT}")
# A compiler for another architecture has a C library of its own, which would come first, and which
# gets none of Debian's security updates.
set(libraries "${TRAILWARDEN_ROOT}/usr/lib/${TRAILWARDEN_ARCH}-linux-gnu")
# LLVM's linker packs relocations for aarch64 as well, which GNU's of Debian 12 cannot: half a megabyte.
# A compiler for another architecture looks for it in folders that are named, not in the PATH's.
find_program(linker ld.lld REQUIRED)
file(REAL_PATH "${linker}" linker_file)
get_filename_component(linker_folder "${linker_file}" DIRECTORY)
set(CMAKE_C_FLAGS_INIT "-fPIE")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld -B${linker_folder} -static-pie -B${libraries} -L${libraries}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR}
  "${libraries}/pkgconfig:${TRAILWARDEN_ROOT}/usr/share/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${TRAILWARDEN_ROOT}")
