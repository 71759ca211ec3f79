package dev.kinema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.cli.Main;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.ProceduralFilm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds README.md to what is there: its commands run, its example compiles and runs, its tables and links are true. */
class ReadmeTest {
    /** A fenced block: a comment on the line before it, its language, its text. */
    private static final Pattern BLOCK = Pattern.compile("(?m)(?:^<!-- (.+) -->\\n)?^```(\\w+)\\n((?s:.*?))^```$");
    private static final String RUNS = "runs";
    private static final String DEMO = "./kinema demo\n";
    private static final int LONGEST_MINUTES = 8;

    private static String readme;

    /** @param note the comment before the block, empty where there is none */
    private record Block(String note, String language, String text) {}

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        readme = Files.readString(Path.of("README.md"));
    }

    private static List<Block> blocks(String language) {
        return blocks(readme, language);
    }

    private static List<Block> blocks(String page, String language) {
        return BLOCK.matcher(page).results().map(m -> new Block(m.group(1) == null ? "" : m.group(1), m.group(2), m.group(3)))
            .filter(block -> block.language().equals(language)).toList();
    }

    private static String classPath() {
        // the test runner may put a jar of its own in front that only names the others
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /**
     * All marked blocks, one after the other in one folder, as a reader would; {@code ./kinema} there runs the classes under test. The demo
     * runs in its quick form, as README.md says: it leaves the same files.
     */
    @Test
    void markedCommandsRun() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no /bin/sh, which README.md's commands are written for");
        List<Block> marked = blocks("sh").stream().filter(block -> block.note().equals(RUNS)).toList();
        assertTrue(marked.size() >= 2, "blocks marked '" + RUNS + "': " + marked.size());
        writeLauncher(folder.resolve("kinema"));
        String commands = marked.stream().map(Block::text).collect(Collectors.joining());
        assertTrue(commands.startsWith(DEMO), commands);
        assertTrue(readme.contains("`--quick` makes few films"), "README.md says what the tests run");
        String script = "set -eux\n" + commands.replace(DEMO, DEMO.strip() + " --quick\n");
        Path log = folder.resolve("log");
        Process shell = new ProcessBuilder("/bin/sh", "-c", script).directory(folder.toFile()).redirectErrorStream(true)
            .redirectOutput(log.toFile()).start();
        try {
            assertTrue(shell.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES), () -> "README.md's commands take too long:\n" + text(log));
        } finally {
            shell.descendants().forEach(ProcessHandle::destroyForcibly);
            shell.destroyForcibly();
        }
        assertEquals(0, shell.exitValue(), () -> text(log));
        String page = Files.readString(folder.resolve("kinema-demo/demo.html"));
        assertTrue(page.contains("A film that neither network has seen"), () -> text(log));
        assertTrue(Files.exists(folder.resolve("kinema-demo/film.html")), () -> text(log));
        assertTrue(Files.exists(folder.resolve("curves.html")), () -> text(log));
        assertTrue(Files.exists(folder.resolve("features/film.events.npy")), () -> text(log));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "(and its output cannot be read: " + e + ")";
        }
    }

    private static void writeLauncher(Path file) throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("--") || argument.startsWith("-Dorg.bytedeco.")).forEach(java::add);
        String cache = System.getProperty("org.bytedeco.javacpp.cachedir");
        if (cache != null) {
            java.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
        }
        java.addAll(List.of("-cp", classPath(), "dev.kinema.cli.Main"));
        String words = java.stream().map(word -> "'" + word.replace("'", "'\\''") + "'").collect(Collectors.joining(" "));
        Files.writeString(file, "#!/bin/sh\nexec " + words + " \"$@\"\n");
        assertTrue(file.toFile().setExecutable(true));
    }

    /** What no test runs, for want of the files, names at least commands and options that there are. */
    @Test
    void commandsAndOptionsExist() throws IOException {
        List<String> lines = blocks(readme + Files.readString(Path.of("configs/README.md")), "sh").stream().flatMap(block -> block.text().lines()).filter(line -> line.startsWith("./kinema ")).toList();
        assertTrue(lines.size() >= 7, lines::toString);
        for (String line : lines) {
            String[] words = line.split(" ");
            String group = help(words[1]);
            String help = group.contains("Commands:") ? help(words[1], words[2]) : group;
            for (String word : words) {
                if (word.startsWith("--")) {
                    assertTrue(Pattern.compile("^ +(-\\w, )?" + word + "\\b", Pattern.MULTILINE).matcher(help).find(),
                        () -> "'" + line + "' has an option that is not in\n" + help);
                }
            }
        }
    }

    @Test
    void commandTableIsComplete() {
        TreeSet<String> named = new TreeSet<>();
        Pattern.compile("(?m)^\\| `kinema (\\w+)` \\|").matcher(readme).results().forEach(row -> named.add(row.group(1)));
        TreeSet<String> there = new TreeSet<>();
        String help = help("--help");
        Pattern.compile("(?m)^  (\\w+)  +\\S").matcher(help.substring(help.indexOf("Commands:"))).results().forEach(row -> there.add(row.group(1)));
        assertEquals(there, named);
    }

    private static String help(String... command) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        List<String> words = new ArrayList<>(List.of(command));
        if (!command[0].startsWith("-")) {
            words.add("--help");
        }
        String[] arguments = words.toArray(String[]::new);
        assertEquals(0, Main.run(arguments, new PrintWriter(out), new PrintWriter(err)), err::toString);
        return out.toString();
    }

    /** With a small network and a short film, which the examples take as they take others. */
    @Test
    void examplesCompileAndRun() throws Exception {
        Path weights = folder.resolve("weights.safetensors");
        SlowConfig small = SlowConfig.slowD(26).withWidth(4).withClip(new SlowConfig.Clip(16, 48, 4))
            .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 0, 0));
        BackboneWeights.random(small, 1).write(weights, 1, 0);
        Path film = folder.resolve("film.mp4");
        ProceduralFilm.of(1, 64, 48, 25, 6).write(film);
        Map<String, List<String>> printed = new TreeMap<>();
        for (Block example : blocks("java")) {
            Path source = Files.writeString(folder.resolve(example.note()), example.text());
            ByteArrayOutputStream messages = new ByteArrayOutputStream();
            int status = ToolProvider.getSystemJavaCompiler().run(null, messages, messages, "-proc:none", "-cp", classPath(), "-d",
                folder.toString(), source.toString());
            assertEquals(0, status, messages::toString);
            printed.put(example.note(), run(example.note().replace(".java", ""), weights.toString(), film.toString()));
        }
        assertEquals(Map.of(
            "Embed.java", List.of("0.0 s to 2.1 s: 128 numbers", "2.0 s to 4.1 s: 128 numbers", "4.0 s to 6.1 s: 128 numbers"),
            "Serve.java", List.of("0.0 s: 128 numbers", "2.0 s: 128 numbers", "4.0 s: 128 numbers", "3 clips")), printed);
    }

    private List<String> run(String name, String... arguments) throws Exception {
        PrintStream console = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, ReadmeTest.class.getClassLoader())) {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            Method main = loader.loadClass(name).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) arguments);
        } finally {
            System.setOut(console);
        }
        return printed.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void packageTableIsTheOneThatHolds() {
        Map<String, String> expected = new TreeMap<>();
        ArchitectureTest.PACKAGES.forEach((name, imports) -> {
            if (!name.isEmpty()) {
                expected.put(name, imports.contains("*") ? "all" : new TreeSet<>(imports).toString());
            }
        });
        Map<String, String> written = new TreeMap<>();
        Pattern.compile("(?m)^\\| `([a-z.]+)` \\| (.+) \\| ?(.*) ?\\|$").matcher(readme).results().forEach(row -> {
            String imports = row.group(3).strip().replace("`", "");
            written.put(row.group(1), imports.equals("all") ? imports
                : new TreeSet<>(Pattern.compile("[a-z.]+").matcher(imports).results().map(MatchResult::group).toList()).toString());
            boolean there = Files.isDirectory(Path.of("src/main/java/dev/kinema", row.group(1).split("\\.")));
            assertEquals(there, !row.group(2).startsWith("planned"), () -> row.group(1) + " is there: " + there);
        });
        assertEquals(expected, written);
    }

    @Test
    void linksLeadSomewhere() {
        List<String> links = Pattern.compile("\\]\\(([^)]+)\\)").matcher(readme).results().map(m -> m.group(1)).toList();
        assertFalse(links.isEmpty());
        links.stream().filter(link -> !link.startsWith("https:")).forEach(link -> assertTrue(Files.exists(Path.of(link)), link));
    }
}
