package dev.kinema.cli;

import dev.kinema.finetune.ResultTables;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema table}: fine-tuning results as the paper gives them. */
@Command(name = "table", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Print Tables 1 to 4 of the paper, in Markdown, from what runs of 'kinema finetune' came to: scores times 100, the mean "
        + "and its standard error over the seeds.",
    footer = {"", "A configuration says by its row where its results stand. Folders are searched at any depth for results.json."})
final class TableCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "FOLDER", description = "Folders of runs, or such that hold them.")
    private List<Path> folders;

    @Option(names = "--json", paramLabel = "FILE",
        description = "Write the tables there as JSON too, with each run's scores, not times 100.")
    private Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "Write what is printed there too.")
    private Path markdown;

    @Override
    public Integer call() {
        ResultTables tables = ResultTables.of(folders);
        spec.commandLine().getOut().print(tables.markdown());
        if (json != null) {
            tables.writeJson(json);
        }
        if (markdown != null) {
            tables.writeMarkdown(markdown);
        }
        return ExitCode.DONE;
    }
}
