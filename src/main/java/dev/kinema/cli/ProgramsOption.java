package dev.kinema.cli;

import dev.kinema.embed.MovieEncoderConfig;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How many clips of films in a row a command computes side by side. */
final class ProgramsOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private int programs;

    @Option(names = "--programs", paramLabel = "N", defaultValue = "0",
        description = "Programs that compute side by side, dividing the threads; each takes memory of its own. 0 (default) for what gives the "
            + "most clips per second: on the processor one per thread where there are fewer than 8, else 4 or more.")
    void setPrograms(int count) {
        if (count < 0) {
            throw new ParameterException(command.commandLine(), "--programs " + count + ": it must be 0 (by the threads) or more");
        }
        programs = count;
    }

    /** @param config with its device */
    MovieEncoderConfig in(MovieEncoderConfig config) {
        return programs == 0 ? config.forThroughput() : config.withServing(config.serving().withPrograms(programs));
    }
}
