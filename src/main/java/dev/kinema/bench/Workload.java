package dev.kinema.bench;

import dev.kinema.device.HostArray;
import java.util.Optional;

/** Something that has been checked and is ready to be timed, again and again. */
public interface Workload extends AutoCloseable {
    /** Does the work once. */
    void run();

    /** Does the work once, and says how many seconds of it count: all, unless only some kernels of the run are in question. */
    default double seconds() {
        long begun = System.nanoTime();
        run();
        return (System.nanoTime() - begun) * 1e-9;
    }

    /** How far its result was from what it is to be, in the measure of the case's check. */
    double error();

    default Work work() {
        return Work.UNKNOWN;
    }

    /** Of its program, where it has one. */
    default Optional<Counts> counts() {
        return Optional.empty();
    }

    /** A copy of an output of the last run; for those that have a {@link #subject}, whose outputs they are. */
    default HostArray output(String name) {
        throw new IllegalArgumentException("this work has no output " + name);
    }

    /** What other engines may compute too; empty where there is no such thing. */
    default Optional<Subject> subject() {
        return Optional.empty();
    }

    /** The training step that other engines may make too; empty where there is no such thing. */
    default Optional<TrainingStep> training() {
        return Optional.empty();
    }

    @Override
    void close();
}
