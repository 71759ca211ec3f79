package dev.kinema.bench;

import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramStep;
import java.util.List;

/**
 * What each run of a program does, in numbers that no noise blurs: they are equal from run to run, and change only with the program.
 *
 * @param steps launches of kernels
 * @param reorders how many of these only move data between layouts or types
 * @param movedBytes of what the steps read and write, as {@link ProgramStep#bytes()}
 * @param plannedBytes of the block that activations share
 * @param heldBytes of what lies outside it: inputs, outputs, prepared weights
 */
public record Counts(int steps, int reorders, long movedBytes, long plannedBytes, long heldBytes) {
    /** @throws dev.kinema.KinemaException if the device does not tell the steps of its programs */
    public static Counts of(Program program) {
        List<ProgramStep> steps = program.steps();
        MemoryPlan plan = program.memoryPlan();
        return new Counts(steps.size(), (int) steps.stream().filter(ProgramStep::reorder).count(),
            steps.stream().mapToLong(ProgramStep::bytes).sum(), plan.bytes(), plan.persistentBytes());
    }
}
