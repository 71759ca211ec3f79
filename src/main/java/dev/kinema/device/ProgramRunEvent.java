package dev.kinema.device;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A run of a program, for Java Flight Recorder; its duration is that of the run. A program keeps one and commits it after every run, so
 * that running allocates nothing. What each step reads and writes is in a {@link Profile}.
 */
@Name(ProgramRunEvent.NAME)
@Label("Program Run")
@Description("A compiled graph computed its outputs once")
@Category("Kinema")
@StackTrace(false)
public final class ProgramRunEvent extends Event {
    public static final String NAME = "dev.kinema.ProgramRun";

    @Label("Device")
    private final String device;

    @Label("Graph")
    @Description("Inputs and outputs with their shapes")
    private final String graph;

    @Label("Planned")
    @Description("The block of activation memory")
    @DataAmount
    private final long plannedBytes;

    @Label("Held")
    @Description("Inputs, outputs and prepared weights, which other programs may share")
    @DataAmount
    private final long heldBytes;

    @Label("Moved")
    @Description("What the steps of a run read and write, in the form it is stored in; some of it may stay in caches")
    @DataAmount
    private final long movedBytes;

    @Label("Complete")
    @Description("Whether the run came to its end; an error has ended it otherwise")
    private boolean complete;

    /** @param steps of every run */
    public ProgramRunEvent(String device, Bindings bindings, MemoryPlan plan, List<ProgramStep> steps) {
        this.device = device;
        this.graph = describe(bindings.inputs()) + " -> " + describe(bindings.outputs());
        this.plannedBytes = plan.bytes();
        this.heldBytes = plan.persistentBytes();
        this.movedBytes = steps.stream().mapToLong(ProgramStep::bytes).sum();
    }

    /** Commits a run that began, and has ended. */
    public void ended(boolean well) {
        end();
        complete = well;
        commit();
    }

    private static String describe(Map<String, HostArray> arrays) {
        return arrays.entrySet().stream().map(named -> named.getKey() + " " + named.getValue().type()).collect(Collectors.joining(", "));
    }
}
