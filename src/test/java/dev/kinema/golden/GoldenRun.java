package dev.kinema.golden;

import dev.kinema.device.DeviceRun;
import java.io.PrintStream;

/**
 * The golden networks where there is no Maven, as on a machine with a GPU: {@code GoldenRun DEVICE fp32|bf16 [PART-OF-NAME]}. Prints a line
 * for each, with the share of its tolerance that it took, and a count. Exit status: as {@link DeviceRun}.
 */
public final class GoldenRun {
    private GoldenRun() {}

    /** Ends the process, so that no thread of a device that failed can keep it. */
    public static void main(String[] words) {
        System.exit(run(words, System.out));
    }

    /** Prints to {@code out}, and returns the exit status. */
    static int run(String[] words, PrintStream out) {
        int absent = GoldenCases.all().size() - GoldenCases.present().size();
        if (absent > 0) {
            out.println(absent + " golden cases are left out: their numbers are not in this bundle");
        }
        return DeviceRun.run("GoldenRun", words, out,
            (device, precision) -> GoldenCases.tests(device, precision, line -> out.println("passed " + line)));
    }
}
