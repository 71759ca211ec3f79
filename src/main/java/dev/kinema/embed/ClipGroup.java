package dev.kinema.embed;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** Clips of one call that are computed together. */
final class ClipGroup extends LaneWork {
    private final List<ByteBuffer> clips;
    private final float[][] features;
    private final Runnable whenEnded;

    /** @param clips u8 [T, H, W, 3] between position and limit; not to be changed before the work is done or dropped */
    ClipGroup(List<ByteBuffer> clips, Runnable whenEnded) {
        this.clips = clips;
        this.features = new float[clips.size()][];
        this.whenEnded = whenEnded;
    }

    int size() {
        return clips.size();
    }

    ByteBuffer clip(int i) {
        return clips.get(i);
    }

    void set(int i, float[] feature) {
        features[i] = feature;
    }

    /** Once it is done. */
    float[] feature(int i) {
        return features[i];
    }

    /** Once it is done, in the order of the clips. */
    List<float[]> features() {
        return Arrays.asList(features);
    }

    @Override
    void ended() {
        whenEnded.run();
    }
}
