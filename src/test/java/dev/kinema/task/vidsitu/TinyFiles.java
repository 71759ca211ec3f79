package dev.kinema.task.vidsitu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A dataset of one clip to train on and one to validate on, written as the release writes them; films are not there. */
final class TinyFiles {
    static final String TRAIN = "v_AbCd_1-xYz0_seg_20_30";
    static final String VALID = "v_QwErTyUiOp1_seg_80_90";

    private final Path root;

    TinyFiles(Path root) {
        this.root = root;
        write(Split.TRAIN.splitFile(), "[\"" + TRAIN + "\"]");
        write(Split.TRAIN.infoFile(), "[" + info(TRAIN, 20, "") + "]");
        write(Split.TRAIN.annotationFile(), "[" + annotation(TRAIN, "man") + "]");
        write(Split.VALID.splitFile(), "[\"" + VALID + "\"]");
        write(Split.VALID.infoFile(), "[" + info(VALID, 80, ",\"vbid_lst\":{" + IntStream.rangeClosed(1, 5)
            .mapToObj(i -> "\"Ev" + i + "\":[" + votes(i, 10) + "]").collect(Collectors.joining(",")) + "}") + "]");
        write(Split.VALID.annotationFile(), List.of("man", "a man", "tall man").stream().map(who -> annotation(VALID, who))
            .collect(Collectors.joining(",", "[", "]")));
    }

    static String votes(int event, int count) {
        return IntStream.range(0, count).mapToObj(i -> "\"open.0" + (i < 7 ? event : 9) + "\"").collect(Collectors.joining(","));
    }

    private static String info(String clip, int start, String more) {
        return "{\"vid_seg_int\":\"" + clip + "\",\"genres\":[\"Drama\"],\"year_rel\":NaN,\"start\":" + start + ",\"end\":" + (start + 10)
            + more + "}";
    }

    private static String annotation(String clip, String who) {
        return IntStream.rangeClosed(1, 5).mapToObj(i -> "\"Ev" + i + "\":{\"vid_uid\":\"x1\",\"vid_seg_int\":\"" + clip + "\","
            + (i == 3 ? "" : "\"EvRel\":\"Causes\",") + "\"Verb\":\"open (make open)\",\"VerbID\":\"open.0" + i + "\","
            + "\"Args\":{\"Scene of the Event\":\"hallway\",\"Arg0 (opener)\":\"" + who + "\",\"Arg1 (thing opening)\":\"the door\"},"
            + "\"Arg_List\":{\"Arg0 (opener)\":\"0\",\"Arg1 (thing opening)\":\"1\",\"Scene of the Event\":\"2\"}}")
            .collect(Collectors.joining(",", "{", "}"));
    }

    Path root() {
        return root;
    }

    Path file(String name) {
        return root.resolve(DatasetLayout.ANNOTATIONS).resolve(name);
    }

    void write(String name, String text) {
        try {
            Files.createDirectories(file(name).getParent());
            Files.writeString(file(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes the first place where a text stands in a file, which must have one. */
    TinyFiles replace(String name, String text, String by) {
        try {
            String before = Files.readString(file(name));
            int at = before.indexOf(text);
            if (at < 0) {
                throw new IllegalArgumentException("no " + text + " in " + before);
            }
            write(name, before.substring(0, at) + by + before.substring(at + text.length()));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    VidSituDataset open() {
        return VidSituDataset.open(root);
    }
}
