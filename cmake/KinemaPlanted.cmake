# Labs whose only cases are planted faults (native/test/planted), and the tests that hold each finder of faults to name the kernel and the line.
set(planted_source ${KINEMA_NATIVE}/test/planted/planted.cu)

# The number of the line of planted.cu that ends with the mark.
function(kinema_planted_line mark result)
  file(READ ${planted_source} text)
  string(FIND "${text}" "// PLANTED: ${mark}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${planted_source} has no line marked '// PLANTED: ${mark}'")
  endif()
  string(SUBSTRING "${text}" 0 ${at} before)
  string(REGEX MATCHALL "\n" ends "${before}")
  list(LENGTH ends line)
  math(EXPR line "${line} + 1")
  set(${result} ${line} PARENT_SCOPE)
endfunction()

# planted-lab<suffix>: the lab with nothing but the planted cases, compiled with the given options, which are those of kinema_emulate(suffix).
function(kinema_plant suffix)
  set(lab planted-lab${suffix})
  set_source_files_properties(${planted_source} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS -xc++)
  add_executable(${lab} ${planted_source} ${KINEMA_NATIVE}/lab/main.cc ${KINEMA_NATIVE}/test/planted/shapes.cc)
  target_compile_options(${lab} PRIVATE ${KINEMA_EMULATED_OPTIONS} ${ARGN})
  target_link_options(${lab} PRIVATE ${ARGN})
  target_link_libraries(${lab} PRIVATE kinema_emulator${suffix} kinema_lab_objects${suffix} Threads::Threads)
endfunction()

# The case must make the lab say what matches; "none" must pass. More arguments are options of the lab. What ThreadSanitizer needs comes from
# who includes this: `placed`, `skips`.
function(kinema_planted_test suffix case pattern)
  set(name planted-${case}${suffix})
  if(NOT suffix STREQUAL "-tsan")
    set(placed "")
    set(skips "")
  endif()
  add_test(NAME ${name} COMMAND ${placed} $<TARGET_FILE:planted-lab${suffix}> check --only planted.${case} --repeats 2 ${ARGN})
  set_tests_properties(${name} PROPERTIES PASS_REGULAR_EXPRESSION "${pattern}" ${skips})
endfunction()

kinema_planted_line(overflow overflow_line)
kinema_planted_line(race race_line)
kinema_planted_line(static static_line)

kinema_plant("")
kinema_planted_test("" none "1 checks, 0 failed")
kinema_planted_test("" overflow "FAILED planted.overflow f32 n=64 v1: memory beyond a tensor was written")
kinema_planted_test("" race "FAILED planted.race f32 n=64 v1: output 0 is off by -?nan")

kinema_planted_test("" full "FAILED planted.full f32 n=64 v2: output 0 is off by -?nan[^#]*2 checks, 1 failed" --full)
# what all variants do alike is found by samples and by inner products
kinema_planted_test("" agreed "FAILED planted.agreed f32 n=64 v1: output 0 is off by [0-9.]+ at 256 elements[^#]*1 checks, 1 failed" --full)
kinema_planted_test("" adjoint-right "1 checks, 0 failed" --full)
kinema_planted_test("" adjoint-wrong
  "FAILED planted.adjoint-wrong f32 n=64 v1: <output 0, input 1> = [^ ]+ and <output 1, input 0> = [^#]*1 checks, 1 failed" --full)
# the kernels that are wrong have not run in the lab of the one that is right
kinema_reached_test(planted-unreached planted-none ${KINEMA_NATIVE}/test/planted)
set_tests_properties(planted-unreached PROPERTIES
  PASS_REGULAR_EXPRESSION "reaches[ \n]+beyond_the_end of [^ ]*planted.cu[ \n]+beyond_the_row of [^ ]*planted.cu[ \n]+without_barrier of [^ ]*planted.cu[ \n]+add a shape")
# nor has one instance of a kernel that has run in another
file(WRITE ${CMAKE_BINARY_DIR}/instances/two.cu "template <class T> __global__ void fill(T* y);\n")
file(WRITE ${CMAKE_BINARY_DIR}/instances/launches
  "known|1|kn::fill<float>\nknown|2|kn::fill<int>\nran|1|kn::fill<float>|${CMAKE_BINARY_DIR}/instances/two.cu\n")
add_test(NAME planted-instance COMMAND ${CMAKE_COMMAND} -DLAUNCHES=${CMAKE_BINARY_DIR}/instances/launches
  -DSOURCES=${CMAKE_BINARY_DIR}/instances -P ${KINEMA_NATIVE}/../cmake/reached.cmake)
set_tests_properties(planted-instance PROPERTIES PASS_REGULAR_EXPRESSION "reaches these instances:[ \n]+2.kn::fill<int>[ \n]+add a shape")

kinema_plant(-asan ${KINEMA_SANITIZED} -fsanitize=address,undefined -fno-sanitize-recover=undefined)
kinema_planted_test(-asan none "1 checks, 0 failed")
kinema_planted_test(-asan overflow
  "heap-buffer-overflow[^#]*WRITE of size 4[^#]*#0 [^#]*beyond_the_end[^#]*planted.cu:${overflow_line}")
kinema_planted_test(-asan static "planted.cu:${static_line}:[0-9]+: runtime error: index 64 out of bounds for type 'float *\\[64\\]'")

kinema_plant(-tsan ${KINEMA_SANITIZED} -fsanitize=thread)
kinema_planted_test(-tsan none "1 checks, 0 failed")
# of the write and the read that nothing orders, either may be named first
kinema_planted_test(-tsan race
  "data race.*[Rr]ead of size 4[^#]*#0 [^#]*reverse<false>[^#]*planted.cu:${race_line}[^#]*#1 [^#]*without_barrier[^#]*planted.cu")
