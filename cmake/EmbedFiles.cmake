# fr_embed_files(OUT DIR): makes one C file that holds every file below DIR as
# bytes, with the table that src/base/embed.h declares, and puts its path in OUT.
function(fr_embed_files out dir)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/${dir}
       ${CMAKE_SOURCE_DIR}/${dir}/*)
  set(target ${CMAKE_BINARY_DIR}/embedded_${dir}.c)
  set(inputs)
  foreach(f IN LISTS files)
    list(APPEND inputs ${CMAKE_SOURCE_DIR}/${dir}/${f})
  endforeach()
  string(REPLACE ";" "\n" listing "${files}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embedded_${dir}.list CONTENT "${listing}\n")
  add_custom_command(
    OUTPUT ${target}
    COMMAND ${CMAKE_COMMAND} -DDIR=${CMAKE_SOURCE_DIR}/${dir}
            -DLIST=${CMAKE_BINARY_DIR}/embedded_${dir}.list -DOUT=${target}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${CMAKE_BINARY_DIR}/embedded_${dir}.list ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${dir}/")
  set(${out} ${target} PARENT_SCOPE)
endfunction()
