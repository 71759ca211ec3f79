package dev.kinema.benchmarks.aims;

import dev.kinema.KinemaException;
import dev.kinema.bench.BenchResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tables of aims in {@code benchmarks/README.md}, made from {@code benchmarks/results}: nobody writes a number there by hand. Usage, in
 * the root of the checkout: {@code AimsTable} writes them between their marks.
 */
public final class AimsTable {
    private static final String BEGIN = "<!-- aims: benchmarks/aims writes what is between these marks -->\n";
    private static final String END = "<!-- aims end -->\n";

    private AimsTable() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of("benchmarks");
        Path readme = folder.resolve("README.md");
        Files.writeString(readme, written(Files.readString(readme), folder.resolve("results")));
    }

    /** The document with the tables of what is in the folder. */
    static String written(String readme, Path results) {
        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new KinemaException("benchmarks/README.md lacks the marks of its aims: put the lines " + BEGIN + "and " + END + "there");
        }
        return readme.substring(0, begin + BEGIN.length()) + tables(results) + readme.substring(end);
    }

    private static String tables(Path results) {
        EngineAims engines = new EngineAims(results);
        FilmAims films = new FilmAims(results);
        List<Aim> speed = Stream.of(engines.features(), films.films(), engines.steps(), films.memory()).flatMap(List::stream).toList();
        List<Aim> requests = new ServiceAims(results).all();
        return Aim.HEAD + rows(speed)
            + "\nOf requests, with a small network (width 4, 16 x 32 x 32), so that serving is what is measured; in brackets the tests "
            + "that hold it\nat a smaller size on each `mvn verify`:\n\n"
            + Aim.HEAD + rows(requests)
            + "\n| file | command | taken | environment, load before |\n|---|---|---|---|\n"
            + Stream.concat(speed.stream(), requests.stream()).map(Aim::file).distinct().map(file -> origin(results, file))
                .collect(Collectors.joining());
    }

    private static String rows(List<Aim> aims) {
        return aims.stream().map(Aim::row).collect(Collectors.joining());
    }

    /** Of a file, how it was made; nothing of one that is not there. */
    private static String origin(Path results, String file) {
        Path path = results.resolve(file + ".txt");
        if (Files.notExists(path)) {
            return "";
        }
        KeptText text = KeptText.read(path);
        Path json = results.resolve(file + ".json");
        if (text.command().startsWith("benchmarks/measure") && Files.notExists(json)) {
            return "";
        }
        String environment = Files.exists(json) ? machine(BenchResult.read(json)) : text.lines().get(2).strip() + "; "
            + text.first("^load before it: (.*)").group(1);
        return "| `" + file + "` | `" + text.command() + "` | " + text.taken() + " | " + environment + " |\n";
    }

    private static String machine(BenchResult result) {
        BenchResult.Machine machine = result.machine();
        String variables = machine.variables().entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue())
            .collect(Collectors.joining(" "));
        return machine.cpu() + ", " + machine.processors() + " processors; " + variables + "; " + (result.noisy() == null ? ""
            : result.noisy() + " samples noisy");
    }
}
