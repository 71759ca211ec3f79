package dev.kinema.cli;

import dev.kinema.checkpoint.Npy;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.embed.TensorForward;
import dev.kinema.graph.op.Extent;
import dev.kinema.model.SlowConfig;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kinema forward}: a network on a raw tensor. */
@Command(name = "forward", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Run a backbone on a raw tensor, for holding its numbers against other software's.")
final class ForwardCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--weights", required = true, paramLabel = "FILE",
        description = "The backbone's weights: a safetensors file, or a checkpoint that can be imported.")
    private Path weights;

    @Option(names = "--input", required = true, paramLabel = "X.npy",
        description = "Floats [N,3,T,H,W], normalised, or uint8 frames [N,T,H,W,3].")
    private Path input;

    @Option(names = "--output", required = true, paramLabel = "Y.npy", description = "Where the numbers go.")
    private Path output;

    @Option(names = "--node", defaultValue = "feature", paramLabel = "NODE",
        description = "feature [N,T',H',W',C] (default), logits [N,T',H',W',K] or probabilities [N,K].")
    private TensorForward.Node node;

    @Option(names = "--pool", paramLabel = "POOL",
        description = "The head's average pool: crop (a window as large as the map of a clip of the network's own size, stride 1) or "
            + "global; by default the network's.")
    private SlowConfig.Pool pool;

    @Option(names = "--pool-kernel", paramLabel = "T,H,W", converter = ExtentConverter.class, description = "Window of the crop pool.")
    private Extent kernel;

    @Option(names = "--precision", defaultValue = "fp32", paramLabel = "P",
        description = "fp32 (default), bf16, or auto: bf16 where the device has it.")
    private PrecisionChoice precision;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private VendorOption vendor;

    /** Reads 8,7,7. */
    static final class ExtentConverter implements ITypeConverter<Extent> {
        @Override
        public Extent convert(String text) {
            if (!text.matches("[1-9][0-9]{0,3},[1-9][0-9]{0,3},[1-9][0-9]{0,3}")) {
                throw new TypeConversionException("'" + text + "' is no T,H,W such as 8,7,7");
            }
            String[] sizes = text.split(",");
            return new Extent(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2]));
        }
    }

    @Override
    public Integer call() {
        BackboneWeights network = BackboneWeights.read(weights);
        TensorForward forward = new TensorForward(network, node, Optional.ofNullable(pool), Optional.ofNullable(kernel));
        HostArray x = Npy.read(input);
        try (Device opened = device.open(vendor.vendor())) {
            HostArray y = forward.run(opened, new Compilation(precision.on(opened), true), x);
            Npy.write(output, y);
            spec.commandLine().getOut().println(output + ": " + y.type());
        }
        return ExitCode.DONE;
    }
}
