package dev.kinema.cli;

import dev.kinema.config.ConfigReader;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.pretrain.Pretraining;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema pretrain}: both levels, by one configuration. */
@Command(name = "pretrain", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Pretrain a backbone, extract features with it, and pretrain a contextualizer on these: the stages that the configuration "
        + "has. Give the same command again to go on after an interruption: stages that are done are skipped.",
    footer = {"", "DIR gets a folder for each stage: backbone, backbone-further, features, contextualizer. A training's folder holds "
        + "weights.safetensors when it is done, checkpoints, log.jsonl, events for TensorBoard, and report.html with its curves.",
        "A stage whose settings or inputs have changed begins anew; what it had made is kept in another folder."})
final class PretrainCommand implements Callable<Integer> {
    /** What a step may take to end after an interrupt, which then saves. */
    static final int LONGEST_STEP_SECONDS = 600;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "CONFIG", description = "A run in YAML, such as those in configs/pretrain.")
    private Path config;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the run (runs/ and the configuration's name).")
    private Path out;

    @Option(names = "--log-loss", description = "Draw losses on a logarithmic axis.")
    private boolean logLoss;

    @Override
    public Integer call() {
        PretrainConfig settings = ConfigReader.read(config, PretrainConfig.class);
        Path folder = out == null ? Path.of("runs", nameOf(config)) : out;
        Main.allowUnwinding(LONGEST_STEP_SECONDS);
        List<String> command = spec.commandLine().getParseResult().originalArgs();
        try (TrainingDisplay display = new TrainingDisplay(spec.commandLine(), logLoss)) {
            Pretraining.Result result = Pretraining.run(settings, folder, command, display);
            result.backbone().ifPresent(file -> say("backbone", file));
            result.features().ifPresent(store -> say("features", store));
            result.contextualizer().ifPresent(file -> say("contextualizer", file));
        }
        return ExitCode.DONE;
    }

    /** Of a configuration, without its ending. */
    static String nameOf(Path config) {
        String file = config.getFileName().toString();
        int dot = file.lastIndexOf('.');
        return dot > 0 ? file.substring(0, dot) : file;
    }

    private void say(String what, Path where) {
        spec.commandLine().getOut().printf("%-14s %s%n", what, where);
    }
}
