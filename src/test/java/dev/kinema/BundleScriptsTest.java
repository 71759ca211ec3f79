package dev.kinema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the scripts of {@code benchmarks/gpu} do with their words and with what fails, in a bundle of stand-ins: no kernels, no device. */
class BundleScriptsTest {
    private static final Path SCRIPTS = Path.of("benchmarks/gpu");
    /** Says what it is given, and fails where that is what it is told: by a word of its own. */
    private static final String JAVA = "#!/bin/bash\necho \"java $*\"\ncase \"$*\" in *bf16) echo 'one is wrong'; exit 1 ;; esac\n";
    private static final String LAB = """
        #!/bin/bash
        [ "$1" = list ] || { echo "lab $*"; exit 0; }
        echo 'conv3d.forward f32 batch=1, 2 variants'
        echo 'dropout.apply f32 n=7, 1 variants'
        echo 'infonce.queue f32 batch=512, 2 variants, of full size: 1.000 GFLOP, 1.000 MB'
        """;
    /** As NVIDIA's, as far as it is used: it runs the program, and has an exit status of its own where it found something. */
    private static final String SANITIZER = """
        #!/bin/bash
        tool=$2 status=$4
        shift 6
        "$@" || exit
        [ "$tool $*" != "racecheck $FINDS" ] || { echo '========= RACECHECK SUMMARY: 1 hazard displayed'; exit "$status"; }
        echo '========= ERROR SUMMARY: 0 errors'
        """;

    @TempDir
    private Path folder;

