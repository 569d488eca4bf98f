# Writes ${OUT}: a hash of the engine's sources in ${FOLDER}, by which compiled rules know the program
# that made them (engine/bundle.h).
file(GLOB sources "${FOLDER}/*.c" "${FOLDER}/*.h")
list(SORT sources)
set(all "")
foreach(source ${sources})
  file(SHA256 "${source}" hash)
  string(APPEND all "${hash}\n")
endforeach()
string(SHA256 id "${all}")
string(REGEX REPLACE "(..)" "0x\\1, " engine_id "${id}")
configure_file("${FOLDER}/engine_id.h.in" "${OUT}" @ONLY)
