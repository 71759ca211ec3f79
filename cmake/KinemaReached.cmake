# A test that every kernel of a folder runs in another test, whose emulator writes down which do.
function(kinema_reached_test name lab sources)
  set(launches ${CMAKE_BINARY_DIR}/${lab}.launches)
  set_tests_properties(${lab} PROPERTIES ENVIRONMENT KINEMA_EMULATOR_LAUNCHES=${launches} FIXTURES_SETUP launches-of-${lab})
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -DLAUNCHES=${launches} -DSOURCES=${sources} -P ${KINEMA_NATIVE}/../cmake/reached.cmake)
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED launches-of-${lab})
endfunction()
