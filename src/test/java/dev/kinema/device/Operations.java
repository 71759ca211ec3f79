package dev.kinema.device;

import dev.kinema.graph.op.Op;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The operations there are, for tests that none is forgotten. */
public final class Operations {
    private Operations() {}

    /** Every record that {@link Op} permits, directly or through another sealed type, by name. */
    public static List<Class<? extends Op>> all() {
        List<Class<? extends Op>> all = new ArrayList<>();
        collect(Op.class, all);
        all.sort(Comparator.comparing(Class::getSimpleName));
        return all;
    }

    private static void collect(Class<?> type, List<Class<? extends Op>> into) {
        if (!type.isSealed()) {
            into.add(type.asSubclass(Op.class));
            return;
        }
        for (Class<?> sub : type.getPermittedSubclasses()) {
            collect(sub, into);
        }
    }
}
