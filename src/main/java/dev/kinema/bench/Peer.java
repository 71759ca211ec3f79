package dev.kinema.bench;

import dev.kinema.device.Precision;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Another engine. Those on the class path are found by {@link java.util.ServiceLoader}. */
public interface Peer extends AutoCloseable {

    /** An engine in one setting, with a graph it has made its own. */
    interface Contender extends AutoCloseable {
        /** The engine, its version and setting. */
        String name();

        /** Computes once. */
        void run();

        /** Seconds of one run: of {@link #run()}, unless it is somewhere else that it happens. */
        default double seconds() {
            long begun = System.nanoTime();
            run();
            return (System.nanoTime() - begun) * 1e-9;
        }

        /**
         * Of the last run by name, in our layout: outputs, and variables that a run changes. What is given is held against ours after one
         * run, before any other.
         */
        Map<String, float[]> outputs();

        @Override
        void close();
    }

    /**
     * Those settings of this engine that can compute the graph; none where an operation or the precision is missing.
     *
     * @param threads it is to compute with
     */
    List<Contender> enter(Subject subject, Precision precision, int threads);

    /**
     * A setting in which an engine can train. Its contenders are made when they are asked for, as two large networks take twice the memory;
     * their outputs are the loss, and by the names of variables the gradients.
     *
     * @param name the engine, its version and setting
     */
    record Trainer(String name, Function<TrainingStep, Contender> maker) {
        public Contender open(TrainingStep step) {
            return maker.apply(step);
        }
    }

    /**
     * Those settings of this engine that can train such a step, of whatever size.
     *
     * @param threads it is to compute with
     */
    default List<Trainer> trainers(TrainingStep step, Precision precision, int threads) {
        return List.of();
    }

    @Override
    void close();
}
