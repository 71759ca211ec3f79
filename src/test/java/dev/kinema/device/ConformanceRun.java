package dev.kinema.device;

import java.io.PrintStream;

/**
 * {@link DeviceConformance} where there is no Maven, as on a machine with a GPU: {@code ConformanceRun DEVICE PRECISION [PART-OF-NAME]}.
 * What is printed and returned is {@link DeviceRun}'s.
 */
public final class ConformanceRun {
    private ConformanceRun() {}

    /** Ends the process, so that no thread of a device that failed can keep it. */
    public static void main(String[] words) {
        System.exit(run(words, System.out));
    }

    /** Prints to {@code out}, and returns the exit status. */
    static int run(String[] words, PrintStream out) {
        return DeviceRun.run("ConformanceRun", words, out, DeviceConformance::tests);
    }
}
