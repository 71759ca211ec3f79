package dev.kinema.cli;

import dev.kinema.embed.Calibration;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema calibrate}: what int8 needs to know of a backbone. */
@Command(name = "calibrate", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "See on films how large a backbone's activations become, for 'kinema embed --precision int8'. The films should be like "
        + "those to be embedded; no labels are needed.")
final class CalibrateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "WEIGHTS", description = "The backbone's weights: a safetensors file, or a checkpoint that can be "
        + "imported.")
    private Path weights;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "FILM", description = "Films: any format that FFmpeg knows.")
    private List<Path> films;

    @Option(names = "--out", required = true, paramLabel = "FILE.json", description = "Where the ranges go.")
    private Path out;

    @Option(names = "--clips", defaultValue = "" + Calibration.DEFAULT_CLIPS, paramLabel = "N",
        description = "Clips to look at, from all films and all over each (${DEFAULT-VALUE}).")
    private int clips;

    @Option(names = "--percentile", defaultValue = "" + Calibration.DEFAULT_PERCENTILE, paramLabel = "P",
        description = "Percent of each activation's values that its range holds; greater ones are cut off. 100 for the largest "
            + "(${DEFAULT-VALUE}).")
    private double percentile;

    @Option(names = "--threads", defaultValue = "0", paramLabel = "N", description = "Threads to compute with; 0 for one per processor "
        + "(${DEFAULT-VALUE}).")
    private int threads;

    @Override
    public Integer call() {
        if (clips < 1 || !(percentile >= 50 && percentile <= 100) || threads < 0) {
            throw new ParameterException(spec.commandLine(), "--clips must be 1 or more, --percentile from 50 to 100, --threads 0 or more");
        }
        for (Path film : films) {
            if (FilmIndex.isSame(out, film) || FilmIndex.isSame(out, weights)) {
                throw new ParameterException(spec.commandLine(), "--out " + out + " is a file that is read: choose another");
            }
        }
        PrintWriter print = spec.commandLine().getOut();
        Calibration calibration = Calibration.of(weights, films, new Calibration.Settings(clips, percentile, threads),
            film -> print.println(film + ": looked at"));
        calibration.write(out);
        print.printf(Locale.ROOT, "%s: ranges of %d inputs of convolutions, over %d clips; embed with --precision int8 --calibration %s%n", out,
            calibration.ranges().greatest().size(), calibration.clips(), out);
        return ExitCode.DONE;
    }
}
