# A folder of native/kernels is a family: its .cu files are kernels, its shapes.cc registers what the lab checks. Adding a family is adding a
# folder, its header in include/kinema, and that header's line in include/kinema.h and in the presets class of the Java binding.

# Fills KINEMA_KERNELS and KINEMA_SHAPES, and writes the function that registers all families with the lab.
function(kinema_find_families)
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${KINEMA_NATIVE}/kernels/*)
  foreach(folder IN LISTS folders)
    get_filename_component(family ${folder} NAME)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cu)
    if(NOT sources)
      continue()
    endif()
    if(NOT EXISTS ${folder}/shapes.cc)
      message(FATAL_ERROR "the family ${family} has no shapes.cc: kernels that nothing checks are not built")
    endif()
    list(APPEND kernels ${sources})
    list(APPEND shapes ${folder}/shapes.cc)
    string(APPEND declarations "void register_${family}(Lab&);\n")
    string(APPEND calls "    register_${family}(lab);\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/families.cc CONTENT
    "#include \"${KINEMA_NATIVE}/lab/lab.h\"\nnamespace kn::lab {\n${declarations}void register_families(Lab& lab) {\n${calls}}\n}\n" @ONLY)
  set(KINEMA_KERNELS ${kernels} ${KINEMA_NATIVE}/runtime/runtime.cu PARENT_SCOPE)
  set(KINEMA_SHAPES ${shapes} ${CMAKE_BINARY_DIR}/families.cc PARENT_SCOPE)
endfunction()

# Objects of all kernels over the emulator, compiled with the given options, and the lab made of them:
# kinema_emulated_objects<suffix>, kinema-lab-emulated<suffix>.
function(kinema_emulate suffix)
  set(objects kinema_emulated_objects${suffix})
  add_library(${objects} OBJECT EXCLUDE_FROM_ALL ${KINEMA_KERNELS}
    ${KINEMA_NATIVE}/emulator/scheduler.cc ${KINEMA_NATIVE}/emulator/api.cc)
  # g++ takes a .cu file for C++ when it is told so
  set_source_files_properties(${KINEMA_KERNELS} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS -xc++)
  target_compile_options(${objects} PRIVATE -Wall -Wextra -Wno-unknown-pragmas -fno-strict-aliasing -ffp-contract=off ${ARGN})
  target_include_directories(${objects} PRIVATE ${CMAKE_BINARY_DIR})
  set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  add_dependencies(${objects} kinema_build_id)

  set(lab kinema-lab-emulated${suffix})
  add_executable(${lab} EXCLUDE_FROM_ALL ${KINEMA_NATIVE}/lab/main.cc ${KINEMA_NATIVE}/lab/check.cc ${KINEMA_SHAPES})
  target_compile_options(${lab} PRIVATE -Wall -Wextra -Wno-unknown-pragmas ${ARGN})
  target_link_options(${lab} PRIVATE ${ARGN})
  target_link_libraries(${lab} PRIVATE ${objects} Threads::Threads)
endfunction()
