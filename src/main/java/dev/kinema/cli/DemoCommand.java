package dev.kinema.cli;

import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.config.ConfigWriter;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.model.SlowConfig;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.pretrain.Pretraining;
import dev.kinema.report.HierarchyReport.Comparison;
import dev.kinema.run.FolderLock;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kinema demo}: the whole way, from films that are made up to a page that shows what two networks learned from them. */
@Command(name = "demo", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Make small films with a hidden grammar of events, pretrain a backbone and a contextualizer on them, test both on "
        + "films that they have not seen, and write a page about it. Takes minutes. Give the same command again to go on after an "
        + "interruption: what is done is skipped.",
    footer = {"", "The folder gets demo.html, the page; film.mp4, a film that no network was trained on, and film.html about it; films, "
        + "all the others; pretrain.yaml, the settings; run, with the trainings and their weights; held-out, features of films for the "
        + "tests; and random.safetensors, weights to compare with."})
final class DemoCommand implements Callable<Integer> {
    /** What a step may take to end after an interrupt, which then saves. */
    private static final int LONGEST_STEP_SECONDS = 60;

    @Spec
    private CommandSpec spec;

    @Option(names = "--out", defaultValue = "kinema-demo", paramLabel = "DIR",
        description = "Where the files go; made if it is not there (${DEFAULT-VALUE}).")
    private Path out;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N",
        description = "What films, random weights and the trainings' lots are drawn from (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--quick", description = "Few films and a tenth of the steps: shows that all works, teaches next to nothing.")
    private boolean quick;

    @Mixin
    private DeviceOptions device;

    private final long begun = System.nanoTime();

    @Override
    public Integer call() {
        OutputFolder.make(out);
        Main.allowUnwinding(LONGEST_STEP_SECONDS);
        try (FolderLock lock = FolderLock.of(out, "choose another folder with --out");
                TrainingDisplay display = new TrainingDisplay(spec.commandLine(), false)) {
            run(new DemoFolder(out), display);
        }
        spec.commandLine().getOut().printf(Locale.ROOT, "done in %.1f s%n", elapsed());
        return ExitCode.DONE;
    }

    private void run(DemoFolder folder, TrainingDisplay display) {
        DemoFilms films = DemoFilms.in(out, seed, quick ? DemoFilms.Amounts.QUICK : DemoFilms.Amounts.WHOLE);
        print(quick ? "five stages, some seconds in all: films, backbone, features, contextualizer, test"
            : "five stages, some minutes in all: films, backbone, features, contextualizer, test");
        makeFilms(films, display);
        PretrainConfig config = DemoSettings.of(films, seed, device, quick);
        AtomicFile.writeText(folder.settings(), ConfigWriter.write(config));
        Pretraining.run(config, folder.run(), commandLine(), display);
        StageRecord contextualizer = new StageRecord(folder.contextualizer());
        writeRandomWeights(config, folder.random());
        display.begun("test", folder.heldOut());
        HeldOutFeatures features = new HeldOutFeatures(config, folder.heldOut(), display);
        ClipComparison clips = new ClipComparison(films.heldOutEvents(), features, folder.random(), folder.backboneWeights());
        EventComparison events = new EventComparison(films.heldOutSequences(), features, folder.backboneWeights(),
            contextualizer.checkpoint());
        ShownFilm film = new ShownFilm(films, features, config.contextualizer().orElseThrow().window().stride(), folder.random(),
            folder.backboneWeights(), folder.contextualizerWeights());
        display.ended("test", folder.heldOut(), false);
        tell(clips, events, film, folder, new DemoPage(films, config, folder, new StageRecord(folder.backbone()), contextualizer,
            quick));
    }

    /** Prints what was measured, and writes the pages. */
    private void tell(ClipComparison clips, EventComparison events, ShownFilm film, DemoFolder folder, DemoPage page) {
        say("nearest clip is of the same kind", clips.sameKind());
        say("guess for a hidden event is of its kind", events.sameKind());
        AtomicFile.writeText(folder.filmPage(), film.report(List.of("The film is made by arithmetic, and no network was trained on it. "
            + "What is alike here is so to the demo's pretrained backbone."), facts()).toHtml());
        say("film", folder.filmPage(), "a film that the networks have not seen");
        AtomicFile.writeText(folder.page(), page.report(clips, events, film, facts()).toHtml());
        say("page", folder.page(), "open it in a browser");
    }

    private void makeFilms(DemoFilms films, TrainingDisplay display) {
        Path folder = out.resolve("films");
        display.begun("films", folder);
        for (DrawnFilms set : films.sets()) {
            boolean made = set.write();
            display.note(String.format(Locale.ROOT, "%d in %s, %.0f minutes of film%s", set.set().films(), set.folder(), set.seconds() / 60,
                made ? "" : ", made before"));
        }
        films.writeFilm();
        display.ended("films", folder, false);
    }

    /** A backbone of the same shape that has learned nothing. */
    private void writeRandomWeights(PretrainConfig config, Path file) {
        SlowConfig network = config.backbone().orElseThrow().network().config();
        BackboneWeights.random(network.withHead(new SlowConfig.Head(network.head().pool(), 0, network.head().dropout())), seed)
            .write(file, seed, 0);
    }

    private List<String> commandLine() {
        return spec.commandLine().getParent().getParseResult().originalArgs();
    }

    private Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Command", "kinema " + String.join(" ", commandLine()));
        facts.put("Time", String.format(Locale.ROOT, "%.0f s for this command, which skips what an earlier one had done", elapsed()));
        return facts;
    }

    private void say(String what, Path file, String how) {
        print(String.format(Locale.ROOT, "%-9s %s: %s", what, file, how));
    }

    private void say(String what, Comparison shares) {
        print(String.format(Locale.ROOT, "%-40s %.0f %% before learning, %.0f %% after, %.0f %% by chance (%d cases)", what,
            100 * shares.before(), 100 * shares.after(), 100 * shares.chance(), shares.cases()));
    }

    private void print(String line) {
        PrintWriter printer = spec.commandLine().getOut();
        printer.println(line);
        printer.flush();
    }

    private double elapsed() {
        return (System.nanoTime() - begun) / 1e9;
    }
}