    @BeforeEach
    void makeBundle() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "there is no /bin/bash, which the scripts are written for");
        for (String name : List.of("run", "sanitize")) {
            program(name, Files.readString(SCRIPTS.resolve(name)));
        }
        program("jre/bin/java", JAVA);
        program("bin/kinema-lab", LAB);
        Files.writeString(folder.resolve("jre/release"), "JAVA_VERSION=\"17.0.1\"\n");
        Files.writeString(folder.resolve("BUILD"), "kernels 0123\n");
    }

    private void program(String name, String text) throws IOException {
        ScriptRun.program(folder.resolve(name), text);
    }

    private ScriptRun script(Path script, String finds, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("/bin/bash", script.toAbsolutePath().toString()));
        command.addAll(List.of(words));
        return ScriptRun.of(folder, Map.of("FINDS", finds), command);
    }

    private ScriptRun run(String... words) throws IOException, InterruptedException {
        return script(folder.resolve("run"), "nothing", words);
    }

    @Test
    void unknownWordsAreToldWhatThereIs() throws IOException, InterruptedException {
        for (String[] words : new String[][] {{}, {"nonsense"}, {"all"}}) {
            ScriptRun ended = run(words);
            assertEquals(2, ended.status(), ended.text());
            assertTrue(ended.text().contains("usage: run golden [DEVICE]"), ended.text());
        }
        ScriptRun ended = run("all", folder.resolve("out").toString(), "devices", "nonsense");
        assertEquals(2, ended.status(), ended.text());
        assertTrue(ended.text().contains("there is no step nonsense: they are before devices"), ended.text());
        assertFalse(Files.exists(folder.resolve("out/devices.log")), "nothing runs where a word is wrong");
    }

    @Test
    void commandsReachTheirPrograms() throws IOException, InterruptedException {
        assertTrue(run("golden", "cuda:0", "fp32", "slowd").text().strip().endsWith("dev.kinema.golden.GoldenRun cuda:0 fp32 slowd"));
        assertTrue(run("golden").text().strip().endsWith("dev.kinema.golden.GoldenRun cuda:0 fp32"));
        assertTrue(run("conformance").text().strip().endsWith("dev.kinema.device.ConformanceRun cuda:0 fp32"));
        assertEquals("lab check --full", run("lab", "check", "--full").text().strip());
        ScriptRun ended = run("golden", "cuda-emulated:0");
        assertEquals(2, ended.status(), ended.text());
        assertTrue(ended.text().contains("make one by benchmarks/gpu/bundle --with-emulator"), ended.text());
    }

    @Test
    void allGoesOnAfterWhatFails() throws IOException, InterruptedException {
        Path out = folder.resolve("out");
        ScriptRun ended = run("all", out.toString(), "golden-fp32", "golden-bf16", "peers", "check");
        assertEquals(1, ended.status(), ended.text());
        assertTrue(ended.text().contains("failed: golden-bf16 peers (the logs are in"), ended.text());
        assertTrue(ended.text().contains("FAILED with 1 after"), ended.text());
        assertTrue(ended.text().contains("one is wrong"), "the last line of the log says why: " + ended.text());
        assertTrue(Files.readString(out.resolve("check.log")).contains("lab check"));
        ScriptRun good = run("all", out.toString(), "devices", "check", "check-full");
        assertEquals(0, good.status(), good.text());
        assertEquals("lab check --full --repeats 2", Files.readString(out.resolve("check-full.log")).strip());
    }

    @Test
    void kernelsAreCheckedAtTheirFullSizesBeforeTheyAreTimed() throws IOException, InterruptedException {
        ScriptRun ended = run("all", folder.resolve("out").toString(), "nonsense");
        assertTrue(ended.text().contains(" check check-full roofline lab bench "), ended.text());
    }

    @Test
    void sanitizeRunsEachToolOverEachFamily() throws IOException, InterruptedException {
        program("tools/compute-sanitizer", SANITIZER);
        ScriptRun clean = run("sanitize", folder.resolve("clean").toString());
        assertEquals(0, clean.status(), clean.text());
        assertTrue(clean.text().contains("8 runs, 0 with findings or failures"), clean.text());
        Path out = folder.resolve("found");
        String planted = folder.resolve("bin/kinema-lab").toAbsolutePath() + " check --only dropout. --repeats 2";
        ScriptRun found = script(folder.resolve("run"), planted, "sanitize", out.toString(), "memcheck", "racecheck");
        assertEquals(1, found.status(), found.text());
        assertTrue(found.text().contains("4 runs, 1 with findings or failures"), found.text());
        assertTrue(found.text().lines().anyMatch(l -> l.startsWith("racecheck  dropout") && l.contains("FOUND") && l.contains("1 hazard")),
            found.text());
        assertTrue(Files.readString(out.resolve("memcheck-conv3d.log")).contains("lab check --only conv3d. --repeats 2"));
    }

    @Test
    void sanitizeFailsWhereItCannotRun() throws IOException, InterruptedException {
        ScriptRun unknown = run("sanitize", folder.resolve("out").toString(), "leakcheck");
        assertEquals(2, unknown.status(), unknown.text());
        assertTrue(unknown.text().contains("there is no tool leakcheck"), unknown.text());
        // what does not start is no clean run
        program("tools/compute-sanitizer", "#!/bin/bash\necho 'no device'\nexit 1\n");
        ScriptRun failed = run("sanitize", folder.resolve("out").toString(), "initcheck");
        assertEquals(1, failed.status(), failed.text());
        assertTrue(failed.text().contains("FAILED with 1"), failed.text());
    }

    @Test
    void bundleRefusesWordsThatItDoesNotKnow() throws IOException, InterruptedException {
        // a copy, so that nothing is built in the real tree
        Path copy = folder.resolve("benchmarks/gpu/bundle");
        Files.createDirectories(copy.getParent());
        Files.copy(SCRIPTS.resolve("bundle"), copy, StandardCopyOption.REPLACE_EXISTING);
        ScriptRun unknown = script(copy, "", "--nonsense");
        assertEquals(1, unknown.status(), unknown.text());
        assertTrue(unknown.text().contains("there is no option --nonsense"), unknown.text());
        ScriptRun folderless = script(copy, "", "--out");
        assertEquals(1, folderless.status(), folderless.text());
        assertTrue(folderless.text().contains("--out needs a folder"), folderless.text());
    }
}
