package dev.kinema.checkpoint;

import java.util.ArrayList;
import java.util.List;

/** The value stack of a pickle, with marks that open groups; nothing below the innermost open mark can be reached. */
final class PickleStack {
    private static final int DEEPEST = 1_000_000;

    private final PickleInput in;
    private final List<Object> values = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();

    PickleStack(PickleInput in) {
        this.in = in;
    }

    void push(Object value) {
        requireRoom(values);
        values.add(value);
    }

    void mark() {
        requireRoom(marks);
        marks.add(values.size());
    }

    private void requireRoom(List<?> list) {
        if (list.size() == DEEPEST) {
            throw in.damaged("stacks more than " + DEEPEST + " values");
        }
    }

    Object top() {
        if (values.size() <= floor()) {
            throw in.damaged("takes a value from an empty stack");
        }
        return values.get(values.size() - 1);
    }

    Object pop() {
        Object value = top();
        values.remove(values.size() - 1);
        return value;
    }

    /** Removes the last {@code count} values, in the order they were pushed. */
    List<Object> pop(int count) {
        if (values.size() - count < floor()) {
            throw in.damaged("takes a value from an empty stack");
        }
        return takeFrom(values.size() - count);
    }

    /** Closes the innermost group and removes its values. */
    List<Object> popToMark() {
        if (marks.isEmpty()) {
            throw in.damaged("closes a group that was never opened");
        }
        return takeFrom(marks.remove(marks.size() - 1));
    }

    /** Removes the last value, or a mark where nothing was pushed since: what POP does. */
    void drop() {
        if (!marks.isEmpty() && floor() == values.size()) {
            marks.remove(marks.size() - 1);
        } else {
            pop();
        }
    }

    private int floor() {
        return marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
    }

    private List<Object> takeFrom(int index) {
        List<Object> tail = values.subList(index, values.size());
        List<Object> taken = new ArrayList<>(tail);
        tail.clear();
        return taken;
    }
}
