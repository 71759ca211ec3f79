package dev.kinema.run;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import java.util.Map;

/**
 * What a loop trains, one step at a time. After the same steps from the same state its whole state is the same to the bit, and that state
 * is what {@link #weights}, {@link #extras} and {@link #position} give.
 */
public interface Training extends AutoCloseable {

    /** Everything that a checkpoint's tensors hold: parameters, optimizer state, queues, pointers, random state; none is added later. */
    Weights weights();

    /** Steps of the whole run. */
    long steps();

    /**
     * Performs a step.
     *
     * @param step its number, from 0
     * @throws KinemaException if the data is bad, or the step is interrupted; what it changed by then is not kept
     */
    Metrics step(long step);

    /**
     * Whether the state is that after the last whole step although {@link #step} has thrown: a step that was interrupted while it waited
     * for data has changed nothing, and what was done before it can be saved.
     */
    default boolean isBetweenSteps() {
        return false;
    }

    /** What else a checkpoint must hold, as text: position of the sampler, films that failed. Called between two steps. */
    Map<String, String> position();

    /**
     * Goes back to where {@link #position} was taken; weights and extras are restored before.
     *
     * @throws KinemaException if it does not fit this training
     */
    void restore(Map<String, String> position);

    /** Further tensors that a checkpoint must hold, by name, such as the memory of a nearest neighbour classifier. */
    default Map<String, HostArray> extras() {
        return Map.of();
    }

    /**
     * Takes {@link #extras} back.
     *
     * @throws KinemaException if they do not fit this training
     */
    default void restoreExtras(Map<String, HostArray> extras) {
        if (!extras.isEmpty()) {
            throw new KinemaException("the checkpoint holds " + extras.keySet() + ", which this training does not know: "
                + "go on with the version of Kinema that wrote it, or choose another run folder");
        }
    }

    @Override
    void close();
}
