package dev.kinema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the picture of the packages against the built classes: who may import whom, who may touch the console, names, sizes. */
class ArchitectureTest {
    /** A package of {@code dev.kinema} and those it may import, besides itself, the root and the JDK; * stands for all. */
    static final Map<String, Set<String>> PACKAGES = new TreeMap<>(Map.ofEntries(
        Map.entry("", Set.of()),
        Map.entry("graph", Set.of()),
        Map.entry("device", Set.of("graph")),
        Map.entry("device.reference", Set.of("device", "graph")),
        Map.entry("device.cpu", Set.of("device", "graph")),
        Map.entry("device.cuda", Set.of("device", "graph")),
        Map.entry("nn", Set.of("graph")),
        Map.entry("model", Set.of("nn", "graph")),
        Map.entry("optim", Set.of("graph")),
        Map.entry("video", Set.of()),
        Map.entry("data", Set.of("video", "graph", "device", "checkpoint")),
        Map.entry("run", Set.of("checkpoint", "device", "graph")),
        Map.entry("pretrain", Set.of("model", "nn", "graph", "optim", "data", "video", "device", "config", "checkpoint", "embed", "metric", "run")),
        Map.entry("task", Set.of("model", "nn", "graph", "optim", "data", "device", "config")),
        Map.entry("task.vidsitu", Set.of("checkpoint", "data", "device", "graph", "metric", "video")),
        Map.entry("finetune", Set.of("model", "nn", "graph", "optim", "data", "video", "device", "config", "checkpoint", "embed", "metric", "run",
            "pretrain", "task", "task.vidsitu")),
        Map.entry("metric", Set.of()),
        Map.entry("checkpoint", Set.of("device", "graph")),
        Map.entry("config", Set.of()),
        Map.entry("embed", Set.of("model", "nn", "graph", "device", "checkpoint", "config", "video", "data")),
        Map.entry("bench", Set.of("graph", "device", "nn", "model", "optim", "pretrain", "metric", "video")),
        Map.entry("report", Set.of()),
        Map.entry("example", Set.of("embed", "video")),
        Map.entry("cli", Set.of("*"))));

    /** Packages that count as another one. */
    private static final Map<String, String> PARTS = Map.of("graph.op", "graph",
        "device.cuda.binding", "device.cuda", "device.cuda.presets", "device.cuda");

    /** A library, by the start of its classes' names, and the packages that may use it. */
    private static final Map<String, Set<String>> LIBRARIES = new TreeMap<>(Map.of(
        "org.bytedeco.ffmpeg.", Set.of("video"),
        "org.bytedeco.dnnl.", Set.of("device.cpu"),
        "org.bytedeco.javacpp.", Set.of("device.cpu", "device.cuda", "video"),
        "com.google.gson.", Set.of("checkpoint", "embed", "data", "run", "pretrain", "task", "task.vidsitu", "finetune", "example",
            "bench", "cli"),
        "com.knuddels.jtokkit.", Set.of("task", "task.vidsitu"),
        "org.snakeyaml.engine.", Set.of("config"),
        "picocli.", Set.of("cli")));

    /** The one class of ours that stands outside {@code dev.kinema}: what the dnnl preset asks for instead of the OpenCL jars. */
    private static final String OPENCL_STUB = "org.bytedeco.opencl.presets.OpenCL";

    private static final Pattern JDK = Pattern.compile("(java|javax|jdk|sun|com\\.sun)\\..*");
    private static final Pattern JDEPS_LINE = Pattern.compile("\\s+(\\S+)\\s+-> (\\S+)\\s.*");
    private static final Pattern BANNED_NAME =
        Pattern.compile("(Abstract|Base|Common)[A-Z].*|.*(Util|Utils|Helper|Helpers|Manager|Impl)");
    private static final Pattern CONSOLE = Pattern.compile("java\\.lang\\.(System\\.(out|err|exit|console)"
        + "|Runtime\\.(exit|halt)|Throwable\\.printStackTrace)");
    private static final int LONGEST_FILE = 450;

    private static Path classes;
    /** Class names to the class names they use, the JDK's left out. */
    private static Map<String, Set<String>> uses;

