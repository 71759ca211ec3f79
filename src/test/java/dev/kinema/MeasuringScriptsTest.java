package dev.kinema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code benchmarks/keep} and {@code benchmarks/measure} keep of what they run, in a checkout of stand-ins: nothing is timed. */
class MeasuringScriptsTest {
    private static final Path SCRIPTS = Path.of("benchmarks");
    private static final String MAVEN = """
        #!/bin/sh
        echo "mvn $*" >> built
        mkdir -p target/benchmarks
        echo jars > target/benchmarks/classpath
        """;
    private static final String GIT = "#!/bin/sh\n[ -d .git ] || exit 128\ncase $1 in rev-parse) echo 0123abc ;; esac\n";
    /** Says what it is given, writes what follows --out, and ends with the statuses that a file has, one line each time. */
    private static final String JAVA = """
        #!/bin/sh
        echo "java $*, $CLASSPATH"
        for word; do
            [ "${last:-}" != --out ] || printf '{\\n  "run": "%s"\\n}\\n' "$*" > "$word"
            last=$word
        done
        status=0
        [ ! -s statuses ] || { status=$(head -n 1 statuses); tail -n +2 statuses > rest; mv rest statuses; }
        exit "$status"
        """;

    @TempDir
    private Path folder;

    @BeforeEach
    void makeCheckout() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no /bin/sh, which the scripts are written for");
        for (String name : List.of("keep", "measure")) {
            ScriptRun.program(folder.resolve("benchmarks").resolve(name), Files.readString(SCRIPTS.resolve(name)));
        }
        ScriptRun.program(folder.resolve("tools/mvn"), MAVEN);
        ScriptRun.program(folder.resolve("tools/git"), GIT);
        ScriptRun.program(folder.resolve("tools/java"), JAVA);
        Files.createDirectory(folder.resolve(".git"));
    }

    private ScriptRun run(String script, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", folder.resolve("benchmarks").resolve(script).toString()));
        command.addAll(List.of(words));
        return ScriptRun.of(folder, Map.of(), command);
    }

    private List<String> results() throws IOException {
        if (!Files.exists(folder.resolve("benchmarks/results"))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder.resolve("benchmarks/results"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private List<String> lines(String result) throws IOException {
        return Files.readAllLines(folder.resolve("benchmarks/results").resolve(result));
    }

    private void refused(int status, String said, String script, String... words) throws IOException, InterruptedException {
        ScriptRun ended = run(script, words);
        assertEquals(status, ended.status(), ended.text());
        assertTrue(ended.text().contains(said), ended.text());
        assertFalse(Files.exists(folder.resolve("built")), "nothing is built where nothing can be kept");
        assertEquals(List.of(), results());
    }

    @Test
    void wrongWordsAreRefused() throws IOException, InterruptedException {
        refused(2, "usage: benchmarks/keep NAME PROGRAM [ARGUMENT...]", "keep");
        refused(2, "usage: benchmarks/keep NAME PROGRAM [ARGUMENT...]", "keep", "film");
        refused(2, "there is no program films.NoFilm", "keep", "film", "films.NoFilm");
        refused(2, "usage: benchmarks/measure NAME [SUITE...] [OPTION...]", "measure");
    }

    @Test
    void resultsAreOfACommit() throws IOException, InterruptedException {
        Files.delete(folder.resolve(".git"));
        refused(1, "is no checkout of git", "keep", "film", "films.WholeFilm", "fp32");
        refused(1, "is no checkout of git", "measure", "all", "ops");
    }

    @Test
    void whatAProgramPrintsIsKeptUnderItsCommand() throws IOException, InterruptedException {
        ScriptRun ended = run("keep", "film", "films.WholeFilm", "fp32", "3");
        assertEquals(0, ended.status(), ended.text());
        assertEquals(List.of("film.txt"), results());
        List<String> lines = lines("film.txt");
        assertEquals("benchmarks/keep film films.WholeFilm fp32 3", lines.get(0));
        assertTrue(lines.get(1).endsWith(", commit 0123abc"), lines.get(1));
        String ran = lines.get(lines.size() - 1);
        assertTrue(ran.endsWith("dev.kinema.benchmarks.films.WholeFilm fp32 3, target/benchmarks/classes:jars"), ran);
        assertEquals(String.join("\n", lines), ended.text().strip(), "it is printed, too");
    }

    @Test
    void whatFailsReplacesNothing() throws IOException, InterruptedException {
        Path kept = Files.createDirectories(folder.resolve("benchmarks/results")).resolve("film.txt");
        Files.writeString(kept, "as before");
        Files.writeString(folder.resolve("statuses"), "3\n");
        ScriptRun ended = run("keep", "film", "films.WholeFilm");
        assertEquals(1, ended.status(), ended.text());
        assertTrue(ended.text().contains("films.WholeFilm ended with status 3: what it printed is in benchmarks/results/film.txt.new"),
            ended.text());
        assertEquals("as before", Files.readString(kept));
        assertEquals(List.of("film.txt", "film.txt.new"), results());
    }

    @Test
    void aMeasurementIsKeptUnderItsCommand() throws IOException, InterruptedException {
        ScriptRun ended = run("measure", "all", "ops", "--rounds", "3");
        assertEquals(0, ended.status(), ended.text());
        assertEquals(List.of("all.json", "all.txt"), results());
        assertEquals("benchmarks/measure all ops --rounds 3", lines("all.txt").get(0));
        assertTrue(lines("all.txt").get(1).endsWith(", commit 0123abc"), () -> ended.text());
        assertTrue(lines("all.json").get(1).contains("dev.kinema.cli.Main bench ops --rounds 3 --out benchmarks/results/all.json.new"),
            ended.text());
        assertTrue(Files.readString(folder.resolve("built")).contains("-DskipNative -P peers"), "no kernels are built where none is timed");
        // 1: some case failed, which the result says
        Files.writeString(folder.resolve("statuses"), "1\n");
        assertEquals(1, run("measure", "all", "ops").status());
        assertEquals("benchmarks/measure all ops", lines("all.txt").get(0));
    }

    @Test
    void aMeasurementThatAnEngineEndsGoesOn() throws IOException, InterruptedException {
        Files.writeString(folder.resolve("statuses"), "139\n0\n");
        ScriptRun ended = run("measure", "all", "ops");
        assertEquals(0, ended.status(), ended.text());
        assertTrue(ended.text().contains("the process ended with status 139; a new one goes on"), ended.text());
        assertTrue(lines("all.json").get(1).contains("bench ops --continue --out"), ended.text());
        // that comes no further
        Files.writeString(folder.resolve("statuses"), "139\n139\n139\n139\n");
        ScriptRun stuck = run("measure", "all", "ops");
        assertEquals(1, stuck.status(), stuck.text());
        assertTrue(stuck.text().contains("not all was measured"), stuck.text());
        assertEquals(List.of("all.json", "all.json.new", "all.txt", "all.txt.new"), results());
    }
}
