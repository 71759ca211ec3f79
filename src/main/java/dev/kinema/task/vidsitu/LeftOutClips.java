package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A list of clips to leave out, such as those that overlap another dataset's films: one id a line, or a csv in which each line has one. */
public final class LeftOutClips {
    private LeftOutClips() {
    }

    /**
     * Reads a list. The id is the first field of a line that is one; the first line may be a header, and empty lines are passed over.
     *
     * @return ids in the list's order
     * @throws KinemaException if the file cannot be read, or a line has no clip's id
     */
    public static Set<String> read(Path file) {
        Set<String> ids = new LinkedHashSet<>();
        List<String> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = i == 0 && lines.get(i).startsWith("\uFEFF") ? lines.get(i).substring(1) : lines.get(i);
            Optional<String> id = id(line);
            id.ifPresent(ids::add);
            // a header is no id that went wrong
            boolean header = i == 0 && !line.contains("_seg_");
            if (id.isEmpty() && !header && !line.isBlank()) {
                throw new KinemaException(file + ", line " + (i + 1) + ": " + Quoted.of(line) + " has no clip's id, which is "
                    + "v_VIDEO_seg_START_END with END 10 seconds after START: write one a line");
            }
        }
        if (ids.isEmpty()) {
            throw new KinemaException(file + ": has no clip's id in it: write one a line");
        }
        return ids;
    }

    private static Optional<String> id(String line) {
        for (String field : line.split("[,;\\t]", -1)) {
            String bare = field.strip().replaceFirst("^\"(.*)\"$", "$1");
            if (Clip.find(bare).isPresent()) {
                return Optional.of(bare);
            }
        }
        return Optional.empty();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (MalformedInputException e) {
            throw new KinemaException(file + ": is not UTF-8: save it as UTF-8", e);
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e + "): check the path and its permissions", e);
        }
    }
}
