package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.bench.BenchResult;
import dev.kinema.bench.BenchRun;
import dev.kinema.bench.Case;
import dev.kinema.bench.Comparison;
import dev.kinema.bench.Peer;
import dev.kinema.bench.Size;
import dev.kinema.bench.Suites;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema bench}: times suites, and compares results. */
@Command(name = "bench", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    subcommands = BenchCommand.Compare.class,
    description = "Time suites of benchmarks, each checked before it is timed, and print a line for each: the median, how far it is "
        + "known, rates, the share of what a matrix product and a copy reach in the same run, and how many times longer the fastest other "
        + "engine takes.",
    footer = {"", "Of single operations the kernels alone are timed, of the others whole runs. Other engines take part where their jars "
        + "are on the class path: benchmarks/README.md has the command."})
final class BenchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SUITE", arity = "0..*", description = "programs, conv, ops, call, decode, metrics; all of them by default.")
    private List<String> suites = new ArrayList<>();

    @Option(names = "--only", paramLabel = "TEXT", defaultValue = "", description = "Only cases with this in their name.")
    private String only;

    @Option(names = "--precision", paramLabel = "P", split = ",", defaultValue = "fp32",
        description = "fp32, bf16, int8 (features alone), or several with commas between them (${DEFAULT-VALUE}).")
    private List<Precision> precisions;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1",
        description = "Clips at once, and N times the rows (${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "15", description = "Samples of each case (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--attempts", paramLabel = "N", defaultValue = "25",
        description = "How often a sample is taken while other processes disturb it (${DEFAULT-VALUE}).")
    private int attempts;

    @Option(names = "--smallest", description = "Run each case once, as small as can be: shows that it works, times mean nothing.")
    private boolean smallest;

    @Option(names = "--list", description = "Name the cases and time none.")
    private boolean list;

    @Option(names = "--out", paramLabel = "FILE.json", description = "Write the result, for 'kinema bench compare': what there is of it "
        + "before each case, marked as unfinished, and all at the end.")
    private Path file;

    @Option(names = "--continue", description = "Go on with the unfinished --out of a process that ended: the case at which it did is "
        + "timed again without other engines, and failed if it was without.")
    private boolean goOn;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private VendorOption vendor;

    @Override
    public Integer call() {
        if (batch < 1 || rounds < 1 || attempts < 1) {
            throw new ParameterException(spec.commandLine(), "--batch, --rounds and --attempts must be 1 or more");
        }
        if (goOn && file == null) {
            throw new ParameterException(spec.commandLine(), "--continue needs the --out of the run to go on with");
        }
        List<Case> cases = cases();
        PrintWriter out = spec.commandLine().getOut();
        if (list) {
            cases.forEach(c -> out.println(c.fullName()));
            return ExitCode.DONE;
        }
        List<Peer> peers = ServiceLoader.load(Peer.class, Peer.class.getClassLoader()).stream().map(ServiceLoader.Provider::get).toList();
        try (Device opened = device.open(vendor.vendor())) {
            for (Precision precision : precisions) {
                if (!opened.supports(precision)) {
                    throw new ParameterException(spec.commandLine(), "--precision " + precision + ": " + opened.description()
                        + " has no arithmetic for it");
                }
            }
            return time(opened, cases, peers);
        } finally {
            peers.forEach(Peer::close);
        }
    }

    private int time(Device opened, List<Case> cases, List<Peer> peers) {
        BenchText text = new BenchText(spec.commandLine().getOut());
        int threads = device.threads() == 0 ? Runtime.getRuntime().availableProcessors() : device.threads();
        BenchResult earlier = goOn && Files.exists(file) ? BenchResult.read(file) : null;
        if (earlier == null) {
            text.printHead();
        }
        BenchResult result = new BenchRun(opened, threads, precisions, smallest ? Size.SMALLEST : Size.FULL, batch, smallest ? 1 : rounds,
            attempts, peers).time(cases, earlier, new Display(text));
        text.printFoot(result);
        write(result);
        return result.failures().isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
    }

    private void write(BenchResult result) {
        if (file != null) {
            AtomicFile.writeText(file, result.toJson());
        }
    }

    /** Prints what happens, and keeps what there is: a process may end at any case. */
    private final class Display implements BenchRun.Progress {
        private final BenchText text;

        Display(BenchText text) {
            this.text = text;
        }

        @Override
        public void row(BenchResult.Row row) {
            text.print(row);
        }

        @Override
        public void failed(String what, RuntimeException e) {
            Main.report(new KinemaException(what + ": " + e.getMessage(), e), spec.commandLine());
        }

        @Override
        public void keep(BenchResult soFar) {
            write(soFar);
        }
    }

    private List<Case> cases() {
        Map<String, List<Case>> all = Suites.all();
        for (String suite : suites) {
            if (!all.containsKey(suite)) {
                throw new ParameterException(spec.commandLine(), "there is no suite " + suite + ": it is one of "
                    + String.join(", ", all.keySet()));
            }
        }
        List<Case> cases = all.entrySet().stream().filter(e -> suites.isEmpty() || suites.contains(e.getKey()))
            .flatMap(e -> e.getValue().stream()).filter(c -> c.fullName().contains(only)).toList();
        if (cases.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--only " + only + ": no case of " + (suites.isEmpty() ? "any suite"
                : String.join(", ", suites)) + " has that in its name, see --list");
        }
        return cases;
    }

    /** {@code kinema bench compare}. */
    @Command(name = "compare", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
        description = "Say what moved beyond its noise between two results; exit with 1 if anything got worse.",
        footer = {"", "A time has moved where the medians differ by more than the noise of both (1.57 times the distance of the "
            + "quartiles over the square root of the number of samples) and by more than the floor, which stands for what differs from one "
            + "start to the next. Launches, reorders and bytes have no noise. A case that fails now, or is gone, is worse."})
    static final class Compare implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Parameters(index = "0", paramLabel = "BEFORE.json", description = "The earlier result.")
        private Path before;

        @Parameters(index = "1", paramLabel = "AFTER.json", description = "The later one.")
        private Path after;

        @Option(names = "--floor", paramLabel = "SHARE", defaultValue = "0.05",
            description = "The least share that counts (${DEFAULT-VALUE}).")
        private double floor;

        @Option(names = "--part", description = "AFTER.json has only some of the cases: those that it lacks are not missed.")
        private boolean part;

        @Override
        public Integer call() {
            if (!(floor >= 0)) {
                throw new ParameterException(spec.commandLine(), "--floor " + floor + ": it must be 0 or more");
            }
            Comparison comparison = Comparison.of(BenchResult.read(before), BenchResult.read(after), floor);
            new BenchText(spec.commandLine().getOut()).print(comparison);
            return comparison.isRegression(part) ? ExitCode.FAILED : ExitCode.DONE;
        }
    }
}
