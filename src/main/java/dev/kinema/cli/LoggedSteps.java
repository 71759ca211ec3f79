package dev.kinema.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.kinema.KinemaException;
import dev.kinema.report.RunReport.Series;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The numbers that a run logged: a JSON object a line, with the number {@code step}, and others by name.
 *
 * @param series each name's numbers by step
 * @param lines how many were read
 * @param warnings what is odd about the log
 */
record LoggedSteps(List<Series> series, int lines, List<String> warnings) {
    private static final String STEP = "step";

    /** Reads a log. A last line that is cut is left out: a run that goes on may be writing it. */
    static LoggedSteps read(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log).stream().filter(line -> !line.isBlank()).toList();
        Map<String, TreeMap<Double, Double>> metrics = new LinkedHashMap<>();
        List<String> warnings = new ArrayList<>();
        double last = Double.NEGATIVE_INFINITY;
        int read = 0;
        for (String line : lines) {
            JsonObject object = object(line);
            if (object == null && read == lines.size() - 1) {
                warnings.add("The log's last line is cut: the run is writing it, or was stopped while it did.");
                break;
            }
            double step = object == null ? Double.NaN : number(object.get(STEP));
            if (!Double.isFinite(step)) {
                throw new KinemaException("line " + (read + 1) + " of '" + log
                    + "' is no JSON object with a number \"step\": remove the line");
            }
            read++;
            if (step < last) {
                // a run that was resumed from a checkpoint does some steps again
                metrics.values().forEach(values -> values.tailMap(step, true).clear());
            }
            last = step;
            object.entrySet().stream().filter(entry -> !entry.getKey().equals(STEP) && isNumber(entry.getValue())).forEach(entry ->
                metrics.computeIfAbsent(entry.getKey(), name -> new TreeMap<>()).put(step, number(entry.getValue())));
        }
        return new LoggedSteps(metrics.entrySet().stream().map(LoggedSteps::series).toList(), read, warnings);
    }

    private static Series series(Map.Entry<String, TreeMap<Double, Double>> metric) {
        return new Series(metric.getKey(), metric.getValue().keySet().stream().mapToDouble(step -> step).toArray(),
            metric.getValue().values().stream().mapToDouble(value -> value).toArray());
    }

    /** The object of a line, null where it is none. */
    private static JsonObject object(String line) {
        try {
            JsonElement element = JsonParser.parseString(line);
            return element.isJsonObject() ? element.getAsJsonObject() : null;
        } catch (JsonParseException e) {
            return null;
        }
    }

    private static boolean isNumber(JsonElement element) {
        return element instanceof JsonPrimitive primitive && (primitive.isNumber() || isSpecial(primitive));
    }

    /** JSON has no NaN: loggers write its name, with quotes or without. */
    private static boolean isSpecial(JsonPrimitive primitive) {
        return primitive.isString() && List.of("NaN", "Infinity", "-Infinity").contains(primitive.getAsString());
    }

    private static double number(JsonElement element) {
        return element != null && isNumber(element) ? Double.parseDouble(element.getAsString()) : Double.NaN;
    }
}
