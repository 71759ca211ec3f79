# A folder of native/kernels is a family: its .cu files are kernels, its shapes.cc registers what the lab checks, with *_shapes.cc beside it
# where that is much. Adding a family is adding a folder, its header in include/kinema, and that header's line in include/kinema.h and in the
# presets class of the Java binding.

# Fills KINEMA_FAMILIES, KINEMA_KERNELS and KINEMA_SHAPES, and writes the function that registers all families with the lab.
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
    list(APPEND families ${family})
    list(APPEND kernels ${sources})
    file(GLOB others CONFIGURE_DEPENDS ${folder}/*_shapes.cc)
    list(APPEND shapes ${folder}/shapes.cc ${others})
    string(APPEND declarations "void register_${family}(Lab&);\n")
    string(APPEND calls "    register_${family}(lab);\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/families.cc CONTENT
    "#include \"${KINEMA_NATIVE}/lab/lab.h\"\nnamespace kn::lab {\n${declarations}void register_families(Lab& lab) {\n${calls}}\n}\n" @ONLY)
  set(KINEMA_FAMILIES ${families} PARENT_SCOPE)
  set(KINEMA_KERNELS ${kernels} PARENT_SCOPE)
  set(KINEMA_SHAPES ${shapes} ${CMAKE_BINARY_DIR}/families.cc PARENT_SCOPE)
endfunction()

# All kernels over the emulator, compiled with the given options, and the lab made of them, in parts that other programs are made of, too:
# kinema_emulator<suffix> (emulator and runtime), kinema_emulated_objects<suffix> (kernels), kinema_lab_objects<suffix> (the lab but its
# command line), kinema-lab-emulated<suffix>.
function(kinema_emulate suffix)
  add_library(kinema_emulator${suffix} OBJECT EXCLUDE_FROM_ALL ${KINEMA_RUNTIME}
    ${KINEMA_NATIVE}/emulator/api.cc ${KINEMA_NATIVE}/emulator/fiber.cc ${KINEMA_NATIVE}/emulator/grid.cc
    ${KINEMA_NATIVE}/emulator/scheduler.cc)
  add_library(kinema_emulated_objects${suffix} OBJECT EXCLUDE_FROM_ALL ${KINEMA_KERNELS})
  add_library(kinema_lab_objects${suffix} OBJECT EXCLUDE_FROM_ALL ${KINEMA_LAB})
  # g++ takes a .cu file for C++ when it is told so
  set_source_files_properties(${KINEMA_RUNTIME} ${KINEMA_KERNELS} ${KINEMA_LAB} PROPERTIES LANGUAGE CXX)
  set_source_files_properties(${KINEMA_RUNTIME} ${KINEMA_KERNELS} ${KINEMA_LAB_KERNELS} PROPERTIES COMPILE_OPTIONS -xc++)
  foreach(objects kinema_emulator${suffix} kinema_emulated_objects${suffix} kinema_lab_objects${suffix})
    target_compile_options(${objects} PRIVATE ${KINEMA_EMULATED_OPTIONS} ${ARGN})
    set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endforeach()
  target_include_directories(kinema_emulator${suffix} PRIVATE ${CMAKE_BINARY_DIR})
  add_dependencies(kinema_emulator${suffix} kinema_build_id)

  set(lab kinema-lab-emulated${suffix})
  add_executable(${lab} EXCLUDE_FROM_ALL ${KINEMA_NATIVE}/lab/main.cc ${KINEMA_SHAPES})
  target_compile_options(${lab} PRIVATE ${KINEMA_EMULATED_OPTIONS} ${ARGN})
  target_link_options(${lab} PRIVATE ${ARGN})
  target_link_libraries(${lab} PRIVATE kinema_emulated_objects${suffix} kinema_emulator${suffix} kinema_lab_objects${suffix} Threads::Threads)
endfunction()
