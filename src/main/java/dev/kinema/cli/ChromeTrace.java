package dev.kinema.cli;

import com.google.gson.stream.JsonWriter;
import dev.kinema.device.Profile;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.StepClock;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Runs as complete events of the Trace Event Format, which chrome://tracing and Perfetto show: runs, scopes and steps nest by their times,
 * which are in microseconds since the first run began.
 */
final class ChromeTrace {
    private final Profile profile;
    private final long origin;
    private final StringWriter text = new StringWriter();
    private final JsonWriter json = new JsonWriter(text);

    private ChromeTrace(Profile profile) {
        this.profile = profile;
        this.origin = profile.runs().get(0).begun();
    }

    /** The JSON. */
    static String of(String title, Profile profile) {
        try {
            return new ChromeTrace(profile).write(title);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot be written to", e);
        }
    }

    private String write(String title) throws IOException {
        json.beginObject().name("displayTimeUnit").value("ms").name("traceEvents").beginArray();
        writeName("process_name", "Kinema: " + title);
        writeName("thread_name", "runs");
        List<ProgramStep> steps = profile.steps();
        for (int r = 0; r < profile.runs().size(); r++) {
            Profile.TimedRun run = profile.runs().get(r);
            StepClock clock = run.clock();
            begin("run " + r, "run", run.begun(), run.ended());
            json.endObject();
            for (Profile.Stretch s : profile.stretches()) {
                begin(s.scope().substring(s.scope().lastIndexOf('/') + 1), "scope", clock.begun(s.first()), clock.ended(s.last()));
                json.name("args").beginObject().name("scope").value(s.scope()).endObject().endObject();
            }
            for (int i = 0; i < steps.size(); i++) {
                writeStep(steps.get(i), clock.begun(i), clock.ended(i));
            }
        }
        json.endArray().endObject().close();
        return text.append('\n').toString();
    }

    private void writeName(String what, String name) throws IOException {
        json.beginObject().name("name").value(what).name("ph").value("M").name("pid").value(1).name("tid").value(1);
        json.name("args").beginObject().name("name").value(name).endObject().endObject();
    }

    /** Its shape is that of what its node computes. */
    private void writeStep(ProgramStep step, long begun, long ended) throws IOException {
        String operation = step.node().op().opName();
        begin("%" + step.node().id() + " " + operation, step.reorder() ? "reorder" : operation, begun, ended);
        json.name("args").beginObject().name("kernel").value(step.kernel()).name("bytes").value(step.bytes());
        json.name("shape").value(Profile.outputs(step.node()));
        if (!step.reorder()) {
            json.name("flops").value(step.node().flops());
        }
        json.name("scope").value(step.node().scope()).endObject().endObject();
    }

    /** Opens an event, to which arguments may be added. */
    private void begin(String name, String category, long begun, long ended) throws IOException {
        json.beginObject().name("name").value(name).name("cat").value(category).name("ph").value("X");
        json.name("pid").value(1).name("tid").value(1).name("ts").value((begun - origin) / 1e3).name("dur").value((ended - begun) / 1e3);
    }
}
