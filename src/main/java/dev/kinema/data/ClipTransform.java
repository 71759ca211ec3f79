package dev.kinema.data;

import dev.kinema.graph.Philox;
import dev.kinema.video.Framing;
import java.nio.ByteBuffer;

/** What is done to the pictures of one clip. A stateless description; a {@link Worker} does it. */
public interface ClipTransform {
    /** Length in pixels that the short side of decoded pictures is scaled to, 0 to leave them in their own size. */
    int shortSide();

    /** How decoded pictures are framed before they are transformed: scaled by their short side, unless the transform says otherwise. */
    default Framing framing() {
        return new Framing(shortSide(), 0);
    }

    /** Side in pixels of the square pictures that come out. */
    int size();

    /** How many results a clip has: the crops of a test, otherwise 1. */
    int variants();

    /** Whoever does it: one for each thread, because it owns scratch memory. */
    Worker worker();

    /** Does it, for one thread at a time. */
    interface Worker {
        /**
         * Transforms a clip.
         *
         * @param pictures u8 RGB [frames, height, width, 3] from its first byte on; the buffer may be larger, and must be left as it is
         * @param view which clip of the film it is, from 0
         * @param variant which result is wanted, from 0 to {@link ClipTransform#variants()} - 1
         * @param random the clip's own random stream, the same for every variant
         * @param out gets u8 RGB [frames, size, size, 3]; position and limit do not matter
         * @param offset where in {@code out} the result starts, in bytes
         */
        void apply(ByteBuffer pictures, int frames, int height, int width, int view, int variant, Philox random, ByteBuffer out,
            int offset);
    }
}
