package dev.kinema.device;

import dev.kinema.graph.Graph;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Another device, whose first runs with something to fill the next inputs wait until it does, and whose later ones do not ask it: so a
 * training has all of its batches ahead, or none, and not those that happen to be there.
 */
public final class RefillingDevice implements Device {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    private final Device device;
    private int refills;
    private int asked;

    /**
     * @param device closed with this
     * @param refills how many runs wait
     */
    public RefillingDevice(Device device, int refills) {
        this.device = device;
        this.refills = refills;
    }

    /** How often a program's input of that kind was asked for between runs, by the programs that have staged ones. */
    public int asked() {
        return asked;
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public boolean supports(Precision precision) {
        return device.supports(precision);
    }

    @Override
    public Weights newWeights() {
        return device.newWeights();
    }

    @Override
    public Program compile(Graph graph, Weights weights, Compilation how) {
        return new RefillingProgram(device.compile(graph, weights, how), how);
    }

    @Override
    public void close() {
        device.close();
    }

    private final class RefillingProgram extends ForwardingProgram {
        private final Compilation how;
        private boolean running;

        RefillingProgram(Program program, Compilation how) {
            super(program);
            this.how = how;
        }

        @Override
        public HostArray input(String name) {
            asked += !running && how.staged().contains(name) ? 1 : 0;
            return program.input(name);
        }

        @Override
        public void run(BooleanSupplier refill) {
            if (refills == 0) {
                program.run();
                return;
            }
            refills--;
            program.run(() -> {
                running = true;
                try {
                    return await(refill);
                } finally {
                    running = false;
                }
            });
        }

        private boolean await(BooleanSupplier refill) {
            long end = System.nanoTime() + PATIENCE;
            boolean filled = refill.getAsBoolean();
            while (!filled && System.nanoTime() < end) {
                Thread.onSpinWait();
                filled = refill.getAsBoolean();
            }
            return filled;
        }
    }
}
