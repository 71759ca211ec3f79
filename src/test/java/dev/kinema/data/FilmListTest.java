package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilmListTest {
    @TempDir
    Path folder;

    private FilmList read(String text, ListFormat format) throws IOException {
        return FilmList.read(Files.writeString(folder.resolve("list.csv"), text), format);
    }

    private FilmList read(String text) throws IOException {
        return read(text, ListFormat.standard());
    }

    private void refused(String text, String... parts) {
        String message = assertThrows(KinemaException.class, () -> read(text)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "'" + part + "' is missing from: " + message);
        }
    }

    @Test
    void readsOneToThreeFields() throws IOException {
        FilmList list = read("a.mp4 3\n\nb/c.mp4\n  \nd.mp4 ignored 12\ne.mp4 -1");
        assertEquals(List.of(new Film("a.mp4", Path.of("a.mp4"), 3), new Film("b/c.mp4", Path.of("b/c.mp4"), Film.NO_LABEL),
            new Film("d.mp4", Path.of("d.mp4"), 12), new Film("e.mp4", Path.of("e.mp4"), Film.NO_LABEL)), list.films());
        assertFalse(list.isLabelled());
        assertEquals(13, list.classes());
        assertTrue(read("a 0\nb 1").isLabelled());
        assertEquals(0, read("a\nb").classes());
    }

    @Test
    void putsUpWithLineEndsAndMarks() throws IOException {
        assertEquals(read("a.mp4 3\nb.mp4 4\n").films(), read("\uFEFFa.mp4 3\r\nb.mp4 4 \r\n\r\n").films());
    }

    @Test
    void joinsThePrefixToRelativePaths() throws IOException {
        Path prefix = Path.of("/films");
        FilmList list = read("a.mp4,3\n/elsewhere/b.mp4, 4\n", new ListFormat(",", prefix));
        assertEquals(List.of(prefix.resolve("a.mp4"), Path.of("/elsewhere/b.mp4")), list.films().stream().map(Film::path).toList());
        assertEquals("a.mp4", list.films().get(0).id());
        assertEquals(4, list.films().get(1).label());
    }

    @Test
    void pathMayContainTheSeparatorWhereItsEndingTells() throws IOException {
        FilmList list = read("my best film.mp4 3\nother film.MKV\nthird one.webm x 5\nplain film 7\n");
        assertEquals(List.of("my best film.mp4", "other film.MKV", "third one.webm", "plain"),
            list.films().stream().map(Film::id).toList());
        assertEquals(List.of(3, Film.NO_LABEL, 5, 7), list.films().stream().map(Film::label).toList());
    }

    @Test
    void errorsNameFileLineAndField() {
        refused("a.mp4 1\nb.mp4 two\n", "list.csv, line 2: field 2", "'two'", "-1");
        refused("a.mp4 x -2\n", "line 1: field 3", "'-2'");
        refused("a.mp4 1 2 3\n", "line 1", "4 fields", "set the separator");
        refused("a.mp4 1\n\nb.mp4 2\n./a.mp4 3\n", "line 4: field 1", "line 1 already", "remove one");
        refused("\n \n", "list.csv", "no film in it");
        refused("a.mp4 1\nb\u0000.mp4 2\n", "line 2: field 1", "no path");
        String message = assertThrows(KinemaException.class, () -> read(",3", new ListFormat(",", Path.of("")))).getMessage();
        assertTrue(message.contains("line 1: field 1"), message);
    }

    @Test
    void sourcesThatCannotBeReadAreNamed() throws IOException {
        Path latin = Files.write(folder.resolve("latin.csv"), "caf\u00e9.mp4 1\n".getBytes(StandardCharsets.ISO_8859_1));
        for (Path source : List.of(latin, folder.resolve("missing"), Files.createDirectory(folder.resolve("empty")))) {
            String message = assertThrows(KinemaException.class, () -> FilmList.read(source, ListFormat.standard())).getMessage();
            assertTrue(message.contains(source.toString()) && message.contains(": "), message);
        }
        assertThrows(KinemaException.class, () -> new ListFormat("", Path.of("")));
    }

    @Test
    void folderGivesItsFilmsSorted() throws IOException {
        for (String name : List.of("b.mp4", "a/z.MKV", "a/notes.txt", "a-1.webm", ".hidden.mp4", "mp4", "deep/er/x.avi")) {
            Path file = folder.resolve("films").resolve(name);
            Files.createDirectories(file.getParent());
            Files.createFile(file);
        }
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Files.createFile(elsewhere.resolve("linked.mov"));
        Files.createSymbolicLink(folder.resolve("films/link"), elsewhere);
        Files.createSymbolicLink(folder.resolve("films/gone.mp4"), folder.resolve("nowhere.mp4"));
        FilmList list = FilmList.read(folder.resolve("films"), ListFormat.standard());
        assertEquals(List.of("a-1.webm", "a/z.MKV", "b.mp4", "deep/er/x.avi", "gone.mp4", "link/linked.mov"),
            list.films().stream().map(Film::id).toList());
        assertEquals(folder.resolve("films/a/z.MKV"), list.films().get(1).path());
        assertFalse(list.isLabelled());
        Files.createSymbolicLink(folder.resolve("films/loop"), folder.resolve("films"));
        String message = assertThrows(KinemaException.class,
            () -> FilmList.read(folder.resolve("films"), ListFormat.standard())).getMessage();
        assertTrue(message.contains("loop") && message.contains("remove the link"), message);
    }

    @Test
    void fingerprintTellsListsApart() throws IOException {
        String print = read("a 1\nb 2").fingerprint();
        assertTrue(print.matches("[0-9a-f]{64}"), print);
        assertEquals(print, read("a 1\nb 2\n", new ListFormat(" ", Path.of("/elsewhere"))).fingerprint());
        for (String other : List.of("b 2\na 1", "a 1\nb 3", "a 1\nbb 2", "a 1\nb 2\nc", "a 1\nb")) {
            assertNotEquals(print, read(other).fingerprint(), other);
        }
    }

    @Test
    void listOfKnownFilmsHasEachOnce() {
        Film film = new Film("a", Path.of("a"), 0);
        assertEquals(1, FilmList.of(List.of(film)).size());
        assertThrows(KinemaException.class, () -> FilmList.of(List.of(film, new Film("a", Path.of("b"), 0))));
        assertThrows(KinemaException.class, () -> FilmList.of(List.of()));
    }

    @Test
    void aWrittenListIsReadAgain(@TempDir Path here) {
        List<Film> films = List.of(new Film("a", here.resolve("a.mp4"), 3), new Film("b", here.resolve("frames-of-b"), Film.NO_LABEL));
        Path list = here.resolve("list.csv");
        FilmList.of(films).write(list, " ");
        List<Film> read = FilmList.read(list, ListFormat.standard()).films();
        assertEquals(films.stream().map(Film::path).toList(), read.stream().map(Film::path).toList());
        assertEquals(List.of(3, Film.NO_LABEL), read.stream().map(Film::label).toList());
        FilmList blank = FilmList.of(List.of(new Film("c", here.resolve("c d"), Film.NO_LABEL)));
        assertThrows(KinemaException.class, () -> blank.write(list, " "));
        blank.write(list, ",");
        assertEquals(here.resolve("c d"), FilmList.read(list, new ListFormat(",", Path.of(""))).films().get(0).path());
        assertThrows(KinemaException.class, () -> FilmList.of(List.of(new Film("e", here.resolve("e\nf"), 0))).write(list, ","));
    }
}
