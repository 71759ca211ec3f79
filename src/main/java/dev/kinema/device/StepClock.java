package dev.kinema.device;

/** When the steps of one run began and ended, by {@link System#nanoTime}. It may be given to any number of runs: the last one stays. */
public final class StepClock {
    private final long[] begun;
    private final long[] ended;

    /** For a program of so many steps. */
    public StepClock(int steps) {
        begun = new long[steps];
        ended = new long[steps];
    }

    /** To be called by devices. */
    public void record(int step, long begun, long ended) {
        this.begun[step] = begun;
        this.ended[step] = ended;
    }

    public int steps() {
        return begun.length;
    }

    public long begun(int step) {
        return begun[step];
    }

    public long ended(int step) {
        return ended[step];
    }

    public long nanos(int step) {
        return ended[step] - begun[step];
    }
}
