# fr_library(NAME [FOLDERS FOLDER...] [SOURCES FILE...] [LINKS LIBRARY...]): one static library of
# the C files below the folders. LINKS names all that it calls: libraries below it and packages.
# A program of the whole library and of what it names shows that: a call of anything else is an
# undefined reference there.
function(fr_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FOLDERS;SOURCES;LINKS")
  set(sources ${arg_SOURCES})
  foreach(folder IN LISTS arg_FOLDERS)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.c)
    list(APPEND sources ${found})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_LINKS})
  if(FR_LTO)
    # fat: what is not optimised as one piece (tests) links the same library at once
    target_compile_options(${name} PRIVATE -flto=auto -ffat-lto-objects)
  endif()
  if(BUILD_TESTING)
    add_executable(links_${name} ${CMAKE_SOURCE_DIR}/cmake/links.c)
    target_link_libraries(links_${name} PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${name}>)
  endif()
endfunction()
