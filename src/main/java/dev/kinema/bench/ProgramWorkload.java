package dev.kinema.bench;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.Profile;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.Roofline;
import dev.kinema.device.StepClock;
import dev.kinema.device.Weights;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Runs of a program. Where some of its operations are in question, their kernels alone are timed, without the reorders to and from the form
 * that inputs and outputs have.
 */
final class ProgramWorkload implements Workload {
    private final Program program;
    private final Weights weights;
    private final Subject subject;
    private final double error;
    private final StepClock clock;
    /** The steps in question; null where the whole run is. */
    private final int[] measured;
    private final Work work;
    private final Counts counts;
    /** Copies variables and inputs, when it is asked for; null for what is no training step. */
    private BiFunction<Program, Weights, TrainingStep> training;

    /**
     * Compiles and runs once.
     *
     * @param compiled makes the program with weights that hold nothing yet
     * @param operations in question, by their names; empty for all
     * @param subject null for what other engines cannot be given
     */
    static ProgramWorkload of(Setting setting, Function<Weights, Program> compiled, Set<String> operations, Subject subject,
            double error) {
        Weights weights = setting.device().newWeights();
        Program program = null;
        boolean complete = false;
        try {
            program = compiled.apply(weights);
            ProgramWorkload workload = new ProgramWorkload(program, weights, operations, subject, error, setting.roofline());
            workload.start();
            complete = true;
            return workload;
        } finally {
            if (!complete) {
                if (program != null) {
                    program.close();
                }
                weights.close();
            }
        }
    }

    private ProgramWorkload(Program program, Weights weights, Set<String> operations, Subject subject, double error,
            Optional<Roofline> roofline) {
        this.program = program;
        this.weights = weights;
        this.subject = subject;
        this.error = error;
        List<ProgramStep> steps = program.steps();
        clock = new StepClock(steps.size());
        measured = operations.isEmpty() ? null : of(operations, steps);
        counts = Counts.of(program);
        work = roofline.map(limits -> work(Profile.of(program, 1, limits), operations)).orElse(Work.UNKNOWN);
    }

    /** The same, for other engines to train too. */
    ProgramWorkload withTraining(BiFunction<Program, Weights, TrainingStep> step) {
        training = step;
        return this;
    }

    private static int[] of(Set<String> operations, List<ProgramStep> steps) {
        int[] found = IntStream.range(0, steps.size())
            .filter(i -> !steps.get(i).reorder() && operations.contains(steps.get(i).node().op().opName())).toArray();
        if (found.length == 0) {
            throw new KinemaException("no step computes " + operations + ": name the operation as the program's description does");
        }
        return found;
    }

    private static Work work(Profile profile, Set<String> operations) {
        return profile.entries().stream().filter(e -> operations.isEmpty() || operations.contains(e.node().op().opName()))
            .map(e -> new Work(e.cost().flops(), e.cost().bytes(), e.cost().leastSeconds())).reduce(Work.UNKNOWN, Work::plus);
    }

    /** Runs once, and looks that the result is one. */
    private void start() {
        program.run();
        if (subject != null) {
            for (String name : subject.graph().outputs().keySet()) {
                HostArray output = program.output(name);
                for (int i = 0; i < output.elements(); i++) {
                    if (!Double.isFinite(output.get(i))) {
                        throw new KinemaException("output '" + name + "' has " + output.get(i) + " at " + i
                            + ": its time means nothing until it computes what it should");
                    }
                }
            }
        }
    }

    @Override
    public void run() {
        program.run();
    }

    @Override
    public double seconds() {
        if (measured == null) {
            return Workload.super.seconds();
        }
        program.run(clock);
        long nanos = 0;
        for (int step : measured) {
            nanos += clock.nanos(step);
        }
        return nanos * 1e-9;
    }

    @Override
    public HostArray output(String name) {
        return program.output(name).copy();
    }

    @Override
    public double error() {
        return error;
    }

    @Override
    public Work work() {
        return work;
    }

    @Override
    public Optional<Counts> counts() {
        return Optional.of(counts);
    }

    @Override
    public Optional<Subject> subject() {
        return Optional.ofNullable(subject);
    }

    @Override
    public Optional<TrainingStep> training() {
        return Optional.ofNullable(training).map(step -> step.apply(program, weights));
    }

    @Override
    public void close() {
        program.close();
        weights.close();
    }
}
