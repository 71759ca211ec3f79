# Whether the kernels are built for devices. KINEMA_CUDA: AUTO (where nvcc is found), ON, OFF.
include(CheckLanguage)
set(KINEMA_CUDA AUTO CACHE STRING "build the kernels for NVIDIA devices: AUTO, ON or OFF")
# sm_90a has no forward compatibility: the PTX is for what comes later
set(KINEMA_CUDA_ARCHITECTURES "80-real;90a-real;90-virtual" CACHE STRING "architectures nvcc compiles for")
set(KINEMA_WITH_CUDA ${KINEMA_CUDA})
if(KINEMA_CUDA STREQUAL AUTO)
  check_language(CUDA)
  set(KINEMA_WITH_CUDA OFF)
  if(CMAKE_CUDA_COMPILER)
    set(KINEMA_WITH_CUDA ON)
  endif()
endif()
message(STATUS "kernels for NVIDIA devices: ${KINEMA_WITH_CUDA}")
