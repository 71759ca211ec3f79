package dev.kinema.device;

import dev.kinema.KinemaException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.opentest4j.TestAbortedException;

/**
 * Tests of a device without JUnit's launcher. Prints a line for each test that failed, and a count. Exit status: 0 where all passed, 1
 * where one failed, 2 where nothing could be tested, which is what it is too if no test has such a name.
 */
public final class DeviceRun {
    /** Tests of an open device, whose stream closes it. */
    @FunctionalInterface
    public interface Tests {
        Stream<DynamicTest> of(Device device, Precision precision);
    }

    private static final int FAILED = 1;
    private static final int NOT_TESTED = 2;

    private final PrintStream out;
    private final String only;
    private final List<String> failures = new ArrayList<>();
    private int passed;
    private int aborted;

    private DeviceRun(PrintStream out, String only) {
        this.out = out;
        this.only = only;
    }

    /**
     * Prints to {@code out}, and returns the exit status.
     *
     * @param name of the program, for its usage
     * @param words device, precision and, where only some tests are to run, a part of their names
     */
    public static int run(String name, String[] words, PrintStream out, Tests of) {
        if (words.length < 2 || words.length > 3) {
            out.println("usage: " + name + " DEVICE fp32|bf16 [PART-OF-NAME]");
            return NOT_TESTED;
        }
        Precision precision;
        Device device;
        try {
            precision = Precision.valueOf(words[1].toUpperCase(Locale.ROOT));
            if (precision == Precision.INT8) {
                throw new IllegalArgumentException("the cases have no ranges of activations");
            }
        } catch (IllegalArgumentException e) {
            out.println("there is no precision " + words[1] + ": it is fp32 or bf16");
            return NOT_TESTED;
        }
        try {
            device = Device.open(words[0]);
        } catch (KinemaException e) {
            out.println(e.getMessage());
            return NOT_TESTED;
        }
        out.println(device.name() + ", " + device.description() + ", " + precision);
        DeviceRun run = new DeviceRun(out, words.length == 3 ? words[2] : "");
        try (Stream<DynamicTest> tests = of.of(device, precision)) {
            for (Iterator<DynamicTest> next = tests.iterator(); next.hasNext();) {
                run.test(next.next());
            }
        }
        return run.end();
    }

    private void test(DynamicTest test) {
        if (!test.getDisplayName().contains(only)) {
            return;
        }
        try {
            test.getExecutable().execute();
            passed++;
        } catch (TestAbortedException e) {
            aborted++;
            out.println("aborted " + test.getDisplayName() + ": " + e.getMessage());
        } catch (Throwable e) {
            // whatever it is, a test failed by it, and the others are still to be run
            failures.add(test.getDisplayName());
            out.println("FAILED " + test.getDisplayName() + ": " + e);
        }
    }

    private int end() {
        out.println(passed + " passed, " + failures.size() + " failed, " + aborted + " aborted");
        failures.forEach(name -> out.println("  failed: " + name));
        if (!failures.isEmpty()) {
            return FAILED;
        }
        return passed == 0 ? NOT_TESTED : 0;
    }
}
