/* Kinema's kernels: the whole C interface between them and Java. The Java binding is parsed from this file and those it includes.
 *
 * Rules, which every family's header keeps:
 *  - C only, fixed-width integers. Addresses on the device are kn_dptr; streams, events and graphs are kn_handle. 0 is "none".
 *  - A function of a family is named kn_<family>_<what> and takes its outputs, inputs, sizes, scalars, dtypes, workspace, stream, in this
 *    order, flat. Sizes are int64_t. It checks its arguments, puts its work on the stream and returns; it never allocates, never waits,
 *    never reads the environment, and can be captured into a graph.
 *  - Where it needs memory in passing, kn_<family>_<what>_workspace(sizes...) says how many bytes; -1 with an error set if the sizes are bad.
 *  - It returns KN_OK, an error of CUDA (> 0) or one of ours (< 0); kn_last_error() then says in a sentence what was wrong, for this thread.
 *  - An optional address is 0 where the thing is absent; the comment says so.
 *  - A size of 0 elements is no error: nothing is done.
 *  - What only the device can see to be wrong, as an index that is none, is said in a fault word, one I64: 0 until a kernel stores
 *    2^32 + the 32 bits of the number there.
 *  - Tensors are dense, row by row, channels last; addresses are aligned to 16 bytes, as the runtime and memory plans give them.
 */
#ifndef KINEMA_H
#define KINEMA_H

#include <stdint.h>

#define KN_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Raised with every change of a signature or a meaning. */
#define KN_ABI_VERSION 2

typedef int32_t kn_status;
typedef int32_t kn_dtype;
typedef uint64_t kn_dptr;
typedef uint64_t kn_handle;

#define KN_OK 0
#define KN_INVALID_ARGUMENT (-1)
#define KN_UNSUPPORTED (-2)

#define KN_F32 0
#define KN_BF16 1
#define KN_I32 2
#define KN_I64 3
#define KN_U8 4

/* ---- the library: these never fail */

KN_API int32_t kn_abi_version(void);
/* A hash of the sources it was built from. */
KN_API const char* kn_build_id(void);
/* 1 where the kernels run in software on the processor. */
KN_API int32_t kn_is_emulated(void);
/* What went wrong in this thread's last call that failed; valid until its next one. */
KN_API const char* kn_last_error(void);
/* How many memories, streams, events and graphs are alive that were made here. */
KN_API int64_t kn_live_objects(void);

/* ---- devices */

#define KN_COMPUTE_CAPABILITY 0 /* 90 for 9.0 */
#define KN_MULTIPROCESSORS 1
#define KN_MEMORY_TOTAL 2       /* bytes */
#define KN_MEMORY_FREE 3        /* bytes, now */
#define KN_L2_BYTES 4
#define KN_DRIVER_VERSION 5     /* 13000 for 13.0; 0 where there is none */
#define KN_RUNTIME_VERSION 6
#define KN_SHARED_MEMORY 7      /* bytes that a block can ask for: 163 KB on 8.0, 99 KB on 8.6, 8.9 and 12.x, 227 KB on 9.0 */

/* How many devices there are; 0, with the reason in kn_last_error(), where there is no driver. */
KN_API int32_t kn_device_count(void);
/* The device's name; NULL if there is none of that number. */
KN_API const char* kn_device_name(int32_t device);
/* One of the properties above; -1 on failure. */
KN_API int64_t kn_device_property(int32_t device, int32_t property);
/* What this thread does next, it does on that device. */
KN_API kn_status kn_device_use(int32_t device);
/* An error while any thread captures a stream, whose capture is then lost; so is work on the default stream. */
KN_API kn_status kn_device_synchronize(void);

/* ---- memory */

