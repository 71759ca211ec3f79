package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kinema init}: weights of a network that was never trained, for trying things out without any download. */
@Command(name = "init", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Draw random weights from a seed: for trying things out, their features are those of an untrained network.")
final class InitCommand implements Callable<Integer> {
    /** What can be drawn. */
    enum Model { SLOW, SLOW_D, TXE }

    /** Names as on the command line. */
    static final class ModelConverter implements ITypeConverter<Model> {
        @Override
        public Model convert(String text) {
            return switch (text) {
                case "slow" -> Model.SLOW;
                case "slow-d" -> Model.SLOW_D;
                case "txe" -> Model.TXE;
                default -> throw new TypeConversionException("'" + text + "' is none of slow, slow-d, txe");
            };
        }
    }

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Network network;

    /** Which network. */
    private static final class Network {
        @Option(names = "--model", required = true, paramLabel = "MODEL", converter = ModelConverter.class,
            description = "slow, slow-d or txe (the contextualizer).")
        private Model model;

        @Option(names = "--config", required = true, paramLabel = "FILE",
            description = "A network described in YAML, such as those in configs/networks.")
        private Path config;
    }

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "What the numbers are drawn from (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The safetensors file to write.")
    private Path out;

    @Option(names = "--depth", paramLabel = "N", description = "slow, slow-d: layers, 26, 50 (default), 101 or 152.")
    private Integer depth;

    @Option(names = "--width", paramLabel = "N", description = "slow, slow-d: channels of the stem (64); txe: width of an event (1024).")
    private Integer width;

    @Option(names = "--classes", paramLabel = "N", description = "slow, slow-d: classes of the classifier, 0 (default) for none.")
    private int classes;

    @Option(names = "--crop", paramLabel = "N", description = "slow, slow-d: height and width of a clip in pixels (224).")
    private Integer crop;

    @Option(names = "--input-width", paramLabel = "N", description = "txe: width of the features it reads, 32 times the backbone's (2048).")
    private Integer inputWidth;

    @Option(names = "--window", paramLabel = "N", description = "txe: events that are contextualised together at most (5).")
    private Integer window;

    @Override
    public Integer call() {
        check();
        NetworkDescription description = network.config == null ? null : NetworkDescription.read(network.config);
        if (description == null ? network.model == Model.TXE : description.contextualizer().isPresent()) {
            drawn(() -> ContextualizerWeights.random(description == null ? contextualizer() : description.contextualizer().orElseThrow(), seed))
                .write(out, SlowConfig.SLOW_D_R50.clip(), seed, 0);
        } else {
            drawn(() -> {
                SlowConfig config = description == null ? backbone() : description.slow().orElseThrow().config();
                // sizes that could not be written down are refused before anything is drawn
                NetworkDescription.of(config);
                return BackboneWeights.random(config, seed);
            }).write(out, seed, 0);
        }
        spec.commandLine().getOut().println(out + ": random weights (seed " + seed + "): features are those of an untrained network");
        return ExitCode.DONE;
    }

    /** Sizes that make no network were wrong on the command line. */
    private <T> T drawn(Supplier<T> network) {
        try {
            return network.get();
        } catch (KinemaException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private void check() {
        if (network.config != null && (classes != 0 || Stream.of(depth, width, crop, inputWidth, window).anyMatch(Objects::nonNull))) {
            throw new ParameterException(spec.commandLine(), "--config describes the whole network: change its file and leave out --depth,"
                + " --width, --classes, --crop, --input-width and --window");
        }
        boolean contextualizer = network.model == Model.TXE;
        if (contextualizer && (depth != null || crop != null || classes != 0)) {
            throw new ParameterException(spec.commandLine(), "--depth, --crop and --classes are for --model slow and slow-d");
        }
        if (network.config == null && !contextualizer && (inputWidth != null || window != null)) {
            throw new ParameterException(spec.commandLine(), "--input-width and --window are for --model txe");
        }
        for (Integer size : new Integer[] {width, crop, inputWidth, window}) {
            if (size != null && (size < 1 || size > 1 << 16)) {
                throw new ParameterException(spec.commandLine(), "a size of " + size + ": it must be 1 to " + (1 << 16));
            }
        }
        if (classes < 0) {
            throw new ParameterException(spec.commandLine(), "--classes " + classes + ": it must be 0 (no classifier) or more");
        }
    }

    private SlowConfig backbone() {
        int layers = depth == null ? 50 : depth;
        SlowConfig config = network.model == Model.SLOW ? SlowConfig.slow(layers) : SlowConfig.slowD(layers);
        SlowConfig.Clip clip = config.clip();
        return config.withWidth(width == null ? config.width() : width)
            .withClip(new SlowConfig.Clip(clip.frames(), crop == null ? clip.crop() : crop, clip.samplingRate()))
            .withHead(new SlowConfig.Head(config.head().pool(), classes, config.head().dropout()));
    }

    private ContextualizerConfig contextualizer() {
        ContextualizerConfig txe = ContextualizerConfig.TXE;
        int size = width == null ? txe.width() : width;
        return txe.withSizes(inputWidth == null ? txe.inputWidth() : inputWidth, size, txe.layers(), txe.heads(),
            width == null ? txe.feedForward() : 2 * size, window == null ? txe.maxLength() : window);
    }
}
