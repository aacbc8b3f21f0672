# Language level, warnings and sanitizers of lepton's own targets.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

find_program(LEPTON_CCACHE ccache)
if(LEPTON_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LEPTON_CCACHE}")
endif()

set(LEPTON_SANITIZE "" CACHE STRING "address,undefined or thread; with fuzzer-no-link in front for tests/fuzz; empty for none")
if(LEPTON_SANITIZE)
  add_compile_options(-fsanitize=${LEPTON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LEPTON_SANITIZE})
  if(LEPTON_SANITIZE MATCHES thread)
    # ThreadSanitizer does not see fences. Asio has some beside its locks; lepton has none.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()

option(LEPTON_FAULTS "fault points that a test can order to fail (docs/failure.md); never in what is shipped" OFF)

add_library(lepton_warnings INTERFACE)
target_compile_options(lepton_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Wunused-result -Werror
  # g++ 12 reports these in its own library headers once it inlines std::expected, std::variant and std::string.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds>)
