# lepton_library(name [DEPS folder ...] [LIBS target ...])
#
# One folder of src/ is one library: every .cpp below it, except *_test.cpp, goes into the target lepton_<name>;
# every *_test.cpp into the test program <name>_test. DEPS are other folders (the same edges as in src/layers.txt),
# LIBS third-party targets. Headers are checked to compile alone (target all_verify_interface_header_sets).
# A new file needs no change here.
function(lepton_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  set(folder "${CMAKE_SOURCE_DIR}/src/${name}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS "${folder}/*_test.cpp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${folder}/*.hpp")
  list(REMOVE_ITEM sources ${tests} "")

  set(target lepton_${name})
  list(TRANSFORM ARG_DEPS PREPEND lepton_)
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE lepton_warnings)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(${target} ${scope} ${ARG_DEPS} ${ARG_LIBS})
  if(headers)
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}/src" FILES ${headers})
  endif()
  if(tests)
    lepton_test(${name}_test SOURCES ${tests} DEPS ${name})
  endif()
endfunction()

# lepton_test(name SOURCES file ... [DEPS folder ...] [LIBS target ...] [TIMEOUT seconds] [SLOW]): a GoogleTest
# program. SLOW ones, and other tests with the label "slow", run only in `./dev test --slow`.
function(lepton_test name)
  cmake_parse_arguments(ARG "SLOW" "TIMEOUT" "SOURCES;DEPS;LIBS" ${ARGN})
  list(TRANSFORM ARG_DEPS PREPEND lepton_)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} ${ARG_LIBS} lepton_warnings GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE LEPTON_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # What is tested is built as it ships; the tests themselves rather build fast.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SLOW)
    set_tests_properties(${name} PROPERTIES LABELS slow)
  endif()
endfunction()
