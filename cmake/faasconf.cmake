# House rules of the build: flags, sanitizers, and one function per kind of target.
# A library sees include/ and the folders of the libraries it names in DEPS, nothing else, so that a wrong include does
# not compile.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(FAASCONF_CCACHE ccache)
if(FAASCONF_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${FAASCONF_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FAASCONF_CCACHE})
endif()

add_library(faasconf_flags INTERFACE)
target_include_directories(faasconf_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
# POSIX names under -std=c17; no fused multiply-add that the source does not spell (bit-identical decisions).
target_compile_definitions(faasconf_flags INTERFACE _GNU_SOURCE FAASCONF_VERSION="${PROJECT_VERSION}")
target_compile_options(faasconf_flags INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off;-fno-math-errno>)
set(FAASCONF_WARNINGS_C -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2)
set(FAASCONF_WARNINGS_CXX -Wall -Wextra -Wshadow)
if(FAASCONF_WERROR)
  list(APPEND FAASCONF_WARNINGS_C -Werror)
  list(APPEND FAASCONF_WARNINGS_CXX -Werror)
endif()
target_compile_options(faasconf_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:${FAASCONF_WARNINGS_C}>
                                                $<$<COMPILE_LANGUAGE:CXX>:${FAASCONF_WARNINGS_CXX}>)
if(FAASCONF_SANITIZE)
  target_compile_options(faasconf_flags INTERFACE -fsanitize=${FAASCONF_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
  target_link_options(faasconf_flags INTERFACE -fsanitize=${FAASCONF_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(faasconf_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C,CXX>:-fstack-protector-strong;-fstack-clash-protection;-fcf-protection=full>)
  target_compile_definitions(faasconf_flags INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(faasconf_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

# CUDA is optional. Sanitizers are for the host's code only: no device code in their builds.
set(FAASCONF_HAS_CUDA OFF)
if(NOT FAASCONF_CUDA STREQUAL "OFF" AND NOT FAASCONF_SANITIZE)
  include(CheckLanguage)
  find_program(FAASCONF_NVCC nvcc PATHS /usr/local/cuda/bin) # the toolkit's own place is often not on the PATH
  if(FAASCONF_NVCC AND NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    set(CMAKE_CUDA_COMPILER ${FAASCONF_NVCC})
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_ARCHITECTURES 80 90)
    enable_language(CUDA)
    set(CMAKE_CUDA_STANDARD 17)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    string(REPLACE "-DNDEBUG" "" CMAKE_CUDA_FLAGS_RELEASE "${CMAKE_CUDA_FLAGS_RELEASE}") # asserts stay on
    set(FAASCONF_HAS_CUDA ON)
  elseif(FAASCONF_CUDA STREQUAL "ON")
    message(FATAL_ERROR "FAASCONF_CUDA=ON, but there is no CUDA compiler: install the CUDA toolkit and put nvcc on the "
                        "PATH, or set CUDACXX to it")
  endif()
endif()

# faasconf_library(NAME SOURCES a.c ... DEPS fc_core ... PRIVATE_DEPS ... PKG libzmq ...)
# PKG: pkg-config modules, visible to this library only (third-party headers stay in one place).
function(faasconf_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS;PKG;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC faasconf_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} ${ARG_LIBS})
  foreach(module IN LISTS ARG_PKG)
    string(MAKE_C_IDENTIFIER ${module} id)
    if(NOT TARGET PkgConfig::FC_${id})
      pkg_check_modules(FC_${id} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    endif()
    target_link_libraries(${name} PRIVATE PkgConfig::FC_${id})
  endforeach()
endfunction()

# faasconf_program(NAME SOURCES main.c DEPS ...)
function(faasconf_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE faasconf_flags ${ARG_DEPS} ${ARG_LIBS})
endfunction()

# faasconf_test(NAME SOURCES test_x.cc DEPS ... LABEL unit [TIMEOUT s] [THREADS] [TSAN])
# One CTest entry per TEST(). Label: unit, golden, flow, fault, fuzz, web, platform or gpu. THREADS marks tests that
# also run under ThreadSanitizer (their label ends with "threads").
function(faasconf_test name)
  cmake_parse_arguments(ARG "THREADS" "LABEL;TIMEOUT" "SOURCES;DEPS;LIBS;NEEDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE faasconf_flags faasconf_test_support ${ARG_DEPS} ${ARG_LIBS} GTest::gmock
                                        GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM faasconf_test_support)
  if(ARG_NEEDS)
    add_dependencies(${name} ${ARG_NEEDS})
  endif()
  set(labels ${ARG_LABEL})
  if(ARG_THREADS)
    string(APPEND labels " threads") # one label: gtest_discover_tests takes a list of them apart
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${labels}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# One line per optional part, so that a builder sees what this build contains.
function(faasconf_summary)
  message(STATUS "faasconf ${PROJECT_VERSION}: ${CMAKE_BUILD_TYPE}"
                 " sanitizers=[${FAASCONF_SANITIZE}] tests=${FAASCONF_TESTS} bench=${FAASCONF_BENCH}"
                 " cuda=${FAASCONF_HAS_CUDA} platform-sim=${FAASCONF_PLATFORM_SIM} fuzz=${FAASCONF_FUZZ}")
endfunction()
