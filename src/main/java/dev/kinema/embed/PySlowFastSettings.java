package dev.kinema.embed;

import dev.kinema.model.SlowConfig;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the configuration inside a PySlowFast checkpoint says about clips. Of its hundreds of keys three are wanted, all integers of the
 * section DATA, and it is written by a machine: one key per line, sections not indented, keys by two spaces.
 */
final class PySlowFastSettings {
    private PySlowFastSettings() {
    }

    /** {@code config} with the clip and the head's pool of the configuration {@code yaml}, where it has them. */
    static SlowConfig apply(SlowConfig config, String yaml) {
        String section = section(yaml);
        OptionalInt frames = integer(section, "NUM_FRAMES");
        OptionalInt rate = integer(section, "SAMPLING_RATE");
        // the head's pool is as large as the map of a crop for training
        OptionalInt crop = integer(section, "TRAIN_CROP_SIZE");
        if (frames.isEmpty() || rate.isEmpty() || crop.isEmpty()) {
            return config;
        }
        return config.withClip(new SlowConfig.Clip(frames.getAsInt(), crop.getAsInt(), rate.getAsInt()))
            .withHead(new SlowConfig.Head(SlowConfig.Pool.CROP, config.head().classes(), config.head().dropout()));
    }

    private static String section(String yaml) {
        Matcher m = Pattern.compile("(?m)^DATA:\\R((?:[ -].*(?:\\R|$))*)").matcher(yaml);
        return m.find() ? m.group(1) : "";
    }

    private static OptionalInt integer(String section, String key) {
        Matcher m = Pattern.compile("(?m)^  " + key + ": ([1-9][0-9]{0,5})\\s*$").matcher(section);
        return m.find() ? OptionalInt.of(Integer.parseInt(m.group(1))) : OptionalInt.empty();
    }
}
