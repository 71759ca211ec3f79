package dev.kinema.finetune;

import dev.kinema.task.vidsitu.Situation;
import java.util.List;

/** Features of clips' events, five of a clip. Any thread may read. */
interface EventFeatures {

    /** Length of a feature. */
    int width();

    /** Whether there are features of this clip. */
    boolean has(String clip);

    /**
     * Copies a clip's features.
     *
     * @param into gets [5, width] from {@code offset} on
     * @throws dev.kinema.KinemaException if there are none, or they cannot be read
     */
    void copy(String clip, float[] into, int offset);

    /** SHA-256 in hexadecimal: whether features are the same ones. */
    String fingerprint();

    /**
     * Features [clips.length, 5, width] of some clips.
     *
     * @param clips numbers of situations
     */
    default float[] of(List<Situation> situations, int... clips) {
        int size = dev.kinema.task.vidsitu.Clip.EVENTS * width();
        float[] features = new float[clips.length * size];
        for (int i = 0; i < clips.length; i++) {
            copy(situations.get(clips[i]).clip().id(), features, i * size);
        }
        return features;
    }
}
