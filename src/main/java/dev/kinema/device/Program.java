package dev.kinema.device;

import dev.kinema.KinemaException;
import java.util.List;

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
