package dev.kinema.device;

import dev.kinema.KinemaException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/**
 * A compiled graph with one planned block of activation memory. Used by one thread at a time; several programs may share weights, and those
 * that are compiled from one graph object share what a device derives from the weights, too.
 * Fill {@linkplain #input inputs}, {@link #run()}, read {@linkplain #output outputs}. After the first run, running allocates nothing.
 */
public interface Program extends AutoCloseable {

    /** The memory that input {@code name} is read from, to be filled before each run; the same array every time. */
    HostArray input(String name);

    /** The memory that output {@code name} is written to by each run; the same array every time. */
    HostArray output(String name);

    /** Computes the outputs and updates the variables that the graph writes. */
    void run();

    /**
     * {@link #run()}, and meanwhile, in the same thread, what fills inputs for the next run. These then come to the device beside the run,
     * and the next run finds them there. A device that computes in the memory of the host does one after the other.
     *
     * <p>Outputs are there when both are done. After a run that ended with an error, or when {@link #input} has been asked for one of
     * them, these inputs are to be filled again.
     *
     * @param refill fills the inputs that {@link Compilation#staged} names, all of them, and leaves the others alone, as a run that is under
     *     way may read them. It says whether it did. What it throws is thrown when the run is over
     */
    default void run(BooleanSupplier refill) {
        run();
        refill.getAsBoolean();
    }

    /**
     * A run for each part of something, in which the next part's inputs are filled.
     *
     * @param fill fills all inputs that are staged, for the part of that number
     * @param collect takes the outputs of the part of that number
     */
    default void runParts(int parts, IntConsumer fill, IntConsumer collect) {
        if (parts > 0) {
            fill.accept(0);
        }
        for (int i = 0; i < parts; i++) {
            int next = i + 1;
            run(() -> {
                if (next < parts) {
                    fill.accept(next);
                }
                return next < parts;
            });
            collect.accept(i);
        }
    }

    /**
     * What each run does, in order. Preparations that are not repeated run by run are left out.
     *
     * @throws KinemaException if the device does not tell
     */
    default List<ProgramStep> steps() {
        throw new KinemaException("this device does not tell the steps of its programs: profile on cpu or reference");
    }

    /**
     * {@link #run()}, and when each of {@link #steps()} began and ended. The results are the same, and nothing more is allocated.
     *
     * @throws KinemaException if the device does not tell
     */
    default void run(StepClock clock) {
        throw new KinemaException("this device does not time the steps of its programs: profile on cpu or reference");
    }

    /** Where every intermediate lives, and how much memory the program takes. */
    MemoryPlan memoryPlan();

    /** The program in execution order: fused groups, the device's kernels, bytes. */
    String describe();

    @Override
    void close();
}
