package dev.kinema.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.kinema.KinemaException;
import dev.kinema.device.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What was measured, and where.
 *
 * @param rooflines by precision; none where no case has a device
 * @param disturbed samples that were taken again as other processes used the processors; null where that cannot be seen
 * @param noisy samples for which no quiet time was found
 * @param failures what was to be timed and has no row
 * @param unfinished the {@linkplain Row#key() key} of what was being timed when this was written; null where the run came to its end
 */
public record BenchResult(Machine machine, Size size, int rounds, Map<Precision, Limits> rooflines, Integer disturbed, Integer noisy,
    List<Row> rows, List<Failure> failures, String unfinished) {

    /** Files of earlier versions have no failures. */
    public BenchResult {
        failures = failures == null ? List.of() : failures;
    }

    /** Of a run that came to its end, and in which nothing failed. */
    public BenchResult(Machine machine, Size size, int rounds, Map<Precision, Limits> rooflines, Integer disturbed, Integer noisy,
            List<Row> rows) {
        this(machine, size, rounds, rooflines, disturbed, noisy, rows, List.of(), null);
    }

    /**
     * @param device its name and description
     * @param batch clips at once, as given
     * @param variables of the environment that change how libraries compute
     */
    public record Machine(String kinema, String cpu, int processors, String system, String java, String device, int threads, int batch,
        Map<String, String> variables, String date) {

        /** Whether times taken there and here can be compared, whatever the versions. */
        boolean isLike(Machine other) {
            return cpu.equals(other.cpu) && processors == other.processors && device.equals(other.device) && threads == other.threads
                && batch == other.batch && Objects.equals(variables, other.variables);
        }
    }

    /** What the device reaches at its best, measured in the same run. */
    public record Limits(double flopsPerSecond, double bytesPerSecond) {}

    /**
     * One case.
     *
     * @param precision null where no device has part in it
     * @param counts null where there is no program
     * @param error that its check found
     */
    public record Row(String name, Precision precision, Samples samples, Work work, Counts counts, double error, List<PeerRow> peers) {
        /** The name with the precision. */
        public String key() {
            return BenchResult.key(name, precision);
        }

        /** The peer that took least. */
        public Optional<PeerRow> fastestPeer() {
            return peers.stream().min(Comparator.comparingDouble(PeerRow::ratio));
        }
    }

    /**
     * Another engine on the same graph and numbers.
     *
     * @param ratio median over the rounds of its time over ours: above 1, ours is the faster one
     * @param error distance of its outputs from ours
     */
    public record PeerRow(String name, Samples samples, double ratio, double error) {}

    /**
     * What has no time, and why: a wrong result, no rule for it, a process that ended.
     *
     * @param key as {@link Row#key()}
     * @param engine that is left out beside ours; null where ours failed and there is no row
     */
    public record Failure(String key, String engine, String why) {
        /** Whether the case has no row. */
        public boolean isOurs() {
            return engine == null;
        }
    }

    /** The name of a case with a precision, or null for one that has none. */
    static String key(String name, Precision precision) {
        return precision == null ? name : name + " " + precision.name().toLowerCase(Locale.ROOT);
    }

    private static Gson gson() {
        return new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create();
    }

    /** As JSON, which {@link #read} takes. */
    public String toJson() {
        return gson().toJson(this) + "\n";
    }

    /** @throws KinemaException if the file cannot be read, or is none of ours */
    public static BenchResult read(Path file) {
        try {
            BenchResult result = gson().fromJson(Files.readString(file), BenchResult.class);
            if (result == null || result.machine == null || result.rows == null || result.size == null
                    || result.rooflines == null) {
                throw new KinemaException(file + " is no result of 'kinema bench': give a file that its --out wrote");
            }
            return result;
        } catch (IOException e) {
            throw new KinemaException(file + " cannot be read (" + e.getMessage() + "): give a file that 'kinema bench --out' wrote", e);
        } catch (JsonParseException e) {
            throw new KinemaException(file + " is no result of 'kinema bench' (" + e.getMessage() + "): give a file that its --out wrote",
                e);
        }
    }
}
