package dev.kinema.device.cpu;

/** For tests outside the package: what the cpu device holds. */
public final class LiveMemory {
    private LiveMemory() {
    }

    /** Bytes of native memory of all programs and weights of this process that are not closed. */
    public static long bytes() {
        return Memory.liveBytes();
    }
}
