package dev.kinema.embed;

import java.util.OptionalLong;

/** Is told how far the encoding of a film has come, in the thread that encodes. */
@FunctionalInterface
public interface EncodingProgress {
    /** For whom nobody waits. */
    EncodingProgress NONE = (done, expected) -> {
    };

    /**
     * Called when the film is open, and after each batch.
     *
     * @param done clips encoded
     * @param expected clips that the film will have by the duration its container announces; empty where it announces none
     */
    void clips(long done, OptionalLong expected);
}
