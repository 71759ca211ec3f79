package dev.kinema.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayeredFileTest {
    record Rate(@Default("0.1") double peak, @Default("0") int warmUp) {
        Rate {
            if (!(peak > 0)) {
                throw new IllegalArgumentException("peak is " + peak + ": it must be above 0");
            }
        }
    }

    record Run(String name, @Default("1") int epochs, @Default("{}") Rate rate, @Default("[]") List<Integer> steps) {}

    @TempDir
    Path folder;

    @BeforeEach
    void base() throws IOException {
        file("base.yaml", "name: base\nepochs: 400\nrate:\n  peak: 0.32\n  warm_up: 5\nsteps: [1, 2, 3]\n");
    }

    @Test
    void whatAFileSaysWinsGroupsMergeListsReplace() throws IOException {
        Path run = file("run.yaml", "extends: base.yaml\nname: run\nrate: {warm_up: 7}\nsteps: [9]\n");
        assertEquals(new Run("run", 400, new Rate(0.32, 7), List.of(9)), ConfigReader.read(run, Run.class));
        Path alone = file("alone.yaml", "extends: base.yaml");
        assertEquals(new Run("base", 400, new Rate(0.32, 5), List.of(1, 2, 3)), ConfigReader.read(alone, Run.class));
        Path onEmpty = file("on-empty.yaml", "name: x\nextends: empty.yaml");
        file("empty.yaml", "# nothing yet\n");
        assertEquals("x", ConfigReader.read(onEmpty, Run.class).name());
    }

    @Test
    void chainsOfEightFilesInFolders() throws IOException {
        Files.createDirectory(folder.resolve("inner"));
        file("inner/1.yaml", "extends: ../base.yaml\nepochs: 1");
        for (int i = 2; i <= 7; i++) {
            file("inner/" + i + ".yaml", "extends: " + (i - 1) + ".yaml\nrate: {peak: " + i + "}");
        }
        assertEquals(new Run("base", 1, new Rate(7, 5), List.of(1, 2, 3)), ConfigReader.read(folder.resolve("inner/7.yaml"), Run.class));
        assertRefused(file("inner/8.yaml", "extends: 7.yaml"), "1.yaml:1: extends: makes a chain of more than 8 files", "8.yaml -> ");
    }

    @Test
    void groupsExtendFilesThatHoldTheirKeys() throws IOException {
        Files.createDirectory(folder.resolve("parts"));
        file("parts/peak.yaml", "peak: 0.5\nwarm_up: 2");
        file("parts/rate.yaml", "warm_up: 9\nextends: peak.yaml");
        Path run = file("run.yaml", "name: x\nrate: {extends: parts/rate.yaml}\nsteps: [4]");
        assertEquals(new Run("x", 1, new Rate(0.5, 9), List.of(4)), ConfigReader.read(run, Run.class));
        Path above = file("above.yaml", "extends: run.yaml\nrate: {peak: 0.7}");
        assertEquals(new Rate(0.7, 9), ConfigReader.read(above, Run.class).rate());
        Path replaced = file("replaced.yaml", "extends: base.yaml\nrate: {extends: parts/peak.yaml, warm_up: 3}");
        assertEquals(new Rate(0.5, 3), ConfigReader.read(replaced, Run.class).rate());
        file("parts/peak.yaml", "warm_up: 2\npeak: steep");
        assertRefused(above.resolveSibling("run.yaml"), "peak.yaml:2: rate.peak: must be a number");
        assertRefused(file("c.yaml", "name: x\nrate:\n  extends: c.yaml"), "c.yaml:3: rate.extends: goes round in a circle");
        assertRefused(file("d.yaml", "name: x\nrate: &a\n  peak: 1\n  again: *a"), "rate.again: unknown key");
    }

    @Test
    void circlesNameTheFiles() throws IOException {
        Path a = file("a.yaml", "extends: b.yaml");
        Path b = file("b.yaml", "name: x\nextends: ./a.yaml");
        assertRefused(a, "b.yaml:2: extends: goes round in a circle", a + " -> " + b + " -> ", "remove one extends");
        assertRefused(file("self.yaml", "extends: self.yaml"), "self.yaml:1: extends: goes round in a circle");
    }

    @Test
    void errorsNameTheFileAndLineOfTheValue() throws IOException {
        Path run = file("run.yaml", "extends: lower.yaml\nrate:\n  warm_up: 7\n");
        file("lower.yaml", "name: x\nepochs: many\n");
        assertRefused(run, "lower.yaml:2: epochs: must be an integer");
        file("lower.yaml", "name: x\n\nrate:\n  peak: -1\n");
        assertRefused(run, "lower.yaml:4: rate: peak is -1.0");
        file("lower.yaml", "name: x\nrate: {paek: 1}\n");
        assertRefused(run, "lower.yaml:2: rate.paek: unknown key (did you mean peak?)");
        file("lower.yaml", "name: x\nname: y\n");
        assertRefused(run, "lower.yaml:2: name: appears twice");
        file("lower.yaml", "name: x\nrate: {peak: 1, peak: 2}\n");
        assertRefused(run, "lower.yaml:2: rate.peak: appears twice");
        file("lower.yaml", "epochs: 1\n");
        assertRefused(run, "run.yaml: lacks the key name");
        file("lower.yaml", "[1]");
        assertRefused(run, "lower.yaml:1: must be a group of keys");
        file("lower.yaml", "name: [");
        assertRefused(run, "lower.yaml:", "is not YAML");
        assertRefused(file("run.yaml", "extends: base.yaml\nrate: {warm_up: x}"), "run.yaml:2: rate.warm_up: must be an integer");
    }

    @Test
    void whatCannotBeExtended() throws IOException {
        assertRefused(file("a.yaml", "name: x\nextends: absent.yaml"), "a.yaml:2: extends: names ", "absent.yaml, which is no file");
        assertRefused(file("a.yaml", "extends: [base.yaml]"), "a.yaml:1: extends: must be a path");
        assertRefused(file("a.yaml", "extends:"), "a.yaml:1: extends: has no value");
        assertRefused(file("a.yaml", "extends: base.yaml\nextends: base.yaml"), "a.yaml:2: extends: appears twice");
        assertRefused(file("a.yaml", "extends: base.yaml\nrate: {extends: base.yaml}"), "base.yaml:", "rate.name: unknown key");
        assertRefused(file("a.yaml", "extends: base.yaml\nrate:\n  extends: absent.yaml"), "a.yaml:3: rate.extends: names ");
        String message = assertThrows(KinemaException.class,
                () -> ConfigReader.parse("text", "name: x\nextends: base.yaml", Run.class)).getMessage();
        assertTrue(message.startsWith("text:2: extends: only a file can extend another one: "), message);
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static void assertRefused(Path file, String... expected) {
        String message = assertThrows(KinemaException.class, () -> ConfigReader.read(file, Run.class)).getMessage();
        for (String part : expected) {
            assertTrue(message.contains(part), message);
        }
    }
}
