package dev.kinema.finetune;

import dev.kinema.device.Program;
import dev.kinema.optim.Optimizer;
import dev.kinema.run.Metrics;
import java.util.LinkedHashMap;
import java.util.Map;

/** A step of training that one program computes: forward, backward and update. */
final class OneProgramStep implements AutoCloseable {
    private final Program program;
    private boolean whole = true;

    /** @param program with the loss, the gradient's norm and the learning rate under their usual names; closed with this */
    OneProgramStep(Program program) {
        this.program = program;
    }

    /** Whose inputs are to be put before a step. */
    Program program() {
        return program;
    }

    /** Makes the step. @return the loss and the gradient's norm */
    Map<String, Double> run(double rate) {
        program.input(Optimizer.LEARNING_RATE).put((float) rate);
        whole = false;
        program.run();
        whole = true;
        Map<String, Double> said = new LinkedHashMap<>();
        said.put(Metrics.LOSS, program.output(Metrics.LOSS).get(0));
        said.put(Metrics.GRADIENT_NORM, program.output(Optimizer.GRADIENT_NORM).get(0));
        return said;
    }

    /** Whether the weights are those after a whole step: not so after one that failed midway. */
    boolean isWhole() {
        return whole;
    }

    @Override
    public void close() {
        program.close();
    }
}
