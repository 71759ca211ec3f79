package dev.kinema.cli;

import dev.kinema.task.vidsitu.LeftOutClips;
import dev.kinema.task.vidsitu.ScoreSheet;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.Task;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema vidsitu score}. */
@Command(name = "score", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Score a file of predictions, in the leaderboards' form, pickled or as JSON, by what people said. Scores are printed "
        + "times 100, as papers give them.")
final class ScoreCommand implements Callable<Integer> {
    /** Splits that have several annotators. */
    private static final List<String> SPLITS =
        Arrays.stream(Split.values()).filter(split -> split != Split.TRAIN).map(Split::label).toList();

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PREDICTIONS", arity = "0..1", description = "File to score. It may be left out with --human.")
    private Path predictions;

    @Option(names = "--task", required = true, paramLabel = "vb|srl|evrel", description = "What was predicted: verbs, roles, or relations.")
    private String task;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "The folder with vidsitu_annotations.")
    private Path data;

    @Option(names = "--split", defaultValue = "valid", paramLabel = "NAME",
        description = "valid, testvb, testsrl or testevrel (${DEFAULT-VALUE}).")
    private String split;

    @Option(names = "--leave-out", paramLabel = "LIST", description = "Clips to leave out: one id a line, or a csv.")
    private Path leaveOut;

    @Option(names = "--human", description = "Score people too, each by the others.")
    private boolean human;

    @Option(names = "--out", paramLabel = "FILE.json", description = "Write all scores there too, not times 100.")
    private Path out;

    @Override
    public Integer call() {
        Task asked = Task.of(task).orElseThrow(() -> wrong("--task " + task + ": it is one of "
            + String.join(", ", Arrays.stream(Task.values()).map(Task::label).toList())));
        Split of = Arrays.stream(Split.values()).filter(each -> SPLITS.contains(split) && each.label().equals(split)).findFirst()
            .orElseThrow(() -> wrong("--split " + split + ": it is one of " + String.join(", ", SPLITS)));
        if (predictions == null && !human) {
            throw wrong("there is nothing to score: name a file of predictions, or give --human");
        }
        VidSituDataset dataset = VidSituDataset.open(data);
        if (leaveOut != null) {
            dataset = dataset.without(LeftOutClips.read(leaveOut));
        }
        ScoreSheet sheet = ScoreSheet.of(asked, Optional.ofNullable(predictions), dataset, of, human);
        PrintWriter to = spec.commandLine().getOut();
        to.println(of.label() + ": " + sheet.clips() + " clips scored, " + sheet.leftOut() + " left out");
        if (sheet.repeated() > 0) {
            to.println(sheet.repeated() + " records of clips that the file has already, with the same answers, were passed over");
        }
        sheet.table().forEach(to::println);
        if (out != null) {
            sheet.write(out);
        }
        return ExitCode.DONE;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
