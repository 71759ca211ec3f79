package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.report.LineChart;
import dev.kinema.report.RunReport;
import dev.kinema.run.StepLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema report}: the curves of training runs. */
@Command(name = "report", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Write a page with the curves of training runs: of one, or of several over each other, with the settings that differ.",
    footer = {"", "A run's folder holds log.jsonl, a JSON object of numbers a step, and config.yaml."})
final class ReportCommand implements Callable<Integer> {
    static final String LOG = "log.jsonl";
    static final String CONFIG = "config.yaml";
    private static final String CHANCE = "chance_";
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "RUN_FOLDER", description = "Folders of runs, that are over or go on.")
    private List<Path> folders;

    @Option(names = "--out", paramLabel = "PAGE.html",
        description = "Where the page goes; by default report.html in the run's folder, or of several runs in this one.")
    private Path out;

    @Option(names = "--log-loss", description = "Draw losses on a logarithmic axis.")
    private boolean logLoss;

    @Option(names = "--refresh", defaultValue = "0", paramLabel = "S",
        description = "Let an open page read itself again every S seconds; give the command again to renew it (0: never).")
    private int refresh;

    @Override
    public Integer call() {
        if (refresh < 0) {
            throw new ParameterException(spec.commandLine(), "--refresh " + refresh + ": it must be 0 or above");
        }
        List<RunReport.Run> runs = new ArrayList<>();
        boolean distinct = folders.stream().map(ReportCommand::name).distinct().count() == folders.size();
        if (folders.stream().map(Path::normalize).distinct().count() < folders.size()) {
            throw new ParameterException(spec.commandLine(), "a folder is given twice in " + folders + ": give each once");
        }
        for (Path folder : folders) {
            runs.add(run(distinct ? name(folder) : folder.toString(), folder));
        }
        Path page = out != null ? out : folders.size() == 1 ? folders.get(0).resolve("report.html") : Path.of("report.html");
        String title = runs.size() == 1 ? runs.get(0).name() : runs.size() + " runs: " + String.join(", ",
            runs.stream().map(RunReport.Run::name).toList());
        AtomicFile.writeText(page, page(title, runs, logLoss, refresh).toHtml());
        spec.commandLine().getOut().println(page + ": " + runs.size() + (runs.size() == 1 ? " run" : " runs") + ", open it in a browser");
        return ExitCode.DONE;
    }

    /** Writes the page of one run. */
    static void write(Path folder, Path page, boolean logLoss) {
        RunReport.Run run = run(name(folder), folder);
        AtomicFile.writeText(page, page(run.name(), List.of(run), logLoss, 0).toHtml());
    }

    private static String name(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    private static RunReport.Run run(String name, Path folder) {
        Path log = folder.resolve(LOG);
        if (!Files.isRegularFile(log)) {
            throw new KinemaException("there is no run in '" + folder + "', for it holds no " + LOG + ": " + remedy(folder));
        }
        try {
            List<RunReport.Series> series = new ArrayList<>();
            StepLog.read(log).forEach((metric, logged) -> series.add(new RunReport.Series(metric,
                Arrays.stream(logged.steps()).asDoubleStream().toArray(), logged.values())));
            List<String> warnings = new ArrayList<>();
            Map<String, String> settings = Map.of();
            if (Files.isRegularFile(folder.resolve(CONFIG))) {
                settings = SettingsText.flat(Files.readAllLines(folder.resolve(CONFIG)));
            } else {
                warnings.add("There is no " + CONFIG + " in the folder: the run's settings are not shown.");
            }
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("Folder", folder.toString());
            facts.put("Last written", TIME.format(Files.getLastModifiedTime(log).toInstant().atZone(ZoneId.systemDefault())));
            return new RunReport.Run(name, facts, settings, series, warnings);
        } catch (IOException e) {
            throw new KinemaException("the run in '" + folder + "' cannot be read (" + e + "): check the folder's rights", e);
        }
    }

    /** Of metrics that are of chance, {@code chance_loss} for {@code loss}, lines in the charts of those; the runs without them. */
    private static RunReport page(String title, List<RunReport.Run> runs, boolean logLoss, int refresh) {
        Map<String, List<LineChart.Reference>> references = new LinkedHashMap<>();
        List<RunReport.Run> shown = new ArrayList<>();
        for (RunReport.Run run : runs) {
            List<RunReport.Series> series = new ArrayList<>();
            for (RunReport.Series one : run.series()) {
                if (one.name().startsWith(CHANCE) && one.values().length > 0) {
                    double level = one.values()[one.values().length - 1];
                    List<LineChart.Reference> lines = references.computeIfAbsent(one.name().substring(CHANCE.length()), n -> new ArrayList<>());
                    if (lines.stream().noneMatch(line -> line.y() == level)) {
                        lines.add(new LineChart.Reference(String.format(Locale.ROOT, "chance: %.4g", level), level));
                    }
                } else {
                    series.add(one);
                }
            }
            shown.add(new RunReport.Run(run.name(), run.facts(), run.settings(), series, run.warnings()));
        }
        return new RunReport(title, shown, references, logLoss, refresh);
    }

    /** A folder of stages is easily taken for one of them. */
    private static String remedy(Path folder) {
        if (!Files.isDirectory(folder)) {
            return "give a folder that a run was written to";
        }
        try (Stream<Path> inside = Files.list(folder)) {
            List<String> stages = inside.filter(stage -> Files.isRegularFile(stage.resolve(LOG))).map(Path::toString).sorted().toList();
            return stages.isEmpty() ? "give a folder that a run was written to" : "give one or all of " + String.join(", ", stages);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