    @BeforeAll
    static void analyse() throws URISyntaxException {
        classes = Path.of(KinemaException.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow(() -> new AssertionError("the tests need a JDK, with jdeps"));
        StringWriter out = new StringWriter();
        int status = jdeps.run(new PrintWriter(out), new PrintWriter(out), "--ignore-missing-deps", "-verbose:class",
            "-filter:none", classes.toString());
        assertEquals(0, status, () -> "jdeps failed: " + out);
        uses = new TreeMap<>();
        out.toString().lines().map(JDEPS_LINE::matcher).filter(Matcher::matches).forEach(m -> {
            Set<String> used = uses.computeIfAbsent(m.group(1), name -> new TreeSet<>());
            if (!JDK.matcher(m.group(2)).matches()) {
                used.add(m.group(2));
            }
        });
    }

    @Test
    void packagesImportOnlyWhatTheTableAllows() {
        assertEquals(List.of(), violations(uses));
    }

    /** That jdeps' output was understood: edges that are there for certain are seen. */
    @Test
    void analysisSeesTheClasses() {
        assertTrue(uses.get("dev.kinema.graph.Graph").contains("dev.kinema.KinemaException"), uses.keySet()::toString);
        assertTrue(uses.get("dev.kinema.device.cpu.CpuDevice").stream().anyMatch(name -> name.startsWith("org.bytedeco.dnnl.")));
    }

    @Test
    void plantedImportsAreReported() {
        for (String[] planted : new String[][] {
            {"dev.kinema.graph.op.Add", "dev.kinema.device.Device"},
            {"dev.kinema.model.Slow", "dev.kinema.optim.Sgd"},
            {"dev.kinema.device.Weights", "dev.kinema.device.cpu.CpuDevice"},
            {"dev.kinema.device.cpu.CpuDevice", "org.bytedeco.ffmpeg.global.avutil"},
            {"dev.kinema.video.Film", "org.bytedeco.dnnl.engine"},
            {"dev.kinema.graph.Graph", "com.google.gson.Gson"},
            {"dev.kinema.graph.Graph", "org.example.Unknown"},
            {"dev.kinema.graph.Graph", "dev.kinema.unheard.Of"},
            {"dev.kinema.unheard.Of", "dev.kinema.graph.Graph"},
            {"org.example.Stray", "dev.kinema.graph.Graph"}}) {
            assertEquals(1, violations(Map.of(planted[0], Set.of(planted[1]))).size(), planted[0] + " -> " + planted[1]);
        }
        assertEquals(List.of(), violations(Map.of("dev.kinema.cli.Main", Set.of("dev.kinema.embed.MovieEncoder", "picocli.CommandLine"),
            "dev.kinema.device.cpu.Step", Set.of("dev.kinema.device.cpu.Buffer", "org.bytedeco.javacpp.Pointer"))));
    }

    @Test
    void onlyTheCommandLineExitsOrPrints() throws IOException {
        List<String> found = new ArrayList<>();
        int references = 0;
        for (Path file : files(classes, ".class")) {
            Set<String> members = ClassMembers.referredToBy(Files.readAllBytes(file));
            references += members.size();
            String name = className(classes.relativize(file));
            if (!packageOf(name).equals("cli")) {
                members.stream().filter(CONSOLE.asMatchPredicate()).forEach(member -> found.add(name + " uses " + member));
            }
        }
        assertEquals(List.of(), found);
        assertTrue(references > 1000, "the class files were not understood: " + references + " references in all");
        try (InputStream loud = ArchitectureTest.class.getResourceAsStream("ArchitectureTest$Loud.class")) {
            assertTrue(ClassMembers.referredToBy(loud.readAllBytes()).stream().anyMatch(CONSOLE.asMatchPredicate()));
        }
    }

    /** Does what nothing outside the command line may do, to show that it is seen. */
    static final class Loud {
        static void speak() {
            System.err.println();
        }
    }

    @Test
    void classesAreNamedAfterWhatTheyAre() throws IOException {
        Set<String> found = new TreeSet<>();
        for (Path root : List.of(classes, Path.of("src/test/java"))) {
            for (Path file : files(root, root.equals(classes) ? ".class" : ".java")) {
                for (String simple : className(file.getFileName()).split("\\$")) {
                    if (BANNED_NAME.matcher(simple).matches()) {
                        found.add(file.toString());
                    }
                }
            }
        }
        assertEquals(Set.of(), found);
        assertTrue(Stream.of("FileUtils", "BaseDevice", "OpImpl").allMatch(BANNED_NAME.asMatchPredicate()));
        assertTrue(Stream.of("Baseline", "Graph", "Implicit").noneMatch(BANNED_NAME.asMatchPredicate()));
    }

    @Test
    void filesStayReadable() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files(Path.of("src/main/java"), ".java")) {
            try (Stream<String> lines = Files.lines(file)) {
                long count = lines.count();
                if (count > LONGEST_FILE) {
                    found.add(file + " has " + count + " lines: look for the missing noun");
                }
            }
        }
        assertEquals(List.of(), found);
    }

    @Test
    void readmeNamesEveryPackage() throws IOException {
        Path readme = Path.of("README.md");
        assumeTrue(Files.exists(readme), "there is no README.md yet");
        String text = Files.readString(readme);
        Set<String> unnamed = new TreeSet<>();
        for (String name : uses.keySet()) {
            String part = packageOf(name);
            Pattern named = Pattern.compile("`(dev\\.kinema\\.)?" + Pattern.quote(part) + "`");
            if (!part.isEmpty() && name.startsWith("dev.kinema.") && !named.matcher(text).find()) {
                unnamed.add(part);
            }
        }
        assertEquals(Set.of(), unnamed, "packages that README.md's map lacks");
    }

    private static List<String> violations(Map<String, Set<String>> uses) {
        List<String> found = new ArrayList<>();
        uses.forEach((user, used) -> {
            if (user.equals(OPENCL_STUB)) {
                return;
            }
            String from = packageOf(user);
            if (!user.startsWith("dev.kinema.") || !PACKAGES.containsKey(from)) {
                found.add(user + " is in no package of the table");
                return;
            }
            used.stream().filter(name -> !allowed(from, name)).forEach(name -> found.add(user + " may not use " + name));
        });
        return found;
    }

    private static boolean allowed(String from, String name) {
        if (!name.startsWith("dev.kinema.")) {
            return LIBRARIES.entrySet().stream()
                .anyMatch(library -> name.startsWith(library.getKey()) && library.getValue().contains(from));
        }
        String to = packageOf(name);
        Set<String> targets = PACKAGES.get(from);
        return PACKAGES.containsKey(to) && (to.equals(from) || to.isEmpty() || targets.contains(to) || targets.contains("*"));
    }

    /** The package under {@code dev.kinema} of a class, or the one it counts as. */
    private static String packageOf(String className) {
        int end = className.lastIndexOf('.');
        String name = end < 0 ? "" : className.substring(0, end).replaceFirst("^dev\\.kinema\\.?", "");
        return PARTS.getOrDefault(name, name);
    }

    private static String className(Path file) {
        return file.toString().replace(file.getFileSystem().getSeparator(), ".").replaceFirst("\\.(class|java)$", "");
    }

    private static List<Path> files(Path root, String end) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(file -> file.toString().endsWith(end)).sorted().toList();
        }
    }
}
