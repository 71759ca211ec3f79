package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.task.vidsitu.ClipFilms;
import dev.kinema.task.vidsitu.LeftOutClips;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema vidsitu films}. */
@Command(name = "films", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "List the films, or folders of frames, of a split's clips, for kinema pretrain (films.list): so it never sees the "
        + "clips of other splits.")
final class SplitFilmsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "The folder with vidsitu_annotations.")
    private Path folder;

    @Option(names = "--split", required = true, paramLabel = "SPLIT", description = "train, valid, testvb, testsrl or testevrel.")
    private String split;

    @Option(names = "--out", required = true, paramLabel = "LIST", description = "The list to write: a path a line.")
    private Path out;

    @Option(names = "--leave-out", paramLabel = "LIST", description = "Clips to leave out: one id a line, or a csv.")
    private Path leaveOut;

    @Option(names = "--max-missing", defaultValue = "0.1", paramLabel = "SHARE",
        description = "Share of the clips that may be left out because they have neither film nor frames (${DEFAULT-VALUE}).")
    private double maxMissing;

    @Option(names = "--separator", defaultValue = " ", paramLabel = "TEXT",
        description = "What no path may have in it; it separates paths from labels, of which these films have none (a blank).")
    private String separator;

    @Override
    public Integer call() {
        if (!(maxMissing >= 0 && maxMissing <= 1)) {
            throw new ParameterException(spec.commandLine(), "--max-missing " + maxMissing + ": it must be from 0 to 1");
        }
        Split wanted = Arrays.stream(Split.values()).filter(s -> s.label().equals(split)).findFirst().orElseThrow(() ->
            new ParameterException(spec.commandLine(), "--split " + split + ": it is one of "
                + Arrays.stream(Split.values()).map(Split::label).collect(Collectors.joining(", "))));
        VidSituDataset dataset = VidSituDataset.open(folder);
        VidSituDataset kept = leaveOut == null ? dataset : dataset.without(LeftOutClips.read(leaveOut));
        ClipFilms films = ClipFilms.of(kept, kept.clips(wanted), maxMissing);
        films.films().write(out, separator);
        spec.commandLine().getOut().println(out + ": " + films.films().size() + " films of " + wanted.label());
        if (!films.missing().isEmpty()) {
            Main.report(new KinemaException(films.describeMissing() + ": they are not on the list"), spec.commandLine());
        }
        return ExitCode.DONE;
    }
}
