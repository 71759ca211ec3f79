/* What is done to the bytes of video: see kinema.h for the rules. */
#ifndef KINEMA_FRAMES_H
#define KINEMA_FRAMES_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[pixels, channels] in dtype = (x / 255 - mean) / std of x in U8, with a mean and a std for each of at most 4 channels; computed in F32
 * operation by operation, as dev.kinema.graph.op.NormalizeFrames is. */
KN_API kn_status kn_frames_normalize(kn_dptr y, kn_dptr x, int64_t pixels, int64_t channels, float mean0, float mean1, float mean2,
                                     float mean3, float std0, float std1, float std2, float std3, kn_dtype dtype, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
