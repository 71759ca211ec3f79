package dev.kinema.cli;

import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Profile;
import dev.kinema.device.Program;
import dev.kinema.device.Roofline;
import dev.kinema.device.Weights;
import dev.kinema.embed.PrecisionChoice;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kinema profile}: where the time of a network's run goes. */
@Command(name = "profile", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Run a network on made-up input, or a step of its training, and tell where the time goes: node by node, by operation and "
        + "by scope, held against what a matrix product and a copy reach in the same minute.",
    footer = {"", "Numbers are medians over the runs. 'roof' is the share of those limits; what lies in a cache may go beyond them. "
        + "In int8 the product is one of bytes, which what stays in bf16 or fp32 beside the convolutions cannot reach."})
final class ProfileCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Source source;

    /** Which network. */
    private static final class Source {
        @Option(names = "--weights", required = true, paramLabel = "FILE",
            description = "A backbone's weights: a safetensors file, or a checkpoint that can be imported.")
        private Path weights;

        @Option(names = "--txe", required = true, paramLabel = "FILE", description = "A contextualizer's weights.")
        private Path contextualizer;

        @Option(names = "--config", required = true, paramLabel = "NETWORK.yaml",
            description = "A network described in YAML, such as those in configs/networks; its weights are drawn.")
        private Path config;

        Path file() {
            return config != null ? config : weights != null ? weights : contextualizer;
        }
    }

    @Option(names = "--train", arity = "0..1", fallbackValue = "usual", paramLabel = "STEP", converter = StepConverter.class,
        description = "A training step in place of inference: supervised, cvrl, moco, or of a contextualizer masks; by default supervised "
            + "where the network has classes, and else cvrl.")
    private ProfiledNetwork.Step step = ProfiledNetwork.Step.NONE;

    @Option(names = "--batch", paramLabel = "N",
        description = "Clips, or windows of events; in training films, or sequences (1, 8, 2, 64).")
    private Integer batch;

    @Option(names = "--precision", defaultValue = "fp32", paramLabel = "P",
        description = "fp32 (default), bf16, int8 of a backbone's inference, or auto: bf16 where the device has it.")
    private PrecisionChoice precision;

    @Option(names = "--runs", defaultValue = "10", paramLabel = "N",
        description = "Runs that are measured, after two that are not (${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--top", defaultValue = "0", paramLabel = "N",
        description = "Print only the N nodes that take longest, these first; 0 for all, in the order they run (${DEFAULT-VALUE}).")
    private int top;

    @Option(names = "--html", paramLabel = "PAGE.html", description = "Write a page with the same, to look at and to sort.")
    private Path html;

    @Option(names = "--trace", paramLabel = "FILE.json", description = "Write all runs for chrome://tracing or Perfetto.")
    private Path trace;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private VendorOption vendor;

    /** Names as on the command line. */
    static final class StepConverter implements ITypeConverter<ProfiledNetwork.Step> {
        @Override
        public ProfiledNetwork.Step convert(String text) {
            for (ProfiledNetwork.Step step : ProfiledNetwork.Step.values()) {
                if (step != ProfiledNetwork.Step.NONE && step.name().equals(text.toUpperCase(Locale.ROOT))) {
                    return step;
                }
            }
            throw new TypeConversionException("'" + text + "' is none of supervised, cvrl, moco, masks");
        }
    }

    @Override
    public Integer call() {
        if (runs < 1 || top < 0 || batch != null && batch < 1) {
            throw new ParameterException(spec.commandLine(), "--runs and --batch must be 1 or more, --top 0 or more");
        }
        ProfiledNetwork network = source.config != null ? ProfiledNetwork.described(source.config) : source.weights != null
            ? ProfiledNetwork.backbone(source.weights) : ProfiledNetwork.contextualizer(source.contextualizer);
        ProfiledNetwork.Step chosen = network.step(step);
        if (chosen == null) {
            throw new ParameterException(spec.commandLine(), "--train " + step.name().toLowerCase(Locale.ROOT) + " is no step of "
                + (network.isBackbone() ? "a backbone: it is one of supervised, cvrl, moco" : "a contextualizer: it is masks"));
        }
        int size = batch == null ? network.usualBatch(chosen) : batch;
        try (Device opened = device.open(vendor.vendor()); Weights weights = opened.newWeights()) {
            network.copyTo(weights, chosen);
            Compilation how = network.compilation(precision, opened, weights, chosen);
            try (Program program = network.compile(opened, how, weights, chosen, size)) {
                Profile profile = Profile.of(program, runs, Roofline.measure(opened, how));
                show(network.title(chosen, size), facts(opened, how, program), profile, product(how));
            }
        }
        return ExitCode.DONE;
    }

    private Map<String, String> facts(Device opened, Compilation how, Program program) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Network", source.file().toString());
        facts.put("Device", opened.name() + " (" + opened.description() + ")");
        facts.put("Precision", how.precision().name().toLowerCase(Locale.ROOT));
        facts.put("Memory", program.memoryPlan().toString());
        return facts;
    }

    /** What the roof's peak is of. */
    private static String product(Compilation how) {
        return "a matrix product" + (how.precision() == Precision.INT8 ? " in int8" : "");
    }

    private void show(String title, Map<String, String> facts, Profile profile, String product) {
        PrintWriter out = spec.commandLine().getOut();
        new ProfileText(profile, top, product).print(out, title, facts.get("Device") + ", " + facts.get("Precision"));
        if (html != null) {
            AtomicFile.writeText(html, ProfileContent.of(title, facts, profile, product).toHtml());
            out.println(html + ": the same, open it in a browser");
        }
        if (trace != null) {
            AtomicFile.writeText(trace, ChromeTrace.of(title, profile));
            out.println(trace + ": all runs, open it in chrome://tracing or Perfetto");
        }
    }
}
