package dev.kinema.cli;

import dev.kinema.config.ConfigReader;
import dev.kinema.finetune.FinetuneConfig;
import dev.kinema.finetune.Finetuning;
import dev.kinema.finetune.TaskResults;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema finetune}: the tasks of VidSitu, by one configuration. */
@Command(name = "finetune", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Fine-tune on the tasks that the configuration has, predict the validation clips by the best epoch's weights, and score these "
        + "predictions. Give the same command again to go on after an interruption: what is done is skipped.",
    footer = {"", "DIR gets a folder for each task and seed, such as vb/seed-1: weights.safetensors of the best epoch, "
        + "predictions-valid.json as the leaderboard takes it, scores-valid.json, checkpoints, log.jsonl, events for TensorBoard, and "
        + "report.html with its curves; and results.json, of which 'kinema table' makes the paper's tables."})
final class FinetuneCommand implements Callable<Integer> {
    private static final int MOST_RUNS = 1000;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "CONFIG", description = "Fine-tuning in YAML, such as the files in configs/vidsitu.")
    private Path config;

    @Option(names = "--runs", defaultValue = "1", paramLabel = "N",
        description = "Runs of each task, with the configuration's seed and those after it (${DEFAULT-VALUE}). The paper has 10.")
    private int runs;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of it all (runs/ and the name of the configuration's "
        + "file, such as runs/events-cvrl-k400).")
    private Path out;

    @Override
    public Integer call() {
        if (runs < 1 || runs > MOST_RUNS) {
            throw new ParameterException(spec.commandLine(), "--runs " + runs + ": it must be 1 to " + MOST_RUNS);
        }
        FinetuneConfig settings = ConfigReader.read(config, FinetuneConfig.class);
        Path folder = out == null ? Path.of("runs", PretrainCommand.nameOf(config)) : out;
        Main.allowUnwinding(PretrainCommand.LONGEST_STEP_SECONDS);
        List<String> command = spec.commandLine().getParseResult().originalArgs();
        TaskResults results;
        try (TrainingDisplay display = new TrainingDisplay(spec.commandLine(), false)) {
            results = Finetuning.run(settings, folder, runs, command, display);
        }
        results.lines().forEach(spec.commandLine().getOut()::println);
        return ExitCode.DONE;
    }
}
