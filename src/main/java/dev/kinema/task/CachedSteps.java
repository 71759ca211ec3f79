package dev.kinema.task;

import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Softmax;
import dev.kinema.model.TextConfig;
import dev.kinema.nn.KeysValues;
import dev.kinema.nn.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs a network one token at a time, with the keys and values of all tokens before kept. Token {@code position} of row r is written once
 * to slot position * rows + r of the inputs {@code past.keys.LAYER} and {@code past.values.LAYER} [P * rows, width]; which slots a row
 * reads is the input {@code slots} int32 [rows, P], so that a hypothesis changes rows by its slots, and nothing kept is moved.
 *
 * <p>A program has room for P tokens. When they are full the next one takes over, with room for twice as many, since attention costs what
 * there is room for.
 */
final class CachedSteps implements NextProbabilities, AutoCloseable {
    private static final String TOKEN = "token";
    private static final String POSITION = "position";
    private static final String SLOTS = "slots";
    private static final String PADDING = "padding";
    private static final String PROBABILITIES = "probabilities";
    private static final int FIRST_ROOM = 16;

    private final TextDecoding.Network network;
    private final TextConfig config;
    private final Compilation how;
    private final Writer writer;
    private final int rows;
    private final int longest;
    private final List<Room> rooms = new ArrayList<>();
    /** Which slot token t of a row lies in, by row and t. */
    private int[][] slots;
    private Room room;

    /** A step program that can look back on {@code size} tokens. */
    private record Room(int size, Program program) {}

    /**
     * @param writer of the network, which is closed with this
     * @param rows hypotheses of all texts
     * @param longest most tokens that are read
     */
    CachedSteps(TextDecoding.Network network, Compilation how, Writer writer, int rows, int longest) {
        this.network = network;
        this.config = network.model().config();
        this.how = how;
        this.writer = writer;
        this.rows = rows;
        this.longest = longest;
    }

    private static String keys(String what, int layer) {
        return what + ".keys." + layer;
    }

    private static String values(String what, int layer) {
        return what + ".values." + layer;
    }

    private Graph stepGraph(int size) {
        Graph graph = new Graph();
        Value token = graph.input(TOKEN, DType.I32, Shape.of(rows));
        Value position = graph.input(POSITION, DType.I32, Shape.of(rows));
        Value from = graph.input(SLOTS, DType.I32, Shape.of(rows, size));
        Value padding = graph.input(PADDING, DType.U8, Shape.of(rows, size + 1));
        List<KeysValues> past = new ArrayList<>();
        Shape kept = Shape.of(size * rows, config.width());
        for (int l = 0; l < config.layers(); l++) {
            past.add(new KeysValues(Gather.of(graph.input(keys("past", l), DType.F32, kept), from, 0),
                Gather.of(graph.input(values("past", l), DType.F32, kept), from, 0)));
        }
        NextToken next = writer.next(network.pass(graph), token, position, past, padding);
        graph.output(PROBABILITIES, Softmax.of(next.y()));
        for (int l = 0; l < config.layers(); l++) {
            graph.output(keys("added", l), next.added().get(l).keys());
            graph.output(values("added", l), next.added().get(l).values());
        }
        return graph;
    }

    /** Begins new texts, about {@code count} rows of memory from row {@code from} on, or about none. */
    void start(HostArray memory, int from, int count) {
        writer.start(memory, from, count);
        slots = new int[rows][longest];
        room = null;
    }

    @Override
    public HostArray read(int position, int[] tokens, int[] parents) {
        if (room == null || position >= room.size) {
            enter(roomFor(position), position);
        }
        follow(parents, position);
        Program program = room.program;
        for (int r = 0; r < rows; r++) {
            program.input(TOKEN).set(r, (long) tokens[r]);
            program.input(POSITION).set(r, (long) position);
            for (int t = 0; t < room.size; t++) {
                program.input(SLOTS).set(r * room.size + t, (long) (t < position ? slots[r][t] : 0));
                program.input(PADDING).set(r * (room.size + 1) + t, t < position ? 0L : 1L);
            }
            program.input(PADDING).set(r * (room.size + 1) + room.size, 0L);
        }
        program.run();
        for (int l = 0; l < config.layers(); l++) {
            copy(program.output(keys("added", l)), program.input(keys("past", l)), position);
            copy(program.output(values("added", l)), program.input(values("past", l)), position);
        }
        return program.output(PROBABILITIES);
    }

    /** Each row takes over its parent's slots, to which the parent's last token is added. */
    private void follow(int[] parents, int position) {
        int[][] old = slots;
        slots = new int[rows][];
        for (int r = 0; r < rows; r++) {
            slots[r] = Arrays.copyOf(old[parents[r]], longest);
            if (position > 0) {
                slots[r][position - 1] = (position - 1) * rows + parents[r];
            }
        }
    }

    private Room roomFor(int position) {
        for (Room r : rooms) {
            if (position < r.size) {
                return r;
            }
        }
        int size = rooms.isEmpty() ? FIRST_ROOM : 2 * rooms.get(rooms.size() - 1).size;
        size = Math.min(size, longest);
        Room added = new Room(size, network.device().compile(stepGraph(size), network.weights(), how));
        rooms.add(added);
        return added;
    }

    /** Moves to another program, with what the one before knew of {@code position} tokens. */
    private void enter(Room next, int position) {
        writer.enter(next.program);
        for (int l = 0; l < config.layers(); l++) {
            for (String name : List.of(keys("past", l), values("past", l))) {
                // slot 0 is what unused places name: it is masked, but what a broken run left there, times 0, could still be no number
                copy(room == null ? zeros(next.program.input(name)) : room.program.input(name), next.program.input(name), 0);
            }
        }
        room = next;
    }

    /** Copies {@code from} to the rows of {@code to} from {@code position} on; both are arrays of the same device. */
    private void copy(HostArray from, HostArray to, int position) {
        int bytes = rows * config.width() * to.dtype().bytes();
        to.buffer().position(position * bytes).put(from.buffer());
    }

    /** One position's worth of zeros. */
    private HostArray zeros(HostArray like) {
        return HostArray.allocate(like.dtype(), Shape.of(rows, config.width()));
    }

    @Override
    public void close() {
        rooms.forEach(r -> r.program.close());
        writer.close();
    }
}
