package dev.kinema.data;

import dev.kinema.KinemaException;

/** Where a clip lies in a batch's u8 [clips, films, variants, T, S, S, 3]. */
record BatchLayout(int clips, int films, int variants, int frames, int size) {
    static BatchLayout of(ClipSampler sampler, ClipTransform transform, int films) {
        BatchLayout layout = new BatchLayout(sampler.clips(), films, transform.variants(), sampler.frames(), transform.size());
        double bytes = 3.0 * sampler.clips() * films * transform.variants() * sampler.frames() * transform.size() * transform.size();
        if (bytes > Integer.MAX_VALUE) {
            throw new KinemaException("a batch of " + films + " films, " + sampler.clips() + " clips each in " + transform.variants()
                + " variants of " + sampler.frames() + "x" + transform.size() + "x" + transform.size()
                + " pixels, is larger than 2 GiB: use smaller batches, and more of them per step");
        }
        return layout;
    }

    /** The same for another number of films. */
    BatchLayout of(int count) {
        return new BatchLayout(clips, count, variants, frames, size);
    }

    /** Bytes of one variant of one clip: T x S x S x 3. */
    int clipBytes() {
        return frames * size * size * 3;
    }

    /** Bytes of one clip of one film in all variants. */
    int viewBytes() {
        return variants * clipBytes();
    }

    /** Bytes of one film: [clips, variants, T, S, S, 3]. */
    int filmBytes() {
        return clips * viewBytes();
    }

    /** Bytes of the batch. */
    int bytes() {
        return films * filmBytes();
    }

    int offset(int clip, int film, int variant) {
        return ((clip * films + film) * variants + variant) * clipBytes();
    }
}
