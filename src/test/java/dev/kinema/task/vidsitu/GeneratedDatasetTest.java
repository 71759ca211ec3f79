package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.video.VideoFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratedDatasetTest {
    private static final GeneratedDataset SMALL = GeneratedDataset.of(3, 2, 5).withTests(1);

    @TempDir
    private static Path folder;
    private static VidSituDataset dataset;

    @BeforeAll
    static void write() {
        dataset = SMALL.write(folder.resolve("one"), (done, all) -> assertTrue(done <= all && all == 8));
    }

    private static Map<String, byte[]> bytes(Path root) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(file).toString(), Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    @Test
    void theSeedDecidesEveryByte() {
        SMALL.write(folder.resolve("two"), (done, all) -> { });
        Map<String, byte[]> first = bytes(folder.resolve("one"));
        Map<String, byte[]> second = bytes(folder.resolve("two"));
        assertEquals(first.keySet(), second.keySet());
        first.forEach((name, content) -> assertArrayEquals(content, second.get(name), name));
        // 5 split files, 2 vinfo files, 4 annotation files, and films
        assertEquals(11 + 8, first.size());
        new GeneratedDataset(1, 1, 0, 6, SMALL.format()).write(folder.resolve("other"), (done, all) -> { });
        assertTrue(Collections.disjoint(bytes(folder.resolve("other/vsitu_trimmed_videos")).keySet(),
            bytes(folder.resolve("one/vsitu_trimmed_videos")).keySet()));
    }

    @Test
    void whatIsWrittenIsRead() {
        List<Situation> train = dataset.situations(Split.TRAIN);
        assertEquals(List.of(0, 1, 2), train.stream().map(Situation::index).toList());
        for (Situation situation : train) {
            assertEquals(List.of(), situation.votes());
            assertEquals(1, situation.annotations().size());
        }
        for (Situation situation : dataset.situations(Split.VALID)) {
            assertEquals(Set.of(10), new HashSet<>(situation.votes().stream().map(List::size).toList()));
            assertEquals(3, situation.annotations().size());
            for (int i = 0; i < Clip.EVENTS; i++) {
                Event event = situation.annotations().get(0).events().get(i);
                int own = Collections.frequency(situation.votes().get(i), event.verbId());
                assertTrue(own >= 6, () -> "the verb that the roles are of is the one that most chose: " + situation.votes());
                for (Annotation annotation : situation.annotations()) {
                    Event other = annotation.events().get(i);
                    assertEquals(event.verbId(), other.verbId());
                    assertEquals(event.roles().stream().map(Role::name).toList(), other.roles().stream().map(Role::name).toList());
                    assertEquals(i == Relation.PIVOT, other.relation().isEmpty());
                }
            }
        }
    }

    /** Test sets have what is given, and nothing of what is asked for. */
    @Test
    void testSetsAreWithoutAnswers() throws IOException {
        assertEquals(List.of(), dataset.situations(Split.TEST_VERBS).get(0).annotations());
        for (Annotation annotation : dataset.situations(Split.TEST_ROLES).get(0).annotations()) {
            assertTrue(annotation.events().stream().allMatch(event -> event.roles().isEmpty() && event.relation().isEmpty()));
        }
        for (Annotation annotation : dataset.situations(Split.TEST_RELATIONS).get(0).annotations()) {
            assertTrue(annotation.events().stream().allMatch(event -> !event.roles().isEmpty() && event.relation().isEmpty()));
        }
        Path annotations = dataset.layout().annotations();
        String text = Files.readString(annotations.resolve("vseg_ann_files/vsann_testsrl_noann_lb.json"));
        assertFalse(text.contains("Args") || text.contains("EvRel"), text);
        assertFalse(Files.readString(annotations.resolve("vseg_ann_files/vsann_testevrel_noann_lb.json")).contains("EvRel"));
        Set<String> ids = new HashSet<>();
        for (Split split : Split.values()) {
            dataset.clips(split).forEach(clip -> assertTrue(ids.add(clip.id()), () -> clip + " is in two splits"));
        }
        assertEquals(8, ids.size());
    }

    @Test
    void filmsLastTenSeconds() {
        ClipMedia media = dataset.media(dataset.clips(Split.VALID).get(0)).orElseThrow();
        assertEquals(ClipMedia.Kind.FILM, media.kind());
        try (VideoFile film = VideoFile.open(media.path())) {
            // half a frame of 10 per second
            assertEquals(Clip.SECONDS, film.duration().orElseThrow(), 0.05);
        }
        assertThrows(IllegalArgumentException.class, () -> media.frame(0));
    }

    @Test
    void checkCountsIt() throws IOException {
        DatasetCheck check = dataset.check();
        assertTrue(check.isUsable());
        assertEquals(List.of(new DatasetCheck.SplitState(Split.TRAIN, 3, 0, 3, 3, 0, 0, 3, 0, 0),
            new DatasetCheck.SplitState(Split.VALID, 2, 0, 2, 6, 2, 0, 2, 0, 0)), check.splits().subList(0, 2));
        assertEquals(List.of(dataset.layout().pickledVocabulary(), dataset.layout().pickledTokens()), check.missing());
        DatasetCheck.VocabularyState verbs = check.vocabulary().orElseThrow();
        assertEquals(VidSituDataset.VocabularyOrigin.TRAIN, verbs.origin());
        assertEquals(dataset.verbs().size(), verbs.size());
        assertTrue(verbs.unknown() > 0, "so few films to train on cannot have all verbs");
    }

    @Test
    void framesGoBeforeFilmsAndFoldersAreFound() throws IOException {
        Path root = folder.resolve("frames");
        TinyFiles files = new TinyFiles(root);
        Path frames = Files.createDirectories(root.resolve("vsitu_frames").resolve(TinyFiles.TRAIN));
        Path film = Files.createDirectories(root.resolve("vsitu_video_trimmed_dir")).resolve(TinyFiles.TRAIN + ".webm");
        Files.createFile(film);
        ClipMedia media = files.open().media(Clip.parse(TinyFiles.TRAIN)).orElseThrow();
        assertEquals(frames.resolve(TinyFiles.TRAIN + "_000001.jpg"), media.frame(0));
        assertFalse(media.isComplete());
        Files.createFile(media.frame(289));
        assertTrue(media.isComplete());
        Files.delete(media.frame(289));
        Files.delete(frames);
        assertEquals(new ClipMedia(ClipMedia.Kind.FILM, film), files.open().media(Clip.parse(TinyFiles.TRAIN)).orElseThrow());
        assertEquals(1, files.open().check().splits().get(0).incomplete());
        assertEquals(1, files.open().check().splits().get(1).unseen());
        // from the annotations' own folder, and from the folder of the toolkit
        assertEquals(files.open().layout(), VidSituDataset.open(root.resolve("vidsitu_annotations")).layout());
        Path toolkit = Files.createDirectories(folder.resolve("toolkit"));
        Files.move(root, toolkit.resolve("data"));
        assertEquals(toolkit.toAbsolutePath().resolve("data"), VidSituDataset.open(toolkit).layout().root());
        assertTrue(assertThrows(KinemaException.class, () -> VidSituDataset.open(root)).getMessage().contains("vidsitu_annotations"));
    }

    @Test
    void theVocabularysFileGoesBeforeCounting() throws IOException {
        TinyFiles files = new TinyFiles(folder.resolve("verbs"));
        assertEquals(List.of("open.01", "open.02", "open.03", "open.04", "open.05"), files.open().verbs().verbs());
        Files.createDirectories(files.open().layout().vocabulary().getParent());
        VerbVocabulary.of(files.open().situations(Split.TRAIN).get(0).annotations()).write(files.open().layout().vocabulary());
        assertEquals(VidSituDataset.VocabularyOrigin.JSON, files.open().vocabularyOrigin());
        Files.writeString(files.open().layout().vocabulary(), "[\"walk.01\"]");
        DatasetCheck check = files.open().check();
        assertEquals(1, check.problems().size());
        assertTrue(check.vocabulary().isEmpty());
    }

    /** Annotations of clips that no list has, and files that are missing. */
    @Test
    void strangersAndMissingFilesAreTold() throws IOException {
        TinyFiles files = new TinyFiles(folder.resolve("missing"));
        files.write(Split.VALID.splitFile(), "[]");
        assertEquals(3, files.open().check().splits().get(1).strangers());
        Files.delete(files.file(Split.VALID.infoFile()));
        DatasetCheck check = files.open().check();
        assertFalse(check.isUsable());
        assertEquals(List.of(), check.problems());
        assertTrue(check.missing().contains(files.open().layout().info(Split.VALID)));
        assertTrue(check.missing().contains(files.file("vseg_ann_files/vsann_testevrel_noann_lb.json").toAbsolutePath()));
    }

    @Test
    void whatIsThereIsNotOverwritten() {
        assertTrue(assertThrows(KinemaException.class, () -> SMALL.write(folder.resolve("one"), (done, all) -> { })).getMessage()
            .contains("is there already"));
        assertThrows(IllegalArgumentException.class, () -> GeneratedDataset.of(0, 1, 1));
    }

    /** No relation is rare, none is the rule; knowing both verbs is knowing it. Drawn from 2000 stories: a share is certain to 0.02. */
    @Test
    void relationsAreDecidedByVerbsAndBalanced() {
        Map<Relation, Integer> counts = new EnumMap<>(Relation.class);
        Map<StoryVerb, Integer> verbs = new EnumMap<>(StoryVerb.class);
        for (int i = 0; i < 2000; i++) {
            Story story = Story.draw(new Draws(9, i, 1));
            Relation.RELATED.forEach(event -> counts.merge(story.relation(event), 1, Integer::sum));
            story.scenes().forEach(scene -> {
                verbs.merge(scene.verb(), 1, Integer::sum);
                assertNotEquals(scene.actor(), scene.partner());
            });
        }
        assertEquals(4, counts.size());
        counts.forEach((relation, count) -> assertTrue(count > 0.1 * 8000 && count < 0.45 * 8000, () -> counts + ""));
        assertEquals(StoryVerb.values().length, verbs.size());
        verbs.forEach((verb, count) -> assertTrue(count > 0.05 * 10000, () -> verbs + ""));
    }

    /** Within a clip one entity has one text, whoever says it; over many clips most people say the plain one, and some do not. */
    @Test
    void annotatorsDifferButNotWithinAClip() {
        Clip clip = Clip.parse("v_a_seg_0_10");
        int plain = 0;
        int all = 0;
        int seen = 0;
        for (int i = 0; i < 300; i++) {
            Story story = Story.draw(new Draws(3, i, 1));
            Annotation annotation = Annotators.annotation(clip, story, true, new Draws(3, i, 2));
            Map<String, String> said = new TreeMap<>();
            for (int event = 0; event < Clip.EVENTS; event++) {
                Story.Scene scene = story.scenes().get(event);
                List<Role> roles = annotation.events().get(event).roles();
                for (int r = 0; r < roles.size(); r++) {
                    String entity = scene.text(scene.verb().slots().get(r));
                    String text = roles.get(r).text();
                    assertEquals(said.computeIfAbsent(entity, e -> text), text);
                    plain += text.equals(entity) ? 1 : 0;
                    all++;
                }
                seen += annotation.events().get(event).verbId().equals(scene.verb().id()) ? 1 : 0;
            }
        }
        assertTrue(plain > 0.7 * all && plain < 0.95 * all, plain + " of " + all);
        assertTrue(seen > 0.85 * 1500 && seen < 0.95 * 1500, seen + " of 1500");
    }
}
