package dev.kinema.checkpoint;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Proves that what a pickle made can be walked: no container holds itself, none is nested too deep, and shared parts do not
 * multiply without end when each is visited once per reference.
 */
final class PickleTree {
    /** Deepest nesting; a checkpoint needs about six. */
    static final int DEEPEST = 100;
    private static final long MOST_VISITS = 50_000_000;

    /** Depth and number of visits of a finished container. */
    private record Extent(int depth, long visits) {}

    /** A container half walked. */
    private static final class Open {
        final Object container;
        final Iterator<?> children;
        int depth = 1;
        long visits = 1;

        Open(Object container, Collection<?> children) {
            this.container = container;
            this.children = children.iterator();
        }

        void add(Extent child) {
            depth = Math.max(depth, child.depth() + 1);
            visits += child.visits();
        }
    }

    private PickleTree() {}

    static void requireWalkable(PickleInput in, Object root) {
        // a container that is being walked is present with null
        IdentityHashMap<Object, Extent> known = new IdentityHashMap<>();
        Deque<Open> path = new ArrayDeque<>();
        open(root, known, path);
        while (!path.isEmpty()) {
            Open open = path.getLast();
            if (open.depth > DEEPEST || path.size() > DEEPEST || open.visits > MOST_VISITS) {
                throw in.damaged("nests more than " + DEEPEST + " containers or shares parts without end,");
            }
            if (!open.children.hasNext()) {
                path.removeLast();
                Extent extent = new Extent(open.depth, open.visits);
                known.put(open.container, extent);
                if (!path.isEmpty()) {
                    path.getLast().add(extent);
                }
                continue;
            }
            Object child = open.children.next();
            Extent extent = known.get(child);
            if (extent != null) {
                open.add(extent);
            } else if (known.containsKey(child)) {
                throw in.damaged("makes a container that holds itself,");
            } else if (!open(child, known, path)) {
                open.visits++;
            }
        }
    }

    private static boolean open(Object value, IdentityHashMap<Object, Extent> known, Deque<Open> path) {
        List<Object> children;
        if (value instanceof Map<?, ?> map) {
            // keys are scalars
            children = new ArrayList<>(map.values());
        } else if (value instanceof List<?> list) {
            children = new ArrayList<>(list);
        } else if (value instanceof PickledObject object) {
            children = new ArrayList<>(object.arguments());
            children.add(object.state());
        } else {
            return false;
        }
        known.put(value, null);
        path.addLast(new Open(value, children));
        return true;
    }
}
