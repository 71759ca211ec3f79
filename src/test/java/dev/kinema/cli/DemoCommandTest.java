package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.config.ConfigReader;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventFilmSet;
import dev.kinema.video.EventGrammar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo in its quick form: that all is done, kept and told, not that anything is learned. */
class DemoCommandTest {
    @TempDir
    private Path folder;

    private static FileTime time(Path file) throws IOException {
        return Files.getLastModifiedTime(file);
    }

    @Test
    void tellsTheWholeStoryAndGoesOnFromWhatIsDone() throws IOException {
        Path out = folder.resolve("some/where");
        CommandRun first = CommandRun.of("demo", "--quick", "--out", out).done();
        assertEquals(List.of("demo.html", "film.html", "film.mp4", "films", "held-out", "pretrain.yaml", "random.safetensors",
            "run"), CommandRun.in(out));
        String page = Files.readString(out.resolve("demo.html"));
        assertPageIsWhole(page);
        assertTrue(page.contains("This is a quick demo"), "says that it was cut short");
        assertTrue(page.contains("kinema demo --quick --out " + out), "says the command");
        assertTrue(Files.readString(out.resolve("film.html")).contains(">16 clips of 1.60 s<"), "one clip an event");
        assertTrue(first.out().contains("backbone: done\n") && first.out().contains("contextualizer: done\n"), first.out());
        PretrainConfig settings = ConfigReader.read(out.resolve("pretrain.yaml"), PretrainConfig.class);
        assertEquals(out.resolve("films/events/films.csv"), settings.backbone().orElseThrow().first().films().list(),
            "settings that kinema pretrain can go on with");

        Path film = out.resolve("films/sequences").resolve(Files.readAllLines(out.resolve("films/sequences/films.csv")).get(0));
        FileTime filmed = time(film);
        FileTime trained = time(out.resolve("run/contextualizer/weights.safetensors"));
        CommandRun second = CommandRun.of("demo", "--quick", "--out", out).done();
        assertTrue(second.out().contains("backbone: done before, skipped\n"), second.out());
        assertTrue(second.out().contains("contextualizer: done before, skipped\n"), second.out());
        assertEquals(filmed, time(film), "films are kept");
        assertEquals(trained, time(out.resolve("run/contextualizer/weights.safetensors")));
        assertEquals(measured(first), measured(second), "the same networks measure the same");
        assertPageIsWhole(Files.readString(out.resolve("demo.html")));
    }

    private static List<String> measured(CommandRun run) {
        List<String> lines = run.out().lines().filter(line -> line.contains("% before learning")).toList();
        assertEquals(2, lines.size(), run.out());
        return lines;
    }

    private static void assertPageIsWhole(String page) {
        for (String title : new String[] {"What was done", "What the films are made of", "Step one: learning to see",
            "Step two: learning to expect", "A film that neither network has seen", "What this shows, and what it does not", "To go on"}) {
            assertTrue(page.contains(">" + title + "</h2>"), title);
        }
        assertEquals(3, page.split("class=\"chart\"").length - 1, "two losses and a spread");
        assertEquals(3, page.split("class=\"matrix still\"").length - 1, "three networks");
        // four clips, four guesses, each before and after
        assertEquals(8, page.split(">Nearest (before|after) learning<").length - 1);
        assertEquals(8, page.split(">Guess (before|after) learning<").length - 1);
        assertEquals(4, page.split(">hidden: guess it<").length - 1);
        for (int kind = 0; kind < EventFilm.DEFAULT_CLASSES; kind++) {
            assertTrue(page.contains(">" + DrawnFilms.name(kind) + "<"), DrawnFilms.name(kind));
        }
    }

    @Test
    void whatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        CommandRun.of("demo", "--out", file).failed(ExitCode.FAILED, file.toString(), "--out");
        CommandRun.of("demo", "--seed", "one").failed(ExitCode.USAGE, "--seed", "one");
    }

    /** What the demo trains stands in configs, too, for the films that it makes where it is told nothing else. */
    @Test
    void theRunInConfigsIsTheDemos() {
        DemoFilms films = DemoFilms.in(Path.of("kinema-demo"), 1, DemoFilms.Amounts.WHOLE);
        PretrainConfig demo = DemoSettings.of(films, 1, new DeviceOptions(), false);
        assertEquals(demo, ConfigReader.read(Path.of("configs/pretrain/demo.yaml"), PretrainConfig.class));
        PretrainConfig quick = DemoSettings.of(films, 1, new DeviceOptions(), true);
        assertTrue(10 * quick.contextualizer().orElseThrow().epochs() <= demo.contextualizer().orElseThrow().epochs());
    }

    /** Films that are there are kept only where all of them are, and are those that are wanted. */
    @Test
    void filmsThatAreMissingAreMadeAgain() throws IOException {
        EventFilm.Format tiny = new EventFilm.Format(16, 16, 5, 1);
        DrawnFilms films = new DrawnFilms(EventFilmSet.sequences(3, 2, 2, EventGrammar.of(1, 2), tiny), folder.resolve("films"));
        films.write();
        assertEquals(2, films.films().size());
        Path last = folder.resolve("films").resolve(films.set().name(1));
        FileTime made = time(last);
        films.write();
        assertEquals(made, time(last));
        Files.delete(last);
        films.write();
        assertTrue(Files.exists(last), "made again");
        FileTime again = time(last);
        DrawnFilms more = new DrawnFilms(EventFilmSet.sequences(3, 3, 2, EventGrammar.of(1, 2), tiny), folder.resolve("films"));
        more.write();
        assertEquals(3, more.films().size());
        assertNotEquals(again, time(last), "another set");
    }

    @Test
    void filmsKnowWhatTheyShow() {
        EventFilm.Format tiny = new EventFilm.Format(16, 16, 5, 2);
        DrawnFilms films = new DrawnFilms(EventFilmSet.sequences(3, 2, 4, EventGrammar.of(1, 3), tiny), folder);
        List<Integer> labels = films.set().film(1).events().stream().map(EventFilm.Event::label).toList();
        for (int i = 0; i < labels.size(); i++) {
            assertEquals(labels.get(i), films.kind(1, 2 * i + 0.8));
            assertEquals(DrawnFilms.name(labels.get(i)), films.at(1, 2 * i + 0.8).kind());
        }
        assertEquals(labels.get(3), films.kind(1, 99), "the last one goes on");
        assertEquals(1, films.indexOf(films.set().name(1)));
        assertFalse(Arrays.equals(films.at(1, 0.8).picture().rgb(), films.at(0, 0.8).picture().rgb()));
    }
}
