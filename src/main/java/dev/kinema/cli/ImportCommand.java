package dev.kinema.cli;

import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.checkpoint.ImportedCheckpoint;
import dev.kinema.checkpoint.Inflation;
import dev.kinema.checkpoint.StateMatch;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneImport;
import dev.kinema.embed.LanguageModelFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kinema import}: other software's checkpoint as a safetensors file that says which network it is of. */
@Command(name = "import", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Turn a checkpoint of PySlowFast (.pyth, its contrastive ones too), PyTorchVideo or Caffe2 (.pkl), or a GPT-2 of Hugging "
        + "Face's (model.safetensors or pytorch_model.bin), into a safetensors file. Nothing in it is executed.")
final class ImportCommand implements Callable<Integer> {
    /** What says how a checkpoint becomes a backbone: a language model is whole, or refused. */
    private static final List<String> OF_BACKBONES = List.of("--inflate", "--encoder", "--crop", "--frames", "--interval",
        "--allow-missing", "--allow-unexpected", "--allow-shape", "--seed");

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "IN", description = "The checkpoint.")
    private Path in;

    @Parameters(index = "1", arity = "0..1", paramLabel = "OUT.safetensors",
        description = "The file to write; may be left out with --list.")
    private Path out;

    @Option(names = "--model", defaultValue = "auto", paramLabel = "MODEL", converter = ModelConverter.class,
        description = "Which network it is to fit: slow, slow-d, gpt2, or auto (default): gpt2 where it has GPT-2's names, else the one "
            + "that its stem's kernel tells. The other options are of slow and slow-d.")
    private Model model;

    @Option(names = "--inflate", defaultValue = "refuse", paramLabel = "HOW",
        description = "What to do with kernels without extent in time where the network has one: refuse (default), centre (zeros around "
            + "it) or repeat (its mean over time).")
    private Inflation inflation;

    @Option(names = "--encoder", defaultValue = "query", paramLabel = "WHICH",
        description = "Of a contrastive checkpoint: query (default) or momentum.")
    private CheckpointImport.Encoder encoder;

    @Option(names = "--crop", paramLabel = "N",
        description = "Height and width of the clips it was trained on, where the file does not say.")
    private Integer crop;

    @Option(names = "--frames", paramLabel = "N", description = "Frames of the clips it was trained on, where the file does not say.")
    private Integer frames;

    @Option(names = "--interval", paramLabel = "N",
        description = "Frames of a 30 fps film from one frame of a clip to the next, where the file does not say.")
    private Integer interval;

    @Option(names = "--allow-missing", description = "Draw what is missing at random, from --seed.")
    private boolean allowMissing;

    @Option(names = "--allow-unexpected", description = "Leave out what the network does not have.")
    private boolean allowUnexpected;

    @Option(names = "--allow-shape", description = "Treat what has another shape as missing.")
    private boolean allowShape;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "For --allow-missing (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--list", description = "List what the file holds and what of it fits; write only if OUT is given.")
    private boolean list;

    /** Which network. */
    private enum Model {
        AUTO, SLOW, SLOW_D, GPT2;

        BackboneImport.Model ofBackbone() {
            return BackboneImport.Model.valueOf(name());
        }
    }

    /** Names as on the command line. */
    static final class ModelConverter implements ITypeConverter<Model> {
        @Override
        public Model convert(String text) {
            return switch (text) {
                case "auto" -> Model.AUTO;
                case "slow" -> Model.SLOW;
                case "slow-d" -> Model.SLOW_D;
                case "gpt2" -> Model.GPT2;
                default -> throw new TypeConversionException("'" + text + "' is none of auto, slow, slow-d, gpt2");
            };
        }
    }

    @Override
    public Integer call() {
        if (out == null && !list) {
            throw new ParameterException(spec.commandLine(), "no OUT.safetensors was given: name the file to write, or use --list");
        }
        for (Integer size : new Integer[] {crop, frames, interval}) {
            if (size != null && size < 1) {
                throw new ParameterException(spec.commandLine(), "a size of " + size
                    + ": --crop, --frames and --interval must be 1 or more");
            }
        }
        PrintWriter console = spec.commandLine().getOut();
        ImportedCheckpoint checkpoint = CheckpointImport.read(in, encoder);
        console.println(Main.line(checkpoint.summary()));
        if (list) {
            printTensors(console, checkpoint);
        }
        if (model == Model.GPT2 || model == Model.AUTO && LanguageModelFile.isOne(checkpoint)) {
            importLanguageModel(console, checkpoint);
        } else {
            importBackbone(console, checkpoint);
        }
        return ExitCode.DONE;
    }

    private void importLanguageModel(PrintWriter console, ImportedCheckpoint checkpoint) {
        OF_BACKBONES.stream().filter(spec.commandLine().getParseResult()::hasMatchedOption).findFirst().ifPresent(option -> {
            throw new ParameterException(spec.commandLine(), option + " is for backbones, and '" + in + "' is taken for a language model: "
                + "leave it out, or give --model slow or slow-d");
        });
        LanguageModelFile imported = LanguageModelFile.of(checkpoint);
        LanguageModelFile.Sizes sizes = imported.sizes();
        console.printf("%s: GPT-2 with %d tokens, %d positions, %d layers of width %d, %d heads%n", Main.line(in.toString()),
            sizes.tokens(), sizes.maxLength(), sizes.layers(), sizes.width(), sizes.heads());
        if (out != null) {
            imported.write(out);
            console.println(out + ": " + imported.tensors().size() + " tensors");
        }
    }

    private void importBackbone(PrintWriter console, ImportedCheckpoint checkpoint) {
        BackboneImport imported = BackboneImport.of(checkpoint, model.ofBackbone(), inflation, frames, interval, crop);
        if (list) {
            printMatch(console, imported.match());
        }
        if (out != null) {
            imported.weights(new BackboneImport.Leniency(allowMissing, allowUnexpected, allowShape), seed)
                .write(out, imported.drawn() == 0 ? 0 : seed, 0);
            console.println(out + ": " + Main.line(imported.match().report()));
        }
    }

    private static void printTensors(PrintWriter console, ImportedCheckpoint checkpoint) {
        for (Map.Entry<String, HostArray> tensor : checkpoint.tensors().entrySet()) {
            console.println("  " + Main.line(tensor.getKey()) + " " + tensor.getValue().type());
        }
        checkpoint.ignored().forEach((name, why) -> console.println("  ignored: " + Main.line(name) + " " + why));
    }

    private static void printMatch(PrintWriter console, StateMatch match) {
        match.missing().forEach(name -> console.println("  missing: " + name));
        match.unexpected().forEach(name -> console.println("  unexpected: " + Main.line(name)));
        match.wrongShape().forEach(what -> console.println("  other shape: " + what));
        match.inflated().forEach(what -> console.println("  inflated: " + what));
    }
}
