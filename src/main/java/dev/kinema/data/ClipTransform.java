package dev.kinema.data;

import dev.kinema.graph.Philox;
import java.nio.ByteBuffer;

/**
 * What is done to the pictures of one clip between decoding and the batch. It only describes: each thread asks it for a worker,
 * which owns the scratch memory.
 */
public interface ClipTransform {
    /** Short side that pictures are decoded to in pixels (as {@code Framing(shortSide, 0)}); 0 keeps their own size. */
    int shortSide();

    /** Side of the output pictures in pixels. */
    int size();

    /** How many outputs a clip has: test crops; 1 for augmentation. */
    int variants();

    /** A worker for one thread. */
    Worker worker();

    /** Transforms clips, one at a time. */
    interface Worker {
        /**
         * Transforms one clip.
         *
         * @param pictures u8 RGB [frames, height, width, 3], from position 0 on
         * @param view which clip of the film this is, from 0
         * @param variant from 0 to {@code variants() - 1}
         * @param random the clip's own stream
         * @param out gets u8 RGB [frames, size, size, 3]
         * @param offset where in {@code out} that starts, in bytes
         */
        void apply(ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
                int offset);
    }
}
