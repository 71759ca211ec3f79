package dev.kinema.finetune;

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
}