/* Bytes on the device, aligned to 256, contents unspecified; 0 on failure. */
KN_API kn_dptr kn_memory_allocate(int64_t bytes);
KN_API kn_status kn_memory_free(kn_dptr address);
/* Sets every byte. */
KN_API kn_status kn_memory_set(kn_dptr address, int32_t byte, int64_t bytes, kn_handle stream);
/* Memory of the host that the device copies from and to without a detour; an address of the host, 0 on failure. */
KN_API uint64_t kn_host_allocate(int64_t bytes);
KN_API kn_status kn_host_free(uint64_t address);
/* Asynchronous where the host's memory is from kn_host_allocate. */
KN_API kn_status kn_copy_to_device(kn_dptr target, uint64_t host, int64_t bytes, kn_handle stream);
KN_API kn_status kn_copy_to_host(uint64_t host, kn_dptr source, int64_t bytes, kn_handle stream);
KN_API kn_status kn_copy(kn_dptr target, kn_dptr source, int64_t bytes, kn_handle stream);

/* ---- streams and events */

/* Does not wait for the default stream; 0 on failure. */
KN_API kn_handle kn_stream_create(void);
KN_API kn_status kn_stream_destroy(kn_handle stream);
KN_API kn_status kn_stream_synchronize(kn_handle stream);
/* What is put on the stream from now on waits for the event. */
KN_API kn_status kn_stream_wait(kn_handle stream, kn_handle event);
KN_API kn_handle kn_event_create(void);
KN_API kn_status kn_event_destroy(kn_handle event);
KN_API kn_status kn_event_record(kn_handle event, kn_handle stream);
KN_API kn_status kn_event_synchronize(kn_handle event);
/* Milliseconds between two events that have happened; negative on failure. */
KN_API float kn_event_elapsed(kn_handle from, kn_handle to);

/* ---- graphs: what is put on a stream between begin and end is remembered and not done */

KN_API kn_status kn_graph_begin(kn_handle stream);
/* The graph, ready to launch; 0 on failure. */
KN_API kn_handle kn_graph_end(kn_handle stream);
KN_API kn_status kn_graph_launch(kn_handle graph, kn_handle stream);
KN_API kn_status kn_graph_destroy(kn_handle graph);

/* ---- names for profilers (NVTX): what this thread puts on streams from push to pop */

/* How many ranges this one lies in; negative where no profiler listens. */
KN_API int32_t kn_range_push(const char* name);
KN_API int32_t kn_range_pop(void);

/* ---- the emulator's device, for tests of what happens in trouble */

#define KN_EMULATED_MEMORY 0     /* bytes of memory it has; 16 GiB at first */
#define KN_EMULATED_DEVICES 1    /* how many there are; 1 at first */
#define KN_EMULATED_DRIVER 2     /* the driver's version, 0 for no driver, which takes no device away; 13000 at first */
#define KN_EMULATED_CAPABILITY 3 /* the compute capability; 80 at first */
#define KN_EMULATED_REFUSAL 4    /* the launch after so many others is refused; negative: none, as at first */
#define KN_EMULATED_FAULT 5      /* the kernel after so many others accesses memory that is not its own, which is noticed when somebody waits
                                    for it, and then nothing works any more; negative: none, and all works again */
#define KN_EMULATED_SHARED 6     /* KN_SHARED_MEMORY; 163 KB at first */
#define KN_EMULATED_LATE 7       /* what is done as late as is legal, on streams that are not the default one: 0 copies between host and
                                    device, as at first; 1 all else, and these copies as early as is legal; 2 everything */
/* KN_UNSUPPORTED on a device. */
KN_API kn_status kn_emulate(int32_t what, int64_t value);

#ifdef __cplusplus
}
#endif

/* ---- families, in alphabetical order */
#include "kinema/attention.h"
#include "kinema/batchnorm.h"
#include "kinema/conv3d.h"
#include "kinema/dropout.h"
#include "kinema/elementwise.h"
#include "kinema/frames.h"
#include "kinema/indexing.h"
#include "kinema/infonce.h"
#include "kinema/layernorm.h"
#include "kinema/matmul.h"
#include "kinema/optimizer.h"
#include "kinema/pool3d.h"
#include "kinema/reduce.h"
#include "kinema/softmax.h"

#endif
