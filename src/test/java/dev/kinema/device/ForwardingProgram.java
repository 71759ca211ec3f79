package dev.kinema.device;

import java.util.List;
import java.util.function.BooleanSupplier;

/** Another program, whose calls a test changes some of. */
public class ForwardingProgram implements Program {
    protected final Program program;

    /** @param program closed with this */
    protected ForwardingProgram(Program program) {
        this.program = program;
    }

    @Override
    public HostArray input(String name) {
        return program.input(name);
    }

    @Override
    public HostArray output(String name) {
        return program.output(name);
    }

    @Override
    public void run() {
        program.run();
    }

    @Override
    public void run(BooleanSupplier refill) {
        program.run(refill);
    }

    @Override
    public void run(StepClock clock) {
        program.run(clock);
    }

    @Override
    public List<ProgramStep> steps() {
        return program.steps();
    }

    @Override
    public MemoryPlan memoryPlan() {
        return program.memoryPlan();
    }

    @Override
    public String describe() {
        return program.describe();
    }

    @Override
    public void close() {
        program.close();
    }
}
