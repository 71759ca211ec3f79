package dev.kinema.finetune;

import dev.kinema.device.Weights;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.pretrain.GradientSum;
import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Situation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The network of a task with the clips that it learns from, on a device: what {@link TaskTraining} trains, step by step, and asks what it sees
 * in other clips. After the same steps from the same weights everything is the same to the bit.
 *
 * @param <P> what it says of a clip
 */
interface TaskNetwork<P extends Prediction> extends AutoCloseable {

    /** All variables: the network's, the optimizer's, the random state. */
    Weights weights();

    /** Steps of an epoch; the last batch, where it is not full, is left out. */
    long stepsPerEpoch();

    /**
     * Learns from a batch.
     *
     * @param step its number, from 0, over all epochs
     * @param rate the learning rate
     * @return what a run's log says of it, {@code loss} and {@code gradient_norm} among it
     * @throws dev.kinema.KinemaException if data cannot be read, or this thread is interrupted while it waits for some
     */
    Map<String, Double> train(long step, double rate);

    /** Whether the variables are those after a whole step, also where {@link #train} has thrown. */
    boolean isBetweenSteps();

    /**
     * Says what it sees, with the weights as they stand.
     *
     * @return one prediction for each clip, in their order
     * @throws dev.kinema.KinemaException if a clip's pictures or features cannot be read: nothing is predicted without
     */
    List<P> predict(List<Situation> situations);

    /** Where its clips are, for a checkpoint; empty where the number of the step says all. */
    default Map<String, String> position() {
        return Map.of();
    }

    /**
     * Goes back to where {@link #position} was taken.
     *
     * @throws dev.kinema.KinemaException if it does not fit
     */
    default void restore(Map<String, String> position) {
    }

    /**
     * Writes what other commands can use of the weights as they stand, such as a backbone.
     *
     * @param folder that of the run
     * @param steps it was trained for
     */
    default void export(Path folder, long steps) {
    }

    /** Whether a variable is the network's own, and not one of its training. */
    static boolean isOwn(String variable) {
        return !variable.startsWith(Optimizer.PREFIX) && !variable.startsWith(GradientSum.PREFIX)
            && !variable.equals(Pass.RANDOM);
    }

    @Override
    void close();
}
