package dev.kinema.run;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.stream.JsonWriter;
import dev.kinema.KinemaException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * {@code log.jsonl}: one JSON object a line for each logged step, with its number from 0, the step's metrics, and what the log adds:
 * seconds spent on the run, over all its starts, the step's own seconds, and the process's memory. Numbers that are not finite are null.
 *
 * <p>A run that goes on from a checkpoint cuts off the lines of steps that it does again, so that the log is that of a run which was never
 * stopped, timings aside.
 */
public final class StepLog implements AutoCloseable {
    private static final String STEP = "step";
    private static final String SECONDS = "seconds";
    private static final String STEP_SECONDS = "step_seconds";
    private static final String MEMORY = "memory_mb";
    /** Names that the log adds to the metrics. */
    static final Set<String> OWN = Set.of(STEP, SECONDS, STEP_SECONDS, MEMORY);
    /** Of these, the ones that differ between two runs of the same steps. */
    public static final Set<String> TIMINGS = Set.of(SECONDS, STEP_SECONDS, MEMORY);

    private final Path path;
    /** Not a channel, which would close itself in an interrupted thread. */
    private final RandomAccessFile file;
    private long bytes;

    private StepLog(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Opens a log to go on after its first bytes; what follows is cut off, and so is a torn line before that place.
     *
     * @param bytes what a checkpoint counts on, 0 for a new run
     * @param note told if lines that the checkpoint counts on are gone
     * @throws KinemaException if it cannot be written
     */
    static StepLog open(Path path, long bytes, Consumer<String> note) {
        boolean opened = false;
        RandomAccessFile file = null;
        try {
            file = new RandomAccessFile(path.toFile(), "rw");
            StepLog log = new StepLog(path, file);
            log.bytes = endOfLine(file, Math.min(bytes, file.length()));
            if (log.bytes < bytes) {
                note.accept("'" + path + "' has lost lines: the checkpoint counts on " + bytes + " bytes, and " + log.bytes
                    + " are whole lines; the run goes on, its curves have a gap");
            }
            file.setLength(log.bytes);
            file.seek(log.bytes);
            opened = true;
            return log;
        } catch (IOException e) {
            throw failed(path, e);
        } finally {
            if (!opened && file != null) {
                close(path, file);
            }
        }
    }

    /** The end of the last whole line in the first {@code length} bytes. */
    private static long endOfLine(RandomAccessFile file, long length) throws IOException {
        for (long end = length; end > 0; end--) {
            file.seek(end - 1);
            if (file.read() == '\n') {
                return end;
            }
        }
        return 0;
    }

    /** Appends a line. */
    void write(long step, Metrics metrics, double seconds, double stepSeconds) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject().name(STEP).value(step);
            for (Map.Entry<String, Double> e : metrics.values().entrySet()) {
                number(out.name(e.getKey()), e.getValue());
            }
            number(out.name(SECONDS), Math.round(1000 * seconds) / 1000.0);
            number(out.name(STEP_SECONDS), Math.round(1e6 * stepSeconds) / 1e6);
            number(out.name(MEMORY), Math.round(ResidentMemory.bytes() / 1e5) / 10.0);
            out.endObject();
        } catch (IOException e) {
            throw new IllegalStateException("a string in memory cannot fail to be written", e);
        }
        byte[] line = text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
        try {
            file.write(line);
        } catch (IOException e) {
            throw failed(path, e);
        }
        bytes += line.length;
    }

    private static void number(JsonWriter out, double value) throws IOException {
        if (!Double.isFinite(value)) {
            out.nullValue();
        } else if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            out.value((long) value);
        } else {
            out.value(value);
        }
    }

    /** Length of the file. */
    long bytes() {
        return bytes;
    }

    /** Brings what was written to the disk: a checkpoint that counts on it is written next. */
    void force() {
        try {
            file.getFD().sync();
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    private static KinemaException failed(Path path, IOException e) {
        return new KinemaException("the log '" + path + "' cannot be written (" + e.getMessage()
            + "): check the disk and its permissions", e);
    }

    private static void close(Path path, RandomAccessFile file) {
        try {
            file.close();
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    @Override
    public void close() {
        close(path, file);
    }

    /**
     * A number over the steps of a run.
     *
     * @param steps numbers of the steps where it was logged
     * @param values as many; NaN where the number was not finite
     */
    public record Series(long[] steps, double[] values) {}

    /**
     * Reads a log, also one that is being written: a torn last line is passed over.
     *
     * @return by name, in the order of first appearance, what the log adds included, but for the step
     * @throws KinemaException if the file is missing or another line is no JSON object of numbers
     */
    public static Map<String, Series> read(Path path) {
        Map<String, Columns> columns = new LinkedHashMap<>();
        try (BufferedReader in = Files.newBufferedReader(path)) {
            int number = 1;
            String next = in.readLine();
            while (next != null) {
                String line = next;
                next = in.readLine();
                try {
                    add(columns, JsonParser.parseString(line).getAsJsonObject());
                } catch (JsonParseException | IllegalStateException | UnsupportedOperationException | NullPointerException
                        | NumberFormatException e) {
                    if (next != null) {
                        throw new KinemaException("line " + number + " of the log '" + path
                            + "' is no object of numbers with a step: remove the line", e);
                    }
                }
                number++;
            }
        } catch (IOException e) {
            throw new KinemaException("the log '" + path + "' cannot be read (" + e + "): check the path", e);
        }
        Map<String, Series> all = new LinkedHashMap<>();
        columns.forEach((name, c) -> all.put(name, new Series(c.steps.build().toArray(), c.values.build().toArray())));
        return all;
    }

    private static void add(Map<String, Columns> columns, JsonObject line) {
        long step = line.get(STEP).getAsLong();
        Map<String, Double> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonElement> e : line.entrySet()) {
            if (!e.getKey().equals(STEP)) {
                values.put(e.getKey(), e.getValue().isJsonNull() ? Double.NaN : e.getValue().getAsDouble());
            }
        }
        values.forEach((name, value) -> {
            Columns c = columns.computeIfAbsent(name, n -> new Columns(LongStream.builder(), DoubleStream.builder()));
            c.steps.add(step);
            c.values.add(value);
        });
    }

    private record Columns(LongStream.Builder steps, DoubleStream.Builder values) {}
}
